"""/reset-password/<token>: a new password, once, and nobody stays logged in."""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.auth import accounts, hashing, password_tries
from payapp.auth.api_keys import create_api_key, find_active_key
from payapp.auth.factors.owned import has_factor
from payapp.auth.models import User
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.mail.models import MailedLink
from tests.auth.by_mail.conftest import Mailbox
from tests.auth.factor_owners import set_up_app
from tests.people import PASSWORD, Visitor

NEW = "a whole new password"


def ask(visitor: Visitor, mailbox: Mailbox, email: str = "ada@example.com") -> str:
    visitor.submit("/forgot-password", email=email)
    return mailbox.link()


def can_log_in(app: Flask, password: str, email: str = "ada@example.com") -> bool:
    return Visitor(app.test_client()).log_in(email, password).status_code == 303


def change(session: Session, statement: object) -> None:
    with writing():
        session.execute(statement)  # type: ignore[call-overload]
        session.commit()


def test_it_works(app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    path = ask(forgetful := Visitor(app.test_client()), mailbox)
    page = forgetful.get(path)
    assert page.status_code == 200
    assert "ada@example.com" in page.text
    response = forgetful.submit(path, password=NEW)
    assert (response.status_code, response.location) == (303, "/login")
    assert "Your password is changed" in forgetful.get("/login").text
    assert can_log_in(app, NEW)
    assert not can_log_in(app, PASSWORD)
    assert mailbox.subjects()[-1] == "Your password was changed"


def test_it_ends_all_logins_and_begins_none(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    elsewhere = Visitor(app.test_client())
    elsewhere.log_in()
    forgetful = Visitor(app.test_client())
    forgetful.submit(ask(forgetful, mailbox), password=NEW)
    for each in (visitor, elsewhere, forgetful):
        assert each.get("/dashboard/credits").status_code == 303


def test_it_leaves_other_users_alone(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    other = Visitor(app.test_client())
    other.sign_up("grace@example.com")
    stranger = Visitor(app.test_client())
    stranger.submit(ask(stranger, mailbox), password=NEW)
    assert other.get("/dashboard/credits").status_code == 200
    assert can_log_in(app, PASSWORD, "grace@example.com")


def test_it_voids_every_other_link(app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    verify = mailbox.link()
    visitor.submit("/dashboard/account/email", email="new@example.com", current_password=PASSWORD)
    mailbox.fetch()
    change_link = mailbox.server.link_in(-2)
    visitor.submit(ask(visitor, mailbox), password=NEW)
    visitor.log_in(password=NEW)
    assert visitor.submit(verify).status_code == 404
    assert visitor.submit(change_link).status_code == 404
    assert session.scalars(select(MailedLink)).all() == []
    assert session.scalars(select(User.email)).all() == ["ada@example.com"]


def test_what_waits_still_is_not_sent_after_it(visitor: Visitor, mailbox: Mailbox) -> None:
    """A change of address that somebody else has asked for."""
    visitor.sign_up()
    path = ask(visitor, mailbox)
    visitor.submit("/dashboard/account/email", email="thief@example.com", current_password=PASSWORD)
    visitor.submit(path, password=NEW)
    assert mailbox.subjects("thief@example.com") == []


def test_it_confirms_the_address(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    visitor.submit(ask(visitor, mailbox), password=NEW)
    assert session.scalars(select(User.email_verified_at)).one() is not None


@pytest.mark.parametrize("is_verified", [True, False])
def test_keys_of_an_account_that_nobody_has_confirmed_end(
    visitor: Visitor, mailbox: Mailbox, session: Session, is_verified: bool
) -> None:
    """Somebody may have made it with another's address, and kept a key."""
    visitor.sign_up()
    if is_verified:
        visitor.submit(mailbox.link())
    with writing():
        user_id = session.scalars(select(User.id)).one()
        key = create_api_key(session, user_id, "mine", "spend")
        session.commit()
    visitor.submit(ask(visitor, mailbox), password=NEW)
    assert bool(find_active_key(session, key.secret)) is is_verified


@pytest.mark.parametrize("is_verified", [False, True])
def test_factors_of_an_address_that_nobody_had_confirmed_end_too(
    visitor: Visitor, session: Session, mailbox: Mailbox, is_verified: bool
) -> None:
    """Else whoever made the account would keep its owner out, or come in by a passkey."""
    visitor.sign_up()
    if is_verified:
        visitor.submit(mailbox.link())
    set_up_app(visitor)
    visitor.submit(ask(visitor, mailbox), password=NEW)
    session.rollback()
    assert has_factor(session, session.scalars(select(User.id)).one()) is is_verified


def test_looking_uses_nothing(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    path = ask(visitor, mailbox)
    for _ in range(2):
        assert visitor.get(path).status_code == 200
        assert visitor.client.head(path).status_code == 200
    assert can_log_in(app, PASSWORD)
    assert visitor.submit(path, password=NEW).status_code == 303


def test_it_works_once(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    path = ask(visitor, mailbox)
    visitor.submit(path, password=NEW)
    again = visitor.submit(path, password="yet another password")
    assert again.status_code == 404
    assert "This link does not work any more" in again.text
    assert visitor.get(path).status_code == 404
    assert can_log_in(app, NEW)


def test_of_many_who_press_at_once_one_sets_a_password(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    path = ask(visitor, mailbox)
    people = [Visitor(app.test_client()) for _ in range(5)]
    for person in people:
        person.csrf_token()
    barrier = Barrier(len(people))

    def press(number: int) -> int:
        barrier.wait()
        return people[number].submit(path, password=f"the password {number}").status_code

    with ThreadPoolExecutor(len(people)) as crowd:
        answers = list(crowd.map(press, range(len(people))))
    assert Counter(answers) == {303: 1, 404: len(people) - 1}
    assert [can_log_in(app, f"the password {number}") for number in range(len(people))].count(True) == 1
    assert can_log_in(app, f"the password {answers.index(303)}")


def test_a_newer_one_voids_it(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    older, newer = ask(visitor, mailbox), ask(visitor, mailbox)
    assert visitor.submit(older, password=NEW).status_code == 404
    assert visitor.submit(newer, password=NEW).status_code == 303


def test_it_ends_after_an_hour(app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    path = ask(visitor, mailbox)
    change(session, update(MailedLink).values(expires_at=utc_now() - timedelta(seconds=1)))
    assert visitor.get(path).status_code == 404
    assert visitor.submit(path, password=NEW).status_code == 404
    assert can_log_in(app, PASSWORD)


def test_who_is_disabled_meanwhile_sets_none(app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    path = ask(visitor, mailbox)
    change(session, update(User).values(disabled_at=utc_now()))
    assert Visitor(app.test_client()).submit(path, password=NEW).status_code == 404
    change(session, update(User).values(disabled_at=None))
    assert can_log_in(app, PASSWORD)


def test_it_is_no_other_link(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    token = ask(visitor, mailbox).rpartition("/")[2]
    assert visitor.submit(f"/verify-email/{token}").status_code == 404
    assert visitor.submit(f"/change-email/{token}").status_code == 404
    assert session.scalars(select(User.email_verified_at)).one() is None


@pytest.mark.parametrize("password", ["", "short", "x" * 2000])
def test_a_password_that_breaks_the_rules_uses_nothing(
    app: Flask, visitor: Visitor, mailbox: Mailbox, password: str
) -> None:
    visitor.sign_up()
    path = ask(visitor, mailbox)
    response = visitor.submit(path, password=password)
    assert response.status_code == 422
    assert "Error: " in response.text
    assert visitor.submit(path, password=NEW).status_code == 303


def test_without_a_token_of_the_form_it_is_shown_again(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    path = ask(visitor, mailbox)
    stranger = Visitor(app.test_client())
    refused = stranger.client.post(path, data={"password": NEW})
    assert refused.status_code == 400
    assert f'href="{path}"' in refused.text
    assert can_log_in(app, PASSWORD)
    assert stranger.submit(path, password=NEW).status_code == 303


def test_when_too_many_come_at_once_the_link_stays(
    visitor: Visitor, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.sign_up()
    path = ask(visitor, mailbox)
    with monkeypatch.context() as patched:
        patched.setattr(hashing._room, "acquire", lambda blocking: False)
        crowded = visitor.submit(path, password=NEW)
    assert (crowded.status_code, crowded.headers["Retry-After"]) == (503, "5")
    assert crowded.headers["Referrer-Policy"] == "no-referrer"
    assert visitor.submit(path, password=NEW).status_code == 303


def test_its_page_tells_nobody_where_it_is(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    path = ask(visitor, mailbox)
    for response in (visitor.get(path), visitor.submit(path, password="x"), visitor.submit(path, password=NEW)):
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"


def test_its_token_is_in_no_log(
    app: Flask, visitor: Visitor, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even when something of ours breaks."""
    visitor.sign_up()
    with caplog.at_level(logging.DEBUG):
        caplog.handler.addFilter(lambda record: not record.name.startswith(("mail", "tests")))
        path = ask(visitor, mailbox)
        visitor.get(path)
        app.testing = False
        app.config["PROPAGATE_EXCEPTIONS"] = False

        def break_down(*_: object) -> None:
            raise RuntimeError("broken")

        with monkeypatch.context() as patched:
            patched.setattr("payapp.auth.by_mail.routes.reset_password", break_down)
            assert visitor.submit(path, password=NEW).status_code == 500
            patched.setattr("payapp.auth.by_mail.routes.find_link", break_down)
            assert visitor.get(path).status_code == 500
        visitor.submit(path, password=NEW)
    assert "exception at /reset-password/… [POST]" in caplog.text
    assert path.rpartition("/")[2] not in caplog.text
    app.testing = True


def test_a_login_with_the_old_password_that_is_under_way_does_not_outlive_it(
    app: Flask, visitor: Visitor, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password is found right, and changed before the login begins."""
    visitor.sign_up()
    path, owner, thief = ask(visitor, mailbox), Visitor(app.test_client()), Visitor(app.test_client())
    owner.csrf_token()
    verify = accounts.is_right_password

    def verify_and_dawdle(password_hash: str | None, password: str) -> bool:
        is_right = verify(password_hash, password)
        monkeypatch.setattr(password_tries, "is_right_password", verify)
        assert owner.submit(path, password=NEW).status_code == 303
        return is_right

    monkeypatch.setattr(password_tries, "is_right_password", verify_and_dawdle)
    assert thief.log_in().location == "/login"
    assert thief.get("/dashboard/credits").status_code == 303
    assert "The password was changed just now" in thief.get("/login").text
    assert can_log_in(app, NEW)
