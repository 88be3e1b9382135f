"""States never go back: whatever order and however often the events of a session come, they end in one state."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.database.clock import utc_now
from payapp.ledger.balances import get_balance
from payapp.ledger.verification import verify
from payapp.stripe_types.objects import Event
from payapp.webhooks.handlers import HANDLERS
from tests.effort import pick
from tests.factories import checkout_session_object, make_purchase, make_user
from tests.webhooks.delivering import COMPLETED, EXPIRED, FAILED, SUCCEEDED

# What each event tells, and the state it leads to; a later line wins over an earlier one.
FACTS: dict[str, tuple[str, dict[str, str], str]] = {
    "completed unpaid": (COMPLETED, {"payment_status": "unpaid"}, "pending"),
    "expired": (EXPIRED, {"status": "expired", "payment_status": "unpaid"}, "expired"),
    "failed": (FAILED, {"payment_status": "unpaid"}, "failed"),
    "completed paid": (COMPLETED, {}, "fulfilled"),
    "succeeded": (SUCCEEDED, {}, "fulfilled"),
}
SHORT_ORDERS = list(permutations(FACTS, 2))
LONG_ORDERS = list(permutations(FACTS))
LONG_ORDERS_OF = {"sqlite": LONG_ORDERS, "postgresql": pick(LONG_ORDERS[::5], LONG_ORDERS)}


def tell(session: Session, purchase: Purchase, fact: str, **more: str) -> None:
    """Let the handler of the fact's event type have it, under an event id of its own."""
    event_type, fields, _ = FACTS[fact]
    snapshot = checkout_session_object(purchase, **fields | more)
    assert HANDLERS[event_type](session, Event("evt_any", event_type, False, utc_now(), snapshot, "")), "not ours"


def status_of(session: Session, purchase: Purchase) -> str:
    return session.execute(select(Purchase.status).where(Purchase.id == purchase.id)).scalar_one()


def end_state_of(order: Sequence[str]) -> str:
    return FACTS[max(order, key=list(FACTS).index)][2]


def make_room(session: Session) -> None:
    """A user has one open checkout a package: close what the last order left pending."""
    session.execute(update(Purchase).where(Purchase.status == "pending").values(status="expired"))
    session.commit()


@pytest.mark.long
def test_every_order_with_duplicates_everywhere_ends_in_one_state(session: Session, engine_name: str) -> None:
    """After each event the first one comes again, and at the end all of them, backwards.

    Shorter orders are the beginnings of the longest: the state is right after each event.
    """
    user = make_user(session)
    for number, order in enumerate(LONG_ORDERS_OF[engine_name]):
        purchase = make_purchase(session, user)
        for length, fact in enumerate(order, start=1):
            tell(session, purchase, fact)
            tell(session, purchase, order[0])
            assert status_of(session, purchase) == end_state_of(order[:length]), order[:length]
        for fact in reversed(order):
            tell(session, purchase, fact)
        assert status_of(session, purchase) == "fulfilled", order
        assert get_balance(session, user.id).posted == 500 * (number + 1), order
    assert verify(session) == []


def test_every_order_ends_in_one_state_when_the_session_was_never_saved(session: Session) -> None:
    """The first event to come saves the session's id, whichever it is."""
    user = make_user(session)
    for order in SHORT_ORDERS:
        purchase = make_purchase(session, user, stripe_checkout_session_id=None)
        for fact in order:
            tell(session, purchase, fact, id=f"cs_test_never_saved{purchase.id}")
        assert status_of(session, purchase) == end_state_of(order), order
        make_room(session)
    fulfilled = sum(end_state_of(order) == "fulfilled" for order in SHORT_ORDERS)
    assert get_balance(session, user.id).posted == 500 * fulfilled
