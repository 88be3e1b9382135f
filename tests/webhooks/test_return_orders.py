"""Whatever order the letters about one payment come in, and however often: the end is one balance."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from payapp.ledger.verification import verify
from tests.databases import ENGINES
from tests.effort import pick
from tests.factories import event_payload, make_purchase, make_user
from tests.webhooks.delivering import deliver
from tests.webhooks.return_orders import SCENARIOS, Scenario, tell

# All that can make a difference to what the next letter does; not the moments, and not the ids of rows.
STATE = (
    "SELECT status, stripe_payment_intent_id FROM purchases",
    "SELECT entry_type, amount, idempotency_key FROM ledger_entries ORDER BY idempotency_key",
    "SELECT stripe_refund_id, status FROM refunds ORDER BY 1",
    "SELECT stripe_charge_id, amount_refunded FROM charges ORDER BY 1",
    "SELECT stripe_dispute_id, status, movements, amount, reinstated_amount FROM disputes ORDER BY 1",
)
TWICE = pick(False, True)  # or leave that to the random orders
State = tuple[frozenset[int], str]

HARDEST = [SCENARIOS[number] for number in (5, 8)]  # with a refund, the most turns
ALL_SCENARIOS = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@contextmanager
def undone(session: Session) -> Iterator[None]:
    savepoint = session.begin_nested()
    yield
    savepoint.rollback()


def state_of(session: Session, told: frozenset[int]) -> State:
    connection = session.connection()
    return told, repr([connection.exec_driver_sql(statement).all() for statement in STATE])


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("engine_name", pick(ENGINES[:1], ENGINES))  # the random orders of all are told to both
@pytest.mark.parametrize("scenario", pick(HARDEST, SCENARIOS), ids=lambda scenario: scenario.name)
def test_every_order_with_any_duplicates_ends_in_one_balance(session: Session, scenario: Scenario) -> None:
    """From every state that can be reached, each letter is told, at full size also those told before.

    Two orders that lead to the same rows go on alike, so each state is gone on from once: that covers all 5,040
    orders, and every longer one with repetitions, in a few thousand steps.
    """
    purchase = make_purchase(session, make_user(session))
    letters = scenario.letters(purchase)
    everything = frozenset(range(len(letters)))
    seen: set[State] = set()

    def go_on_from(told: frozenset[int]) -> None:
        state = state_of(session, told)
        if state in seen:
            return
        seen.add(state)
        if told == everything:
            assert get_balance(session, purchase.user_id).posted == scenario.credits_left, state
        for number, letter in enumerate(letters):
            if number in told and not TWICE:
                continue
            with undone(session):
                tell(session, letter)
                go_on_from(told | {number})

    go_on_from(frozenset())
    assert {told for told, _ in seen} >= {everything, frozenset({3}), everything - {0}}
    assert len(seen) >= 2 ** len(letters)


@ALL_SCENARIOS
def test_random_orders_over_http_end_in_one_balance(
    client: FlaskClient, session: Session, scenario: Scenario, return_orders: int
) -> None:
    """Signed, delivered, some of them twice or more, as Stripe does it."""
    chance = random.Random(scenario.name)
    purchases = [make_purchase(session, make_user(session)) for _ in range(return_orders)]
    for purchase in purchases:
        letters = [event_payload(*letter) for letter in scenario.letters(purchase)]
        letters += chance.choices(letters, k=chance.randrange(4))
        chance.shuffle(letters)
        assert {deliver(client, letter).text for letter in letters} <= scenario.answers
    session.rollback()
    left = {get_balance(session, purchase.user_id).posted for purchase in purchases}
    assert left == {scenario.credits_left}
    assert verify(session) == []
