"""Making the customers that are missing, pushing the addresses that have changed, deleting those of deleted users."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from payapp.billing.customer_deletion import IS_TO_DELETE, delete_customer
from payapp.billing.customers import HAS_NEW_EMAIL, ensure_customer, push_email
from payapp.billing.errors import DeletedUserError
from payapp.billing.models import customers
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeServiceError, StripeUnavailableError

UNREACHABLE_IN_A_ROW_MAX = 3

Outcome = Literal["made", "updated", "deleted", "unchanged", "failed"]


@dataclass(frozen=True)
class SyncResult:
    """What became of one user: `unchanged` when another process was faster. `error` says why it `failed`."""

    user_id: int
    outcome: Outcome
    stripe_customer_id: str | None
    error: str | None = None


def list_users_to_sync(session: Session) -> Sequence[int]:
    """Return the ids of users whom Stripe does not know yet, or knows by another address, oldest first.

    Not of those whose address Stripe has refused. And of those who are deleted, and Stripe may know still.
    """
    is_unknown = and_(customers.c.stripe_customer_id.is_(None), customers.c.deleted_at.is_(None))
    statement = select(customers.c.id).where(or_(is_unknown, HAS_NEW_EMAIL, IS_TO_DELETE))
    return session.scalars(statement.order_by(customers.c.id)).all()


def sync_customers(session: Session, stripe: StripeService, user_ids: Sequence[int]) -> Iterator[SyncResult]:
    """Bring these users' customers up to date one by one; a failure is yielded, not raised, and the next is tried.

    Ends early when Stripe can't be reached for several users in a row: waiting for every one of thousands would
    take hours and help nobody.
    """
    unreachable_in_a_row = 0
    for user_id in user_ids:
        try:
            yield _sync_customer(session, stripe, user_id)
            unreachable_in_a_row = 0
        except DeletedUserError:
            session.rollback()
            yield SyncResult(user_id, "unchanged", None)  # deleted meanwhile: so will be the customer, by the next sync
        except StripeServiceError as error:
            session.rollback()
            unreachable_in_a_row += isinstance(error, StripeUnavailableError)
            yield SyncResult(user_id, "failed", None, str(error))
        if unreachable_in_a_row == UNREACHABLE_IN_A_ROW_MAX:
            return


def _sync_customer(session: Session, stripe: StripeService, user_id: int) -> SyncResult:
    if delete_customer(session, stripe, user_id):
        return SyncResult(user_id, "deleted", None)
    known = session.execute(select(customers.c.stripe_customer_id).where(customers.c.id == user_id)).scalar_one()
    ensure_customer(session, stripe, user_id)  # perhaps made with the address of a request long ago
    is_pushed = push_email(session, stripe, user_id)
    customer_id = ensure_customer(session, stripe, user_id)  # made anew if the push found it deleted
    outcome: Outcome = "made" if customer_id != known else "updated" if is_pushed else "unchanged"
    return SyncResult(user_id, outcome, customer_id)
