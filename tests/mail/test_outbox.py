"""The outbox: ordered with what it tells, taken by one worker, tried again, given up, forgotten."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.database.base import expect_writes
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.mail.models import Mail
from payapp.mail.outbox import (
    CLAIM_SECONDS,
    PAUSE_SECONDS_MAX,
    Claim,
    claim_mail,
    forget_mails_of,
    forget_old_mails,
    is_any_waiting,
    list_mails,
    note_failed,
    note_sent,
    post_mail,
)
from tests.factories import make_user


@pytest.fixture(autouse=True)
def writes(session: Session) -> None:
    expect_writes()


@pytest.fixture
def user_id(session: Session) -> int:
    return make_user(session).id


@pytest.fixture
def post(session: Session, user_id: int) -> Callable[..., int]:
    def post(kind: str = "password-changed", **data: str) -> int:
        mail_id = post_mail(session, kind, "ada@example.com", user_id, data)
        session.commit()
        return mail_id

    return post


def claim(session: Session) -> Claim:
    claim = claim_mail(session)
    session.commit()
    assert claim is not None
    return claim


def row(session: Session, mail_id: int) -> Mail:
    session.commit()
    return session.get_one(Mail, mail_id, populate_existing=True)


def change(session: Session, **values: Any) -> None:
    session.execute(update(Mail).values(values))
    session.commit()


def test_it_works(session: Session, post: Callable[..., int], user_id: int) -> None:
    mail_id = post(new="new@example.com")
    assert is_any_waiting(session)
    taken = claim(session)
    assert taken == Claim(mail_id, "password-changed", user_id, "ada@example.com", {"new": "new@example.com"}, 1)
    note_sent(session, taken)
    sent = row(session, mail_id)
    assert (sent.next_try_at, sent.last_error) == (None, None)
    assert sent.sent_at is not None
    assert not is_any_waiting(session)


def test_what_is_rolled_back_is_not_sent(session: Session, user_id: int) -> None:
    post_mail(session, "password-changed", "ada@example.com", user_id)
    session.rollback()
    assert claim_mail(session) is None


def test_the_oldest_comes_first(session: Session, post: Callable[..., int]) -> None:
    ids = [post() for _ in range(3)]
    assert [claim(session).id for _ in ids] == ids
    assert claim_mail(session) is None


def test_of_many_who_claim_at_once_each_gets_another(session: Session, post: Callable[..., int], app: Flask) -> None:
    ids = {post() for _ in range(3)}
    barrier, claimed = Barrier(6), list[int]()

    def take() -> None:
        with app.app_context():
            barrier.wait()
            if found := claim_mail(db.session()):
                claimed.append(found.id)
            db.session.commit()

    threads = [Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # on PostgreSQL somebody may look past a row that another has just locked, and find none: the next call has it
    assert len(claimed) == len(set(claimed))
    assert set(claimed) <= ids
    rest = [claim(session).id for _ in range(3 - len(claimed))]
    assert set(claimed) | set(rest) == ids


def test_a_claim_whose_worker_died_is_taken_away(session: Session, post: Callable[..., int]) -> None:
    mail_id = post()
    first = claim(session)
    waits_until = row(session, mail_id).next_try_at
    assert waits_until is not None
    assert 0 < (waits_until - utc_now()).total_seconds() <= CLAIM_SECONDS
    change(session, next_try_at=utc_now() - timedelta(seconds=1))
    second = claim(session)
    assert (second.id, second.attempts) == (mail_id, 2)
    note_failed(session, first, "the first is not dead after all")
    assert row(session, mail_id).last_error is None
    note_sent(session, second)
    assert row(session, mail_id).sent_at is not None


def test_pauses_grow(session: Session, post: Callable[..., int]) -> None:
    mail_id, pauses = post(), list[int]()
    for _ in range(12):
        change(session, next_try_at=utc_now() - timedelta(seconds=1))
        note_failed(session, claim(session), "server away")
        again = row(session, mail_id).next_try_at
        assert again is not None
        pauses.append(round((again - utc_now()).total_seconds()))
    assert pauses[:4] == [60, 120, 240, 480]
    assert pauses[-1] == PAUSE_SECONDS_MAX
    assert row(session, mail_id).last_error == "server away"


def test_it_is_given_up_after_three_days(session: Session, post: Callable[..., int]) -> None:
    mail_id = post()
    change(session, created_at=utc_now() - timedelta(days=3))
    note_failed(session, claim(session), "server away")
    given_up = row(session, mail_id)
    assert (given_up.next_try_at, given_up.sent_at, given_up.last_error) == (None, None, "server away")


def test_a_link_that_is_waited_for_is_given_up_sooner(session: Session, post: Callable[..., int]) -> None:
    mail_id = post("reset")
    change(session, created_at=utc_now() - timedelta(hours=1))
    note_failed(session, claim(session), "server away")
    assert row(session, mail_id).next_try_at is None


def test_what_will_never_work_is_given_up_at_once(session: Session, post: Callable[..., int]) -> None:
    mail_id = post()
    note_failed(session, claim(session), "x" * 9000, is_final=True)
    given_up = row(session, mail_id)
    assert (given_up.next_try_at, given_up.last_error) == (None, "x" * 500)


def test_a_newer_link_takes_the_place_of_one_that_waits(session: Session, post: Callable[..., int]) -> None:
    older, notice, newer = post("verify"), post("password-changed"), post("verify")
    assert row(session, older).last_error == "withdrawn"
    assert [claim(session).id for _ in range(2)] == [notice, newer]


def test_it_keeps_no_secret(session: Session) -> None:
    columns = set(Mail.__table__.columns.keys())
    assert not any(word in name for name in columns for word in ("token", "secret", "link", "body", "html"))


def test_staff_can_read_what_was_sent(session: Session, post: Callable[..., int], user_id: int) -> None:
    post_mail(session, "password-changed", "noise@example.com", make_user(session).id)
    first, second = post(), post("verify")
    assert [mail.id for mail in list_mails(session, user_id, limit=9)] == [second, first]
    assert [mail.id for mail in list_mails(session, user_id, limit=1)] == [second]
    forget_mails_of(session, user_id)
    assert list_mails(session, user_id, limit=9) == []
    assert len(session.scalars(select(Mail)).all()) == 1


def test_it_forgets_after_thirty_days(session: Session, post: Callable[..., int]) -> None:
    sent, given_up, waiting = post(), post(), post()
    note_sent(session, claim(session))
    note_failed(session, claim(session), "no", is_final=True)
    change(session, created_at=utc_now() - timedelta(days=30, minutes=1))
    young = post()
    assert forget_old_mails(session) == 2
    assert session.scalars(select(Mail.id).order_by(Mail.id)).all() == [waiting, young]
    assert {sent, given_up}.isdisjoint({waiting, young})
