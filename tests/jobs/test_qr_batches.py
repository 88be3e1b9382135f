"""Batches of QR codes in the worker: made once and paid once, whoever else is at it, dies, or ends the hold."""

import logging
from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.extensions import db
from payapp.features import qr_codes
from payapp.features.qr_batches import claim_batch, find_batch, is_any_waiting, keep_batch
from payapp.features.qr_batches.models import QrBatch
from payapp.features.qr_code_batch import Batch, make_zip
from payapp.jobs import qr_batches
from payapp.jobs.qr_batches import make_next_batch
from payapp.ledger.balances import get_balance
from payapp.ledger.holds import place_hold, release_hold
from payapp.ledger.verification import verify
from tests.factories import make_user
from tests.features.batches import let_its_worker_fall_silent

TEXTS = ["a", "b", "c"]
DRAWN = {"png": b"png", "svg": b"svg"}
Hook = Callable[[Callable[[int], None]], None]


@pytest.fixture
def user_id(session: Session) -> int:
    return make_user(session, credits=10).id


@pytest.fixture
def before_each(monkeypatch: pytest.MonkeyPatch) -> Hook:
    """Return what lets something happen before each code, which is drawn in no time; it is told how many there were."""

    def set_up(happening: Callable[[int], None]) -> None:
        drawn = list[str]()

        def draw(text: str) -> dict[str, bytes]:
            drawn.append(text)
            happening(len(drawn) - 1)
            return DRAWN

        monkeypatch.setattr(qr_codes, "draw_files", draw)

    return set_up


def keep(session: Session, user_id: int, texts: list[str] = TEXTS) -> int:
    """Ask for a batch, as the page does; return its id."""
    hold = place_hold(session, user_id, len(texts), feature="qr-code-batch", note="Codes", expires_in_seconds=60)
    batch_id = keep_batch(session, user_id, hold.id, texts)
    session.commit()
    return batch_id


def row(session: Session, batch_id: int) -> QrBatch:
    session.rollback()
    return session.get_one(QrBatch, batch_id, populate_existing=True)


def numbers(session: Session, user_id: int) -> tuple[int, int]:
    session.rollback()
    balance = get_balance(session, user_id)
    return balance.posted, balance.held


def test_it_works(session: Session, user_id: int) -> None:
    batch_id = keep(session, user_id)
    assert make_next_batch(session) is False
    made = row(session, batch_id)
    assert made.archive == make_zip(Batch(TEXTS))
    assert (made.made, made.codes) == (3, 3)
    assert made.finished_at is not None
    assert numbers(session, user_id) == (7, 0)
    assert verify(session) == []


def test_it_makes_the_oldest_and_says_that_another_waits(session: Session, user_id: int, before_each: Hook) -> None:
    before_each(lambda _: None)
    ids = [keep(session, user_id) for _ in range(3)]
    done = []
    for _ in ids:
        done.append(make_next_batch(session))
        assert [bool(row(session, each).finished_at) for each in ids].count(True) == len(done)
    assert done == [True, True, False]
    assert numbers(session, user_id) == (1, 0)


def test_it_has_nothing_to_do_where_nothing_waits(session: Session) -> None:
    assert make_next_batch(session) is False


def test_it_tells_how_far_it_is_while_no_transaction_is_open(
    session: Session, user_id: int, before_each: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else reads, and writes, before each code; on SQLite there is one writer."""
    monkeypatch.setattr(qr_batches, "PROGRESS_SECONDS", 0)
    batch_id, told = keep(session, user_id), list[int]()

    def look(_: int) -> None:
        assert not session.in_transaction()
        with Session(db.engine) as other:
            told.append(other.scalars(select(QrBatch.made)).one())
            other.commit()
            place_hold(other, user_id, 1, feature="other")
            other.commit()

    before_each(look)
    make_next_batch(session)
    assert told == [0, 1, 2]
    assert row(session, batch_id).made == 3


def test_it_tells_no_more_than_once_a_second(
    session: Session, user_id: int, before_each: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, told = [0.0], list[int]()

    def take_a_while(_: int) -> None:
        now[0] += 0.3

    monkeypatch.setattr("payapp.jobs.qr_batches.monotonic", lambda: now[0])
    monkeypatch.setattr(qr_batches, "note_progress", lambda session, batch_id, made: told.append(made))
    before_each(take_a_while)
    keep(session, user_id, list("abcdefghij"))
    make_next_batch(session)
    assert told == [4, 8]


def test_work_that_fails_costs_nothing_and_keeps_nobody_waiting(
    session: Session, user_id: int, before_each: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = keep(session, user_id), keep(session, user_id)

    def fail_once(drawn: int) -> None:
        if drawn == 1:
            monkeypatch.setattr(qr_codes, "draw_files", lambda _: DRAWN)
            raise RuntimeError("out of ink")

    before_each(fail_once)
    with pytest.raises(RuntimeError, match="out of ink"):
        make_next_batch(session)
    failed = find_batch(session, user_id, first)
    assert failed is not None
    assert (failed.state, failed.charged) == ("failed", 0)
    assert make_next_batch(session) is False
    assert row(session, first).archive is None
    assert row(session, second).archive is not None
    assert numbers(session, user_id) == (7, 0)


def test_one_whose_hold_ends_meanwhile_is_not_handed_out(
    session: Session, user_id: int, before_each: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    batch_id = keep(session, user_id)
    hold_id = row(session, batch_id).hold_id
    session.rollback()

    def take_away(drawn: int) -> None:
        if drawn == 1:
            release_hold(session, hold_id)
            session.commit()

    before_each(take_away)
    with caplog.at_level(logging.WARNING):
        make_next_batch(session)
    assert f"batch {batch_id} is not handed out" in caplog.text
    assert (row(session, batch_id).archive, row(session, batch_id).finished_at) == (None, None)
    assert numbers(session, user_id) == (10, 0)
    assert verify(session) == []


# ---- several workers


def test_a_thread_of_the_same_worker_leaves_it_to_the_other(session: Session, user_id: int, before_each: Hook) -> None:
    """And the other, when it is done, tells of what was asked for meanwhile."""
    keep(session, user_id)
    answers, others = list[bool](), list[int]()

    def come_too(drawn: int) -> None:
        if drawn == 1:
            others.append(keep(session, user_id))
            answers.append(make_next_batch(session))
            assert row(session, others[0]).worked_on_at is None
            session.rollback()

    before_each(come_too)
    assert make_next_batch(session) is True
    assert answers == [False]


def test_of_two_who_claim_at_once_one_gets_it(session: Session, user_id: int, app: Flask) -> None:
    batch_id = keep(session, user_id)
    barrier, claimed = Barrier(4), list[int]()

    def claim() -> None:
        with app.app_context():
            barrier.wait()
            if found := claim_batch(db.session()):
                claimed.append(found.id)
            db.session.commit()

    threads = [Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert claimed == [batch_id]


def test_one_that_a_worker_has_is_taken_by_nobody_until_it_falls_silent(session: Session, user_id: int) -> None:
    keep(session, user_id)
    first = claim_batch(session)
    session.commit()
    assert first is not None
    assert (is_any_waiting(session), claim_batch(session)) == (False, None)
    let_its_worker_fall_silent(session)
    assert is_any_waiting(session) is True
    assert claim_batch(session) == first


def test_two_who_make_the_same_batch_make_one_file_for_one_charge(
    session: Session, user_id: int, before_each: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    """The first was taken for dead, and goes on when the second is done."""
    batch_id, files = keep(session, user_id), list[bytes | None]()

    def be_overtaken(drawn: int) -> None:
        if drawn == 1:
            let_its_worker_fall_silent(session)
            claim = claim_batch(session)
            session.commit()
            assert claim is not None
            with Session(db.engine) as other:
                qr_batches._make(other, claim)
            files.append(row(session, batch_id).archive)
            session.rollback()

    before_each(be_overtaken)
    with caplog.at_level(logging.WARNING):
        make_next_batch(session)
    assert files == [row(session, batch_id).archive]
    assert files[0] is not None
    assert "is not handed out" in caplog.text
    assert numbers(session, user_id) == (7, 0)
    assert verify(session) == []
