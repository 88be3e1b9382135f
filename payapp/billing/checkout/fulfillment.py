"""fulfill_checkout(): granting what was paid for, exactly once, however often and by whomever it is called.

Called by the webhook handlers, by the return page and by the sweeper, in any order. What a purchase is worth
comes from its own row; the Checkout session must agree with it in every point.
"""

from collections.abc import Callable
from typing import Any, Literal

from sqlalchemy import Executable, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from payapp.billing.checkout.rebuilding import read_id, rebuild_purchase
from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase, grant_key
from payapp.billing.packages import find_package
from payapp.billing.returns.clawbacks import Cause, lock_payment, settle_returns
from payapp.billing.returns.returned_money import HAS_FACTS
from payapp.database.base import table_of
from payapp.database.clock import utc_now
from payapp.database.sql_functions import transaction_lock
from payapp.ledger.posting import grant
from payapp.stripe_types.objects import APP_STAMP, CheckoutSession

Outcome = Literal["granted", "already_granted", "waiting", "stranger"]

PURCHASES = table_of(Purchase)

# Built once, as in ledger/posting.py.
# Locks the payment on the way, so that a refund told at the same moment finds the grant, or the grant the refund.
FIND_PURCHASE = select(PURCHASES, transaction_lock(bindparam("payment_intent_id")).label("lock")).where(
    PURCHASES.c.stripe_checkout_session_id == bindparam("checkout_session_id")
)
UPDATE_PAID = (
    update(PURCHASES)
    .where(PURCHASES.c.id == bindparam("purchase_id"), PURCHASES.c.status != "fulfilled")
    .values(
        stripe_payment_intent_id=bindparam("payment_intent_id"),
        completed_at=func.coalesce(PURCHASES.c.completed_at, bindparam("now")),
    )
)
COMPLETE_PURCHASE = UPDATE_PAID.returning(PURCHASES.c.id)
FULFILL_PURCHASE = UPDATE_PAID.values(status="fulfilled", fulfilled_at=bindparam("now")).returning(
    *PURCHASES.c, HAS_FACTS.label("has_facts")
)


def fulfill_checkout(session: Session, checkout_session: CheckoutSession) -> Outcome:
    """Grant the purchase's credits if this Checkout session proves that it was paid. Never commits.

    `granted` once in a lifetime, `already_granted` ever after, `waiting` while the payment is not through,
    `stranger` for a session that is not ours. A purchase closed before (expired, failed) is granted all the
    same once it is paid. Raises QuarantineError when session and books disagree; the caller rolls back then.
    """
    purchase = match_purchase(session, checkout_session)
    if purchase is None:
        return "stranger"
    _require_agreement(purchase, checkout_session)
    match checkout_session.status, checkout_session.payment_status:
        case "complete", "paid":
            return grant_once(session, purchase, checkout_session)
        case "complete", "unpaid":
            _record_completion(session, purchase.id, checkout_session)
            return "waiting"
        case "open" | "expired", "unpaid":
            return "waiting"
    raise _contradiction(checkout_session)


def grant_purchase(session: Session, purchase: Any, note: str = "") -> None:
    """Grant what a purchase row is worth, once in a lifetime; nobody is asked here whether it was paid.

    The entry's note names the package, and then says `note`.
    """
    name = name_package(purchase.package_id)
    grant(
        session,
        purchase.user_id,
        purchase.credits,
        idempotency_key=grant_key(purchase.id),
        note=f"{name}. {note}" if note else name,
    )


def name_package(package_id: str | None) -> str:
    """Return what a grant's note calls the package; it may not be for sale any more."""
    package = find_package(package_id)
    return f"{package.name} package" if package else "Credit package"


def fail_checkout(session: Session, checkout_session: CheckoutSession) -> bool:
    """Close the purchase of a Checkout session whose slow payment failed; False for a stranger's session."""
    return _close_checkout(session, checkout_session, fail_purchase)


def expire_checkout(session: Session, checkout_session: CheckoutSession) -> bool:
    """Close the purchase of a Checkout session that expired unpaid; False for a stranger's session."""
    return _close_checkout(session, checkout_session, expire_purchase)


def fail_purchase(session: Session, purchase_id: int) -> None:
    """Close a purchase whose payment failed. One that is fulfilled stays as it is: states never go back."""
    _close_purchase(session, purchase_id, "failed")


def expire_purchase(session: Session, purchase_id: int) -> None:
    """Close a pending purchase whose Checkout page closed unpaid. Any other stays as it is."""
    _close_purchase(session, purchase_id, "expired")


def _close_checkout(session: Session, checkout_session: CheckoutSession, close: Callable[[Session, int], None]) -> bool:
    purchase = match_purchase(session, checkout_session)
    if purchase is None:
        return False
    if purchase.status == "failed":
        return True  # closed already: a session with a wrong price, which could not agree, is expired by ourselves
    _require_agreement(purchase, checkout_session)
    if checkout_session.payment_status != "unpaid":
        raise _contradiction(checkout_session)
    close(session, purchase.id)
    return True


def _close_purchase(session: Session, purchase_id: int, status: Literal["expired", "failed"]) -> None:
    """Move forward in the order pending, expired, failed, fulfilled: whatever comes first, the end is the same."""
    before = {"expired": ("pending",), "failed": ("pending", "expired")}[status]
    session.execute(
        update(Purchase).where(Purchase.id == purchase_id, Purchase.status.in_(before)).values(status=status)
    )


def match_purchase(session: Session, checkout_session: CheckoutSession) -> Any:
    """Return the purchase row of a Checkout session, None for a stranger's session.

    By the session's id; else, if no answer of Stripe's was ever saved, by the purchase id we sent along;
    else rebuilt from what we sent along. Raises QuarantineError when that can't be done safely.
    """
    payment = checkout_session.payment_intent_id
    values = {"checkout_session_id": checkout_session.id, "payment_intent_id": payment}
    found = session.execute(FIND_PURCHASE, values).one_or_none()
    if found is not None:
        return found
    metadata = checkout_session.metadata
    if metadata.get("app") != APP_STAMP and not {"userId", "credits"} <= metadata.keys():
        return None
    lock_payment(session, payment)
    return _adopt_session(session, checkout_session) or rebuild_purchase(session, checkout_session)


def _adopt_session(session: Session, checkout_session: CheckoutSession) -> Any:
    """Save the session's id on the purchase it names, and return the row; None if that one has a session, or is none.

    The update locks the row: of two sessions that name the same purchase the second finds it taken.
    """
    table = Purchase.__table__
    return session.execute(
        update(Purchase)
        .where(
            Purchase.id == read_id(checkout_session.metadata.get("purchaseId")),
            Purchase.stripe_checkout_session_id.is_(None),
            Purchase.stripe_customer_id == checkout_session.customer_id,
        )
        .values(stripe_checkout_session_id=checkout_session.id)
        .returning(*table.c)
    ).one_or_none()


def _require_agreement(purchase: Any, checkout_session: CheckoutSession) -> None:
    terms = {
        "mode": "payment",
        "customer_id": purchase.stripe_customer_id,
        "amount_total": purchase.amount_total,
        "currency": purchase.currency,
        "livemode": purchase.livemode,
    }
    wrong = [name for name, value in terms.items() if getattr(checkout_session, name) != value]
    if wrong:
        raise QuarantineError(f"{checkout_session.id} does not agree with purchase {purchase.id} in {', '.join(wrong)}")


def _contradiction(checkout_session: CheckoutSession) -> QuarantineError:
    states = f"{checkout_session.status} and {checkout_session.payment_status}"
    return QuarantineError(f"{checkout_session.id} is {states}: what was told about it does not fit")


def _record_completion(session: Session, purchase_id: int, checkout_session: CheckoutSession) -> None:
    """The page is finished, the money is not here yet (a bank debit, say): a new purchase may be begun meanwhile."""
    _record_payment(session, COMPLETE_PURCHASE, purchase_id, checkout_session)


def grant_once(session: Session, purchase: Any, checkout_session: CheckoutSession, note: str = "") -> Outcome:
    """Of all who come here with the same purchase one changes its status, and only that one grants.

    For who has seen that it is paid. `note` is written into the entry.
    """
    won = _record_payment(session, FULFILL_PURCHASE, purchase.id, checkout_session)
    if won is None:
        return "already_granted"  # another worker got there first
    grant_purchase(session, purchase, note)
    if won.has_facts:
        settle_returns(session, won, Cause(f"{grant_key(purchase.id)}:returned", "Money returned before", ""))
    return "granted"


def _record_payment(
    session: Session, statement: Executable, purchase_id: int, checkout_session: CheckoutSession
) -> Any:
    """Change a purchase that is not fulfilled yet; return what the statement tells of it, None if there was none.

    Raises QuarantineError when its payment belongs to another purchase: trying again would fail for ever.
    """
    payment = checkout_session.payment_intent_id
    values = {"purchase_id": purchase_id, "payment_intent_id": payment, "now": utc_now()}
    try:
        return session.execute(statement, values).one_or_none()
    except IntegrityError as error:
        raise QuarantineError(f"{checkout_session.id} names {payment}, which paid another purchase") from error
