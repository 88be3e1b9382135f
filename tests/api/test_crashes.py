"""The process that serves a POST is killed with SIGKILL between each two steps, and the request comes again."""

from itertools import count
from typing import Any

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.api.models import ApiRequest
from payapp.auth.api_keys import create_api_key
from payapp.ledger.balances import get_balance
from payapp.ledger.holds import place_hold
from payapp.ledger.makers import USER
from payapp.ledger.verification import verify
from tests.effort import pick
from tests.factories import make_user
from tests.webhooks.test_crashes import mortal  # noqa: F401

# On PostgreSQL: the key is looked up, the one statement begins, has ended, the session is given back, the answer waits.
STEPS_MIN = {"sqlite": pick(5, 10), "postgresql": pick(3, 5)}
BODY = {"amount": 3, "feature": "crash"}

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.mark.parametrize("path", ["/spends", "/holds", "/holds/{hold_id}/capture", "/holds/{hold_id}/release"])
def test_a_request_that_was_killed_happens_once(mortal: str, session: Session, path: str) -> None:  # noqa: F811
    user_id = make_user(session, credits=1000).id
    headers = {"Authorization": f"Bearer {create_api_key(session, user_id, 'crash', 'spend').secret}"}
    session.commit()
    for step in count(1):
        hold_id = place_hold(session, user_id, 5, feature="crash", maker=USER).id
        session.commit()
        url = f"{mortal}/api/v1{path.format(hold_id=hold_id)}"
        body = BODY if path in ("/spends", "/holds") else {}
        before = balance_of(session, user_id)
        first = send(url, body, headers, f"{path}-{step}", step)
        was_carried_out = find_request(session, f"{path}-{step}")
        answer = send(url, body, headers, f"{path}-{step}")
        assert answer is not None
        assert answer.status_code in (200, 201), answer.text
        assert answer.headers.get("Idempotency-Replayed") == ("true" if was_carried_out else None)
        assert changed(before, balance_of(session, user_id)) == CHANGES[path]
        if first is not None:
            assert was_carried_out
            assert first.text == answer.text
            break
    assert step > STEPS_MIN[session.get_bind().dialect.name]
    assert verify(session) == []


# What a request does to posted and held, with an open hold of 5 beside it.
CHANGES = {
    "/spends": (-3, 0),
    "/holds": (0, 3),
    "/holds/{hold_id}/capture": (-5, -5),
    "/holds/{hold_id}/release": (0, -5),
}


def send(url: str, body: Any, headers: dict[str, str], key: str, die_at: int = 0) -> requests.Response | None:
    """Send the request; None when the process died of it."""
    try:
        return requests.post(
            url, json=body, headers=headers | {"Idempotency-Key": key, "X-Die-At": str(die_at)}, timeout=30
        )
    except requests.ConnectionError:
        return None


def balance_of(session: Session, user_id: int) -> tuple[int, int]:
    session.rollback()
    balance = get_balance(session, user_id)
    session.rollback()
    return balance.posted, balance.held


def changed(before: tuple[int, int], after: tuple[int, int]) -> tuple[int, int]:
    return after[0] - before[0], after[1] - before[1]


def find_request(session: Session, key: str) -> bool:
    """Whether a request with this key was carried out."""
    session.rollback()
    found = session.scalars(select(ApiRequest.id).where(ApiRequest.idempotency_key == key)).one_or_none()
    session.rollback()
    return found is not None
