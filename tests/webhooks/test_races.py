"""Deliveries that race, from several processes against several processes: one grant, and every answer 2xx."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from payapp.ledger.models import LedgerEntry
from payapp.ledger.verification import verify
from tests.effort import pick
from tests.factories import make_purchase, make_user
from tests.journeys.person import Person
from tests.processes import Stack, running
from tests.webhooks.conftest import WEB_WORKERS
from tests.webhooks.delivering import (
    COMPLETED,
    EXPIRED,
    FAILED,
    SUCCEEDED,
    event_about,
    get_only_event,
    grants_of,
    list_events,
)
from tests.webhooks.senders import Senders

DELIVERIES = 50
ROUNDS = pick(2, 8)


def test_fifty_deliveries_of_one_event_grant_once(
    web: str, senders: Senders, session: Session, purchase: Purchase
) -> None:
    assert senders.deliver(web, [event_about(purchase)] * DELIVERIES) == [200] * DELIVERIES
    event = get_only_event(session)
    assert (event.status, event.attempts, grants_of(session, purchase)) == ("processed", 1, 1)
    assert get_balance(session, purchase.user_id).posted == 500
    assert verify(session) == []


def test_fifty_events_of_one_fact_grant_once(web: str, senders: Senders, session: Session, purchase: Purchase) -> None:
    """Every one has an id of its own, and half of them another type."""
    payloads = [event_about(purchase, (COMPLETED, SUCCEEDED)[number % 2]) for number in range(DELIVERIES)]
    assert senders.deliver(web, payloads) == [200] * DELIVERIES
    assert {event.status for event in list_events(session)} == {"processed"}
    assert (len(list_events(session)), grants_of(session, purchase)) == (DELIVERIES, 1)
    assert get_balance(session, purchase.user_id).posted == 500


def test_fifty_events_about_a_lost_purchase_rebuild_it_once(
    web: str, senders: Senders, session: Session, purchase: Purchase
) -> None:
    user_id, payloads = purchase.user_id, [event_about(purchase) for _ in range(DELIVERIES)]
    session.execute(delete(Purchase).where(Purchase.id == purchase.id))
    session.commit()
    assert senders.deliver(web, payloads) == [200] * DELIVERIES
    assert session.scalars(select(Purchase.status).where(Purchase.user_id == user_id)).all() == ["fulfilled"]
    assert get_balance(session, user_id).posted == 500


def test_everything_at_once_for_many_sessions_of_few_users(web: str, senders: Senders, session: Session) -> None:
    """Purchases of one user meet at one account row; some sessions were never saved. Nothing waits for ever."""
    users = [make_user(session) for _ in range(3)]
    purchases = []
    for number in range(12):
        purchase = make_purchase(session, users[number % 3], stripe_checkout_session_id=None)
        purchase.status = "expired"  # closed before the payment came, so that the next can be made
        session.commit()
        purchases.append(purchase)
    payloads = []
    for purchase in purchases:
        for event_type in (COMPLETED, SUCCEEDED, FAILED, EXPIRED):
            paid = "paid" if event_type in (COMPLETED, SUCCEEDED) else "unpaid"
            fields = {"id": f"cs_test_race{purchase.id}", "payment_status": paid}
            payloads.append(event_about(purchase, event_type, **fields))
    assert Counter(senders.deliver(web, payloads)) == {200: len(payloads)}
    session.rollback()
    assert {purchase.status for purchase in purchases} == {"fulfilled"}
    assert [get_balance(session, user.id).posted for user in users] == [2000] * 3
    assert verify(session) == []


@pytest.mark.long
def test_the_webhook_the_return_page_and_a_second_purchase_grant_once(
    database_url: str, tmp_path: Path, session: Session
) -> None:
    """All three call fulfill_checkout() for one session, in different processes, and none answers with an error."""
    with running(Stack(database_url, tmp_path, web_workers=WEB_WORKERS)) as stack:
        person = Person(stack.url, "ada@example.com")
        person.sign_up()
        for round_number in range(1, ROUNDS + 1):
            requests.post(f"{stack.stripe_url}/_control/deliveries/hold", timeout=10).raise_for_status()
            return_page = person.pay(person.start_buying("starter"))
            with ThreadPoolExecutor() as threads:
                threads.submit(requests.post, f"{stack.stripe_url}/_control/deliveries/release", timeout=10)
                visits = [threads.submit(person.get, return_page) for _ in range(4)]
                purchases = [threads.submit(person.start_buying, "starter") for _ in range(2)]
            assert all(visit.result() for visit in visits)
            leads_to = {purchase.result() for purchase in purchases}  # to the paid one, as long as it is not granted
            assert len(leads_to - {return_page}) <= 1, "one open session for the next round"
            person.wait_for_balance(100 * round_number)
        wait_until(lambda: statuses_of(session, COMPLETED) == ["processed"] * ROUNDS)
        assert person.balance() == 100 * ROUNDS
    assert len(session.scalars(select(LedgerEntry.id)).all()) == ROUNDS
    assert verify(session) == []


def statuses_of(session: Session, event_type: str) -> list[str]:
    return [event.status for event in list_events(session) if event.event_type == event_type]


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
