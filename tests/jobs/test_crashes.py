"""A real worker that is killed while it makes a batch: another makes it, and the customer pays once."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Row, create_engine, select
from sqlalchemy.orm import Session

from payapp.database.base import normalize_url, prepare_engine
from payapp.features.qr_batches import HOLD_SECONDS, keep_batch
from payapp.features.qr_batches.models import QrBatch
from payapp.features.qr_code_batch import Batch, make_zip
from payapp.ledger.balances import get_balance
from payapp.ledger.holds import place_hold
from payapp.ledger.verification import verify
from tests.factories import make_user
from tests.features.batches import let_its_worker_fall_silent
from tests.jobs.test_tasks import wait_until
from tests.processes import Stack

TEXTS = list("abcdefgh")


@pytest.fixture
def slow(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """A worker that takes its time; nothing else runs."""
    stack = Stack(database_url, tmp_path, jobs="tests.jobs.slow_jobs.huey")
    yield stack
    stack.stop()


@pytest.fixture
def book(database_url: str) -> Iterator[Session]:
    engine = create_engine(normalize_url(database_url))
    prepare_engine(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def read(book: Session) -> Row[int, bytes | None, datetime | None]:
    row = book.execute(select(QrBatch.made, QrBatch.archive, QrBatch.finished_at)).one()
    book.rollback()  # or the worker would wait for this transaction
    return row


def numbers(book: Session, user_id: int) -> tuple[int, int]:
    balance = get_balance(book, user_id)
    book.rollback()
    return balance.posted, balance.held


@pytest.mark.slow
def test_a_batch_whose_worker_is_killed_is_made_by_the_next_and_paid_once(slow: Stack, book: Session) -> None:
    user_id = make_user(book, credits=20).id
    hold = place_hold(book, user_id, 8, feature="qr-code-batch", expires_in_seconds=HOLD_SECONDS)
    keep_batch(book, user_id, hold.id, TEXTS)
    book.commit()
    slow.call_worker("make_qr_batches")
    slow.start_worker()
    log = slow.folder / "worker.log"
    wait_until(lambda: read(book).made >= 1, log)
    slow.kill("worker")
    assert (read(book).archive, read(book).made < 8) == (None, True)
    assert numbers(book, user_id) == (20, 8)

    let_its_worker_fall_silent(book)
    slow.start_worker()
    slow.call_worker("make_qr_batches")
    wait_until(lambda: read(book).finished_at is not None, log)
    assert read(book).archive == make_zip(Batch(TEXTS))
    assert numbers(book, user_id) == (12, 0)
    assert verify(book) == []
    assert "Traceback" not in log.read_text()
