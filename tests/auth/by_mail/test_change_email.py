"""/dashboard/account/email and /change-email/<token>: another address, confirmed by who owns both."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth.models import User
from payapp.billing.customer_sync import list_users_to_sync
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.mail.models import Mail, MailedLink
from tests.auth.by_mail.conftest import Mailbox
from tests.people import PASSWORD, Visitor

PAGE = "/dashboard/account/email"


def ask(visitor: Visitor, email: str = "new@example.com", password: str = PASSWORD) -> TestResponse:
    return visitor.submit(PAGE, email=email, current_password=password)


def link_to(mailbox: Mailbox, address: str = "new@example.com") -> str:
    """Return the path of the link in the newest mail to this address."""
    mailbox.fetch()
    mails = mailbox.server.mails
    return mailbox.server.link_in(max(number for number, mail in enumerate(mails) if mail["To"] == address))


def emails(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(User.email).order_by(User.id)))


def test_it_works(app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    assert "ada@example.com" in visitor.get(PAGE).text
    response = ask(visitor, "NEW@Example.com")
    assert (response.status_code, response.location) == (303, PAGE)
    assert "We have written to new@example.com" in visitor.get(PAGE).text
    path = link_to(mailbox)
    assert emails(session) == ["ada@example.com"]
    assert "new@example.com" in visitor.get(path).text
    done = visitor.submit(path)
    assert (done.status_code, done.location) == (303, PAGE)
    assert emails(session) == ["new@example.com"]
    page = visitor.get(PAGE).text
    assert "Confirmed" in page
    assert "Your e-mail address is new@example.com from now on." in page
    assert Visitor(app.test_client()).log_in("new@example.com").status_code == 303
    assert Visitor(app.test_client()).log_in("ada@example.com").status_code == 422


def test_the_old_address_is_told_twice(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    ask(visitor)
    visitor.submit(link_to(mailbox))
    assert mailbox.subjects()[1:] == ["Your e-mail address is about to change", "Your e-mail address was changed"]
    assert mailbox.subjects("new@example.com") == ["Confirm your new e-mail address"]


def test_stripe_is_told_by_the_sync(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    with writing():
        session.execute(update(User).values(stripe_customer_id="cus_1", stripe_customer_email="ada@example.com"))
        session.commit()
    assert list_users_to_sync(session) == []
    ask(visitor)
    visitor.submit(link_to(mailbox))
    session.rollback()
    assert len(list_users_to_sync(session)) == 1


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(visitor: Visitor, mailbox: Mailbox, session: Session, method: str) -> None:
    visitor.sign_up()
    ask(visitor)
    path = link_to(mailbox)
    assert getattr(visitor.client, method)(path).status_code == 200
    assert emails(session) == ["ada@example.com"]
    assert visitor.submit(path).status_code == 303


def test_it_asks_for_the_password(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    response = ask(visitor, password="wrong")
    assert response.status_code == 422
    assert "This is not your current password." in response.text
    assert 'value="new@example.com"' in response.text
    assert set(session.scalars(select(Mail.kind))) == {"verify"}


def test_guesses_end_after_ten(visitor: Visitor) -> None:
    visitor.sign_up()
    answers = [ask(visitor, password="wrong").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


def test_a_right_password_counts_as_no_guess(visitor: Visitor) -> None:
    visitor.sign_up()
    assert [ask(visitor, f"new{number}@example.com").status_code for number in range(6)] == [303] * 5 + [429]
    assert ask(visitor, password="wrong").status_code == 422


# ---- who must not be able to


def test_a_stranger_who_reads_the_new_mailbox_can_not_change_it(
    app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session
) -> None:
    """The address was a slip of the pen: its owner must not get the account."""
    visitor.sign_up()
    ask(visitor)
    path, stranger = link_to(mailbox), Visitor(app.test_client())
    for response in (stranger.get(path), stranger.submit(path)):
        assert response.status_code == 200
        assert "Log in first" in response.text
        assert "ada@example.com" not in response.text
    other = Visitor(app.test_client())
    other.sign_up("grace@example.com")
    for response in (other.get(path), other.submit(path)):
        assert response.status_code == 404
    assert emails(session) == ["ada@example.com", "grace@example.com"]
    assert visitor.submit(path).status_code == 303  # and nothing was used up


def test_after_log_out_it_asks_to_log_in(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    ask(visitor)
    path = link_to(mailbox)
    visitor.submit("/logout")
    assert "Log in first" in visitor.submit(path).text
    assert emails(session) == ["ada@example.com"]
    visitor.log_in()
    assert visitor.submit(path).status_code == 303


def test_a_disabled_user_changes_nothing(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    ask(visitor)
    path = link_to(mailbox)
    with writing():
        session.execute(update(User).values(disabled_at=utc_now()))
        session.commit()
    assert visitor.get(PAGE).status_code == 303
    assert "Log in first" in visitor.submit(path).text
    assert emails(session) == ["ada@example.com"]


def test_it_works_once(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    ask(visitor)
    path = link_to(mailbox)
    assert visitor.submit(path).status_code == 303
    assert visitor.submit(path).status_code == 404
    assert visitor.get(path).status_code == 404


def test_of_two_tabs_that_press_at_once_one_changes_it(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    ask(visitor)
    path, tabs = link_to(mailbox), [Visitor(app.test_client()) for _ in range(4)]
    for tab in tabs:
        tab.log_in()
        tab.csrf_token()
    barrier = Barrier(len(tabs))

    def press(tab: Visitor) -> int:
        barrier.wait()
        return tab.submit(path).status_code

    with ThreadPoolExecutor(len(tabs)) as crowd:
        assert Counter(crowd.map(press, tabs)) == {303: 1, 404: len(tabs) - 1}
    assert mailbox.subjects().count("Your e-mail address was changed") == 1


def test_another_wish_voids_the_first_at_once(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    """Before its mail is sent: whoever has the first address by mistake has had their time."""
    visitor.sign_up()
    ask(visitor, "slip@example.com")
    first = link_to(mailbox, "slip@example.com")
    ask(visitor)
    assert visitor.submit(first).status_code == 404
    assert visitor.submit(link_to(mailbox)).status_code == 303
    assert emails(session) == ["new@example.com"]


def test_a_wish_that_is_replaced_is_not_mailed(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    ask(visitor, "slip@example.com")
    ask(visitor)
    assert mailbox.subjects("slip@example.com") == []
    assert mailbox.subjects("new@example.com") == ["Confirm your new e-mail address"]


def test_it_ends_after_a_day(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    ask(visitor)
    path = link_to(mailbox)
    with writing():
        session.execute(update(MailedLink).values(expires_at=utc_now() - timedelta(seconds=1)))
        session.commit()
    assert visitor.submit(path).status_code == 404
    assert emails(session) == ["ada@example.com"]


def test_links_to_the_old_address_end_with_it(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    verify = mailbox.link()
    visitor.submit("/forgot-password", email="ada@example.com")
    reset = mailbox.link()
    ask(visitor)
    visitor.submit(link_to(mailbox))
    assert visitor.get(verify).status_code == 404
    assert visitor.get(reset).status_code == 404


# ---- addresses that are somebody else's


def test_a_taken_address_answers_alike_and_its_owner_is_told(
    app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session
) -> None:
    visitor.sign_up()
    Visitor(app.test_client()).sign_up("grace@example.com")
    free, taken = ask(visitor, "freee@example.com"), ask(visitor, "grace@example.com")
    assert (free.status_code, free.location, free.text) == (taken.status_code, taken.location, taken.text)
    assert "We have written to grace@example.com" in visitor.get(PAGE).text
    assert mailbox.subjects("grace@example.com")[1:] == ["You have an account already"]
    assert session.scalars(select(MailedLink.purpose)).all().count("change") == 0


def test_one_that_is_taken_meanwhile_stays_its_owners(
    app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session
) -> None:
    visitor.sign_up()
    ask(visitor)
    path = link_to(mailbox)
    Visitor(app.test_client()).sign_up("New@example.com")
    refused = visitor.submit(path)
    assert refused.status_code == 409
    assert "Your address was not changed" in refused.text
    assert emails(session) == ["ada@example.com", "new@example.com"]
    assert visitor.get("/dashboard/credits").status_code == 200


def test_two_who_want_the_same_address_at_once(
    app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session
) -> None:
    people = [visitor, Visitor(app.test_client())]
    paths = list[str]()
    for number, person in enumerate(people):
        person.sign_up(f"person{number}@example.com")
        ask(person)
        paths.append(link_to(mailbox))
        person.csrf_token()
    barrier = Barrier(2)

    def press(number: int) -> int:
        barrier.wait()
        return people[number].submit(paths[number]).status_code

    with ThreadPoolExecutor(2) as crowd:
        assert sorted(crowd.map(press, range(2))) == [303, 409]
    assert sorted(emails(session))[0] == "new@example.com"


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ADA@example.com",
        "new@example.com\r\nBcc: victim@example.com",
        "a" * 300 + "@x.com",
        "a b@example.com",
    ],
)
def test_it_refuses_what_is_no_other_address(visitor: Visitor, session: Session, email: str) -> None:
    visitor.sign_up()
    assert ask(visitor, email).status_code == 422
    assert set(session.scalars(select(Mail.kind))) == {"verify"}


class TestWithoutMail:
    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return settings | {"MAIL_URL": "none"}

    def test_it_says_so(self, visitor: Visitor, session: Session) -> None:
        visitor.sign_up()
        for response in (visitor.get(PAGE), ask(visitor)):
            assert "This site sends no e-mail" in response.text
        visitor.submit(f"{PAGE}/send-again")
        assert session.scalars(select(Mail)).all() == []
