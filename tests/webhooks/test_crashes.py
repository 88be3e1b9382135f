"""The process that handles a webhook is killed with SIGKILL between each two steps, and the event comes again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from payapp.webhooks.models import StripeEvent
from tests.effort import pick
from tests.factories import make_purchase, make_user
from tests.processes import Stack, wait_for
from tests.warm import WarmProgram
from tests.webhooks.delivering import COMPLETED, FAILED, deliver_over_http, event_about

STEPS_MIN = pick(3, 7)

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def mortal(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of a crash_server.py on the test's database."""
    stack = Stack(database_url, tmp_path)
    log = tmp_path / "crash_server.log"
    process = WarmProgram("tests.webhooks.crash_server", [str(stack.port)], stack.environment, log)
    try:
        wait_for(f"{stack.url}/healthz")
        yield stack.url
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Story:
    """What an event finds and tells, and how it ends: answer, event's status, purchase's status, credits granted."""

    end: tuple[int, str, str | None, int]
    event_type: str = COMPLETED
    fields: dict[str, Any] = field(default_factory=dict)
    is_saved: bool = True
    is_lost: bool = False
    is_key_taken: bool = False

    def begin(self, session: Session, user_id: int, label: str) -> str:
        """Prepare the books and return the event, about Checkout session `cs_test_story{label}`."""
        session_id = f"cs_test_story{label}"
        saved_id = session_id if self.is_saved else None
        purchase = make_purchase(session, session.get_one(User, user_id), stripe_checkout_session_id=saved_id)
        told = {"id": session_id, "payment_intent": f"pi_story{label}"} | self.fields
        payload = event_about(purchase, self.event_type, event_id=f"evt_story{label}", **told)
        if self.is_lost:
            session.execute(delete(Purchase).where(Purchase.id == purchase.id))
        if self.is_key_taken:
            grant(session, make_user(session).id, 1, idempotency_key=f"purchase:{purchase.id}")
        session.commit()
        return payload


STORIES = {
    "granted": Story(end=(200, "processed", "fulfilled", 500)),
    "granted though the session was never saved": Story((200, "processed", "fulfilled", 500), is_saved=False),
    "granted though the purchase was lost": Story((200, "processed", "fulfilled", 500), is_lost=True),
    "closed": Story((200, "processed", "failed", 0), FAILED, {"payment_status": "unpaid"}),
    "ignored": Story((200, "ignored", None, 0), fields={"metadata": {}}, is_lost=True),
    "quarantined": Story((200, "quarantined", "pending", 0), fields={"amount_total": 1}),
    "failed": Story((500, "failed", "pending", 0), is_key_taken=True),
}


def test_a_webhook_survives_a_kill_at_every_step(mortal: str, web: str, session: Session) -> None:
    """After each kill either nothing happened or everything; redelivered to a healthy server everything, once."""
    for number, (name, story) in enumerate(STORIES.items()):
        for step in count(1):
            user_id, label = make_user(session).id, f"{number}_{step}"
            payload = story.begin(session, user_id, label)
            before = look(session, user_id, label)
            answer = deliver_and_die(mortal, payload, step)
            assert answer in (None, story.end[0])
            assert look(session, user_id, label) in (before, story.end[1:]), f"{name}: half done at step {step}"
            assert deliver_over_http(web, payload) == story.end[0]
            assert look(session, user_id, label) == story.end[1:], f"{name}: after a kill at step {step}"
            if answer is not None:
                break
        assert step > STEPS_MIN, f"{name} has more steps than {step}: the fuse does not burn"
    assert verify(session) == []


def test_a_webhook_survives_a_kill_at_one_step_after_the_other(mortal: str, session: Session) -> None:
    """One and the same event, whose every delivery gets one step further than the last."""
    story = STORIES["granted"]
    user_id = make_user(session).id
    payload = story.begin(session, user_id, "1")
    survived_at = next(step for step in count(1) if deliver_and_die(mortal, payload, step) == 200)
    assert look(session, user_id, "1") == ("processed", "fulfilled", 500)
    assert survived_at > STEPS_MIN
    assert verify(session) == []


def deliver_and_die(mortal: str, payload: str, die_at: int) -> int | None:
    """Deliver to a process that dies at its step `die_at`; return the answer's status, None if it died first."""
    try:
        return deliver_over_http(mortal, payload, **{"X-Die-At": str(die_at)})
    except requests.ConnectionError:
        return None


def look(session: Session, user_id: int, label: str) -> tuple[str | None, str | None, int]:
    """Return the statuses of the event and of the purchase, and the user's credits, as others see them now."""
    session.rollback()
    event = select(StripeEvent.status).where(StripeEvent.stripe_event_id == f"evt_story{label}")
    purchase = select(Purchase.status).where(Purchase.user_id == user_id)
    seen = (
        session.scalars(event).one_or_none(),
        session.scalars(purchase).one_or_none(),
        get_balance(session, user_id).posted,
    )
    session.rollback()
    return seen
