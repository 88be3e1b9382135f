"""Stripe's Checkout sessions against our purchases."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import expire_checkout, fail_checkout, fulfill_checkout
from payapp.billing.checkout.rebuilding import read_id
from payapp.billing.models import Purchase, grant_key
from payapp.billing.reconciliation.discrepancy import Discrepancy, Kind, Remedy, about_purchase
from payapp.database.base import table_of
from payapp.ledger.models import LedgerEntry
from payapp.stripe_types.objects import APP_STAMP, CheckoutSession

PURCHASES, ENTRIES = table_of(Purchase), table_of(LedgerEntry)

# A slow payment that failed leaves its intent like this: https://docs.stripe.com/payments/paymentintents/lifecycle
PAYMENT_HAS_FAILED = ("requires_payment_method", "canceled")


def compare_checkout_sessions(session: Session, checkout_sessions: Sequence[CheckoutSession]) -> list[Discrepancy]:
    """Return what does not agree between these Checkout sessions and our purchases. Reads, by two statements.

    A stranger's session is no discrepancy; neither is one of ours that nobody paid and that has no purchase.
    """
    rows = _find_purchases(session, checkout_sessions)
    by_session = {row.stripe_checkout_session_id: row for row in rows}
    by_id = {row.id: row for row in rows}
    found: list[Discrepancy] = []
    lost: list[CheckoutSession] = []
    for one in checkout_sessions:
        purchase, named = by_session.get(one.id), by_id.get(_named_purchase(one))
        if purchase is not None:
            found += compare_with_purchase(one, purchase)
        elif is_ours(one) and named is not None and named.stripe_customer_id == one.customer_id:
            found += _compare_with_named(one, named)
        elif is_ours(one) and _is_paid(one):
            lost.append(one)
    return found + _describe_lost(session, lost)


def is_ours(checkout_session: CheckoutSession) -> bool:
    """Whether a session whose id we don't know carries our stamp, or what we send along: the rule of fulfillment.py."""
    metadata = checkout_session.metadata
    return metadata.get("app") == APP_STAMP or {"userId", "credits"} <= metadata.keys()


def compare_with_purchase(checkout_session: CheckoutSession, purchase: Any) -> Iterator[Discrepancy]:
    """Yield what does not agree between a session and its purchase: the terms, or else the state.

    Where the terms differ nothing is repaired: either row or session was changed by hand.
    """
    about = checkout_session.id
    is_closed = purchase.status == "failed" and checkout_session.status != "complete"  # a wrong price, closed by us
    wrong = [] if is_closed else _list_disagreements(checkout_session, purchase)
    if wrong:
        sentence = f"purchase and Checkout session differ in {', '.join(wrong)}"
        told = read_id(checkout_session.metadata.get("credits"))
        credits = (told or purchase.credits) - purchase.credits
        yield about_purchase("disagreement", about, sentence, purchase, credits=credits)
        return
    fault = _find_fault(checkout_session, purchase)
    if fault is not None:
        kind, sentence, credits, remedy = fault
        yield about_purchase(kind, about, sentence, purchase, credits=credits, remedy=remedy)


def _find_purchases(session: Session, checkout_sessions: Sequence[CheckoutSession]) -> Sequence[Any]:
    ids = [one.id for one in checkout_sessions]
    named = [_named_purchase(one) for one in checkout_sessions]
    is_wanted = or_(
        PURCHASES.c.stripe_checkout_session_id.in_(ids), PURCHASES.c.id.in_([one for one in named if one is not None])
    )
    return session.execute(select(PURCHASES).where(is_wanted)).all()


def _named_purchase(checkout_session: CheckoutSession) -> int | None:
    return read_id(checkout_session.metadata.get("purchaseId"))


def _list_disagreements(checkout_session: CheckoutSession, purchase: Any) -> list[str]:
    """Return the names of what differs. What we once sent along counts here: it tells of a row edited since.

    Not its `purchaseId`: a purchase that was rebuilt has another one.
    """
    terms: dict[str, tuple[Any, Any]] = {
        "mode": (checkout_session.mode, "payment"),
        "customer": (checkout_session.customer_id, purchase.stripe_customer_id),
        "amount": (checkout_session.amount_total, purchase.amount_total),
        "currency": (checkout_session.currency, purchase.currency),
        "livemode": (checkout_session.livemode, purchase.livemode),
    }
    if purchase.stripe_payment_intent_id is not None or purchase.status == "fulfilled":
        terms["payment intent"] = (checkout_session.payment_intent_id, purchase.stripe_payment_intent_id)
    sent = {"userId": purchase.user_id, "credits": purchase.credits, "packageId": purchase.package_id}
    metadata = checkout_session.metadata
    terms |= {f"metadata {name}": (metadata[name], str(value)) for name, value in sent.items() if name in metadata}
    return [name for name, (told, kept) in terms.items() if told != kept]


def _find_fault(checkout_session: CheckoutSession, purchase: Any) -> tuple[Kind, str, int, Remedy | None] | None:
    """Return what is wrong with the purchase's state, with the credits at stake and the remedy; None if all is well."""
    is_granted, is_pending = purchase.status == "fulfilled", purchase.status == "pending"
    match checkout_session.status, checkout_session.payment_status:
        case "complete", "paid":
            if not is_granted:
                sentence = f"paid at Stripe, {purchase.status} with us"
                return "missing_grant", sentence, purchase.credits, partial(_fulfill, checkout_session)
            if purchase.stripe_checkout_session_id is None:
                return "missing_session", "the purchase has no Checkout session", 0, partial(_fulfill, checkout_session)
            return None
        case "open" | "expired" | "complete", "unpaid":
            if is_granted:
                return (
                    "unpaid_grant",
                    f"granted, but {checkout_session.status} and unpaid at Stripe",
                    *_all_of(purchase),
                )
            if checkout_session.status == "expired" and is_pending and purchase.stripe_checkout_session_id is not None:
                return "stuck_pending", "expired at Stripe", 0, partial(_expire, checkout_session)
            return _find_unpaid_fault(checkout_session, purchase) if checkout_session.status == "complete" else None
    states = f"{checkout_session.status} and {checkout_session.payment_status}"
    return "disagreement", f"Stripe says {states}, which a purchase of ours can't be", 0, None


def _all_of(purchase: Any) -> tuple[int, None]:
    return -purchase.credits, None


def _find_unpaid_fault(checkout_session: CheckoutSession, purchase: Any) -> tuple[Kind, str, int, Remedy] | None:
    """A slow payment: is it under way, or has it failed?"""
    if checkout_session.payment_intent_status in PAYMENT_HAS_FAILED:
        if purchase.status == "failed":
            return None
        return "stuck_pending", "its slow payment failed at Stripe", 0, partial(_fail, checkout_session)
    if purchase.completed_at is None:
        return "stuck_pending", "completed at Stripe, its payment under way", 0, partial(_fulfill, checkout_session)
    return None


def _is_paid(checkout_session: CheckoutSession) -> bool:
    return (checkout_session.status, checkout_session.payment_status) == ("complete", "paid")


def _compare_with_named(checkout_session: CheckoutSession, named: Any) -> Iterator[Discrepancy]:
    """A session whose id we never saved, and the purchase of the same customer that it names.

    A purchase with a session of its own is another one: after a restored backup its id was given away again.
    """
    if named.stripe_checkout_session_id is None:
        yield from compare_with_purchase(checkout_session, named)
    elif _is_paid(checkout_session) and named.stripe_payment_intent_id == checkout_session.payment_intent_id:
        sentence = f"its payment is that of a purchase with the session {named.stripe_checkout_session_id}"
        yield about_purchase("disagreement", checkout_session.id, sentence, named)
    elif _is_paid(checkout_session):
        yield _describe_missing_purchase(checkout_session, None)


def _describe_lost(session: Session, lost: Sequence[CheckoutSession]) -> list[Discrepancy]:
    """The row is gone. If its grant is not, rebuilding it would grant a second time: its new id is another key."""
    if not lost:
        return []
    keys = {one.id: grant_key(_named_purchase(one)) for one in lost}
    granted = select(ENTRIES.c.idempotency_key, ENTRIES.c.user_id, ENTRIES.c.id)
    rows = session.execute(granted.where(ENTRIES.c.idempotency_key.in_(keys.values())))
    entries = {(row.idempotency_key, row.user_id): row.id for row in rows}
    users = {one.id: read_id(one.metadata.get("userId")) for one in lost}
    return [_describe_missing_purchase(one, entries.get((keys[one.id], users[one.id]))) for one in lost]


def _describe_missing_purchase(checkout_session: CheckoutSession, entry_id: int | None) -> Discrepancy:
    sentence, metadata = "paid at Stripe, and we have no purchase of it", checkout_session.metadata
    if entry_id is not None:
        sentence += f", though entry {entry_id} has granted it"
    return Discrepancy(
        "missing_purchase",
        checkout_session.id,
        sentence,
        user_id=read_id(metadata.get("userId")),
        amount=checkout_session.amount_total or 0,
        currency=checkout_session.currency,
        credits=0 if entry_id is not None else read_id(metadata.get("credits")) or 0,
        remedy=None if entry_id is not None else partial(_fulfill, checkout_session),
    )


def _fulfill(checkout_session: CheckoutSession, session: Session) -> object:
    return fulfill_checkout(session, checkout_session)


def _expire(checkout_session: CheckoutSession, session: Session) -> object:
    return expire_checkout(session, checkout_session)


def _fail(checkout_session: CheckoutSession, session: Session) -> object:
    return fail_checkout(session, checkout_session)
