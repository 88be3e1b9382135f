"""A user's whole story, a page of each list at a time. Reading only, each list by its index."""

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.auth.accounts import USERS
from payapp.auth.api_keys import KEYS, ApiKeyView
from payapp.auth.login_sessions import LOGINS, LoginView
from payapp.billing.models import Purchase
from payapp.billing.returns.returned_money import ReturnedMoney, find_returned_money
from payapp.database.base import table_of
from payapp.database.paging import NewestFirst, Place, read_page
from payapp.ledger.balances import EntryView, list_entries
from payapp.ledger.hold_views import HOLD_COLUMNS, HOLDS, HoldView
from payapp.mail.outbox import MAILS, VIEW_COLUMNS, MailView

PURCHASES = table_of(Purchase)


@dataclass(frozen=True)
class UserView:
    """A user as staff see them."""

    id: int
    email: str
    is_staff: bool
    created_at: datetime
    email_verified_at: datetime | None
    disabled_at: datetime | None
    deleted_at: datetime | None
    stripe_customer_id: str | None


@dataclass(frozen=True)
class PurchaseLine:
    """A purchase in the list, and what of its money went back."""

    id: int
    credits: int
    amount_total: int
    currency: str
    status: str
    created_at: datetime
    returned: ReturnedMoney


def find_user_view(session: Session, user_id: int) -> UserView | None:
    """Return the user; None if there is none."""
    columns = [USERS.c[name] for name in UserView.__dataclass_fields__]
    row: Any = session.execute(select(*columns).where(USERS.c.id == user_id)).one_or_none()
    return UserView(*row) if row else None


def list_purchases_of(session: Session, user_id: int, place: Place) -> NewestFirst[PurchaseLine]:
    """Return a page of the user's purchases, with one more question for each: what went back."""
    shown = [name for name in PurchaseLine.__dataclass_fields__ if name != "returned"]
    names = [*shown, "stripe_payment_intent_id", "livemode"]

    def view(*row: Any) -> PurchaseLine:
        told = dict(zip(names, row, strict=True))
        returned = find_returned_money(session, SimpleNamespace(**told))
        return PurchaseLine(**{name: told[name] for name in shown}, returned=returned)

    statement, group = select(*(PURCHASES.c[name] for name in names)), (PURCHASES.c.user_id, user_id)
    return read_page(session, statement, view, place, row_id=PURCHASES.c.id, group=group)


def list_entries_of(session: Session, user_id: int, place: Place) -> NewestFirst[EntryView]:
    """Return a page of the user's ledger entries."""
    entries = list_entries(session, user_id, limit=place.limit + 1, before_id=place.before_id)
    shown = entries[: place.limit]
    return NewestFirst(shown, shown[-1].id if len(entries) > len(shown) else None)


def list_holds_of(session: Session, user_id: int, place: Place) -> NewestFirst[HoldView]:
    """Return a page of the user's holds, whatever has become of them."""
    group = (HOLDS.c.user_id, user_id)
    return read_page(session, select(*HOLD_COLUMNS), HoldView, place, row_id=HOLDS.c.id, group=group)


def list_keys_of(session: Session, user_id: int, place: Place) -> NewestFirst[ApiKeyView]:
    """Return a page of the user's API keys, revoked ones too."""
    columns, group = [KEYS.c[name] for name in ApiKeyView.__dataclass_fields__], (KEYS.c.user_id, user_id)
    return read_page(session, select(*columns), ApiKeyView, place, row_id=KEYS.c.id, group=group)


def list_logins_of(session: Session, user_id: int, place: Place) -> NewestFirst[LoginView]:
    """Return a page of the user's logins, those that began last first."""
    columns, group = [LOGINS.c[name] for name in LoginView.__dataclass_fields__], (LOGINS.c.user_id, user_id)
    return read_page(session, select(*columns), LoginView, place, row_id=LOGINS.c.id, group=group)


def list_mails_of(session: Session, user_id: int, place: Place) -> NewestFirst[MailView]:
    """Return a page of the mails to the user: those of the last 30 days, and what waits."""
    return read_page(
        session, select(*VIEW_COLUMNS), MailView, place, row_id=MAILS.c.id, group=(MAILS.c.user_id, user_id)
    )
