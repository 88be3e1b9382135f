"""A bank's day: many client processes grant, refund, spend, hold and read at once, and every reading is consistent."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.auth.api_keys import create_api_key
from payapp.auth.models import User
from payapp.ledger.models import Hold, LedgerEntry
from payapp.ledger.verification import verify
from tests.api.banking import Teller, Till, serve
from tests.effort import pick
from tests.factories import checkout_session_object, event_payload, make_purchase, make_user, refund_object
from tests.processes import Stack, serving
from tests.warm import WARM

pytestmark = pytest.mark.long

CLIENTS, ACCOUNTS, PURCHASES_EACH = pick(4, 8), 6, pick(4, 6)
BEGINNING, LEFT_OF_PURCHASE = 300, 67  # 100 credits for 9.00, of which 3.00 are refunded
# `BANK_OPERATIONS=50000 make test-long ARGS=tests/api/test_bank.py` takes minutes.
OPERATIONS = int(os.environ.get("BANK_OPERATIONS", pick("400", "5000")))


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[str]:
    with serving(Stack(database_url, tmp_path, web_workers=3)) as stack:
        yield stack.url


def letters_about_purchases(session: Session, users: list[User]) -> list[str]:
    """The last is told first: every refund comes before its payment."""
    letters = []
    for number in range(PURCHASES_EACH):
        purchase = make_purchase(session, users[number % len(users)], "starter", status="expired")
        letters.append(event_payload("checkout.session.completed", checkout_session_object(purchase)))
        letters.append(event_payload("refund.created", refund_object(purchase, amount=300)))
    return letters


def test_every_reading_is_consistent(web: str, session: Session) -> None:
    users = [make_user(session, credits=BEGINNING) for _ in range(ACCOUNTS)]
    keys = [create_api_key(session, user.id, "bank", "spend").secret for user in users]
    session.commit()
    tellers = [
        Teller(web, keys, letters_about_purchases(session, users), OPERATIONS // CLIENTS, seed)
        for seed in range(CLIENTS)
    ]
    with WARM.Pool(CLIENTS) as pool:
        tills: list[Till] = pool.map(serve, tellers, chunksize=1)
    session.rollback()
    done = sum((till.done for till in tills), Counter[str]())
    bought = CLIENTS * PURCHASES_EACH * LEFT_OF_PURCHASE
    posted = session.scalars(select(func.sum(LedgerEntry.amount))).one()
    assert posted == ACCOUNTS * BEGINNING + bought - sum(till.captured for till in tills), done
    assert session.scalars(select(func.count()).where(Hold.status == "open")).one() == 0
    assert verify(session) == []
    assert sum(done.values()) >= OPERATIONS - CLIENTS
    assert done.keys() >= {"spend", "hold", "balance", "entries", "letter"}
