"""Refunds and disputes that race with the grant and with each other, from several processes against several."""

import random
from collections import Counter

import pytest
from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from payapp.ledger.verification import verify
from tests.factories import event_payload, make_purchase, make_user
from tests.webhooks.delivering import COMPLETED, event_about
from tests.webhooks.return_orders import SCENARIOS, Scenario
from tests.webhooks.senders import Senders

PURCHASES = 25


@pytest.mark.parametrize("scenario", SCENARIOS[1:3], ids=lambda scenario: scenario.name)
def test_all_letters_about_many_payments_at_once(
    web: str, senders: Senders, session: Session, scenario: Scenario
) -> None:
    """Nobody answers with an error, and nobody misses what another process commits at the same moment."""
    purchases = [make_purchase(session, make_user(session)) for _ in range(PURCHASES)]
    payloads = [event_payload(*letter) for purchase in purchases for letter in scenario.letters(purchase) * 2]
    random.Random(scenario.name).shuffle(payloads)
    assert Counter(senders.deliver(web, payloads)) == {200: len(payloads)}
    session.rollback()
    left = Counter(get_balance(session, purchase.user_id).posted for purchase in purchases)
    assert left == {scenario.credits_left: PURCHASES}
    assert verify(session) == []


def test_the_grant_and_the_refund_at_the_same_instant(web: str, senders: Senders, session: Session) -> None:
    """The one that commits first can't see the other; the payment's lock makes the other see it."""
    scenario = Scenario("refunded", 3900, 0, "won")
    purchases = [make_purchase(session, make_user(session)) for _ in range(PURCHASES)]
    payloads = []
    for purchase in purchases:
        payloads += [event_about(purchase, COMPLETED), event_payload(*scenario.letters(purchase)[4])]
    assert Counter(senders.deliver(web, payloads)) == {200: len(payloads)}
    session.rollback()
    assert {get_balance(session, purchase.user_id).posted for purchase in purchases} == {0}
    assert verify(session) == []
