"""Links in mails: used once, by one, for one purpose, in time, and until a newer one is made."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.database.base import expect_writes
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.mail.kinds import KINDS, LinkKind
from payapp.mail.links import Link, find_link, forget_old_links, make_link, use_link, void_links
from payapp.mail.models import Mail, MailedLink
from payapp.mail.outbox import claim_mail, post_mail
from tests.factories import make_user

HOSTILE = ["", " ", "x", "1" * 100_000, "\x00", "'; DROP TABLE users; --", "../..", "\ud800", "😀", "%00", "null"]


@pytest.fixture(autouse=True)
def writes(session: Session) -> None:
    expect_writes()


@pytest.fixture
def user_id(session: Session) -> int:
    return make_user(session).id


def kind_of(name: str) -> LinkKind:
    link = KINDS[name].link
    assert link is not None
    return link


@pytest.fixture
def make(session: Session, user_id: int) -> Callable[..., str]:
    def make(kind: str = "verify", address: str = "ada@example.com", of: int = user_id) -> str:
        token = make_link(session, of, kind_of(kind), address)
        session.commit()
        return token

    return make


def test_it_works_once(session: Session, make: Callable[..., str], user_id: int) -> None:
    token = make()
    assert find_link(session, "verify", token) == Link(user_id, "ada@example.com")
    assert use_link(session, "verify", token) == Link(user_id, "ada@example.com")
    assert use_link(session, "verify", token) is None
    assert find_link(session, "verify", token) is None


def test_looking_uses_nothing(session: Session, make: Callable[..., str]) -> None:
    token = make()
    for _ in range(3):
        assert find_link(session, "verify", token)
    assert use_link(session, "verify", token)


def test_what_is_rolled_back_leaves_it_good(session: Session, make: Callable[..., str]) -> None:
    token = make()
    use_link(session, "verify", token)
    session.rollback()
    assert use_link(session, "verify", token)


def test_it_keeps_the_hash_alone(session: Session, make: Callable[..., str]) -> None:
    token = make()
    assert len(token) >= 43
    kept = session.scalars(select(MailedLink)).one()
    assert token not in repr(vars(kept))


def test_a_newer_one_voids_the_older_of_its_purpose(session: Session, make: Callable[..., str]) -> None:
    older, of_another_purpose, newer = make(), make("reset"), make()
    assert find_link(session, "verify", older) is None
    assert find_link(session, "verify", newer)
    assert find_link(session, "reset", of_another_purpose)


def test_it_is_another_users_business_to_have_one(session: Session, make: Callable[..., str]) -> None:
    mine, theirs = make(), make(of=make_user(session).id)
    assert find_link(session, "verify", mine)
    assert find_link(session, "verify", theirs)


@pytest.mark.parametrize("other", ["reset", "change"])
def test_it_is_good_for_its_purpose_alone(session: Session, make: Callable[..., str], other: str) -> None:
    token = make()
    assert find_link(session, other, token) is None  # type: ignore[arg-type]
    assert use_link(session, other, token) is None  # type: ignore[arg-type]
    assert find_link(session, "verify", token)


@pytest.mark.parametrize(("kind", "lifetime"), [("verify", 3 * 24), ("reset", 1), ("change-address", 24)])
def test_it_ends_in_time(session: Session, make: Callable[..., str], kind: str, lifetime: int) -> None:
    token = make(kind)
    ends = session.scalars(select(MailedLink.expires_at)).one()
    assert abs((ends - utc_now()) - timedelta(hours=lifetime)) < timedelta(minutes=1)
    session.execute(update(MailedLink).values(expires_at=utc_now() - timedelta(seconds=1)))
    assert find_link(session, kind_of(kind).purpose, token) is None
    assert use_link(session, kind_of(kind).purpose, token) is None
    assert forget_old_links(session) == 1
    assert forget_old_links(session) == 0


@pytest.mark.parametrize("token", HOSTILE)
def test_it_takes_no_nonsense(session: Session, make: Callable[..., str], token: str) -> None:
    good = make()
    assert find_link(session, "verify", token) is None
    assert use_link(session, "verify", token) is None
    assert use_link(session, "verify", good + token if token else good.upper()) is None
    assert find_link(session, "verify", good)


def test_of_many_who_press_at_once_one_uses_it(session: Session, make: Callable[..., str], app: Flask) -> None:
    token = make()
    session.commit()
    barrier, used = Barrier(6), list[Link]()

    def press() -> None:
        with app.app_context():
            barrier.wait()
            if link := use_link(db.session(), "verify", token):
                used.append(link)
            db.session.commit()

    threads = [Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(used) == 1


def test_voiding_ends_what_was_sent_and_what_waits(session: Session, make: Callable[..., str], user_id: int) -> None:
    verify, reset, theirs = make(), make("reset"), make(of=make_user(session).id)
    post_mail(session, "verify", "ada@example.com", user_id)
    notice = post_mail(session, "password-changed", "ada@example.com", user_id)
    void_links(session, user_id)
    session.commit()
    assert find_link(session, "verify", verify) is None
    assert find_link(session, "reset", reset) is None
    assert find_link(session, "verify", theirs)
    claim = claim_mail(session)
    assert claim is not None
    assert claim.id == notice
    assert claim_mail(session) is None
    assert {mail.last_error for mail in session.scalars(select(Mail))} == {"withdrawn", None}


def test_voiding_one_purpose_leaves_the_others(session: Session, make: Callable[..., str], user_id: int) -> None:
    verify, change = make(), make("change-address")
    void_links(session, user_id, ["change"])
    assert find_link(session, "verify", verify)
    assert find_link(session, "change", change) is None
