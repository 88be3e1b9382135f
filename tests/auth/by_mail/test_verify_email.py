"""/verify-email/<token>: looking does nothing, the button confirms, once."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.mail.models import MailedLink
from tests.auth.by_mail.conftest import Mailbox
from tests.people import Visitor


def is_verified(session: Session, email: str = "ada@example.com") -> bool:
    session.rollback()
    verified_at = session.execute(select(User.email_verified_at).where(User.email == email)).scalar_one()
    return verified_at is not None


def test_it_works(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    assert mailbox.subjects() == ["Confirm your e-mail address"]
    assert not is_verified(session)
    assert "Please confirm" in visitor.get("/dashboard/credits").text
    page = visitor.get(mailbox.link())
    assert page.status_code == 200
    assert "ada@example.com" in page.text
    response = visitor.submit(mailbox.link())
    assert (response.status_code, response.location) == (303, "/dashboard/credits")
    assert is_verified(session)
    page_after = visitor.get("/dashboard/credits").text
    assert "Your e-mail address is confirmed" in page_after
    assert "Please confirm" not in page_after


def test_it_works_on_another_device(app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    response = Visitor(app.test_client()).submit(mailbox.link())
    assert (response.status_code, response.location) == (303, "/login")
    assert is_verified(session)


def test_looking_uses_nothing(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    path = mailbox.link()
    for _ in range(2):
        assert visitor.get(path).status_code == 200
        assert visitor.client.head(path).status_code == 200
        assert visitor.client.options(path).status_code == 200
    assert not is_verified(session)
    assert visitor.submit(path).status_code == 303


def test_a_second_press_says_that_it_is_over(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    path = mailbox.link()
    visitor.submit(path)
    again = visitor.submit(path)
    assert again.status_code == 404
    assert "This link does not work any more" in again.text
    assert visitor.get(path).status_code == 404
    assert is_verified(session)


def test_a_newer_mail_voids_it(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    older = mailbox.link()
    assert visitor.submit("/dashboard/account/email/send-again").status_code == 303
    newer = mailbox.link()
    assert visitor.submit(older).status_code == 404
    assert not is_verified(session)
    assert visitor.submit(newer).status_code == 303


def test_it_ends_after_three_days(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    path = mailbox.link()
    with writing():
        session.execute(update(MailedLink).values(expires_at=utc_now() - timedelta(seconds=1)))
        session.commit()
    assert visitor.get(path).status_code == 404
    assert visitor.submit(path).status_code == 404
    assert not is_verified(session)


@pytest.mark.parametrize("changed", [{"email": "new@example.com"}, {"disabled_at": utc_now()}])
def test_it_confirms_that_address_alone_and_nobody_who_is_disabled(
    app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session, changed: dict[str, object]
) -> None:
    visitor.sign_up()
    path = mailbox.link()
    with writing():
        session.execute(update(User).values(changed))
        session.commit()
    assert Visitor(app.test_client()).submit(path).status_code == 404
    assert not is_verified(session, str(changed.get("email", "ada@example.com")))


def test_it_is_no_other_link(visitor: Visitor, mailbox: Mailbox, session: Session) -> None:
    visitor.sign_up()
    token = mailbox.link().rpartition("/")[2]
    for other in ("reset-password", "change-email"):
        assert visitor.get(f"/{other}/{token}").status_code == 404
        assert visitor.submit(f"/{other}/{token}", password="a new password").status_code == 404
    assert not is_verified(session)


def test_it_wants_a_token_of_the_form_and_is_not_used_up_without(
    visitor: Visitor, mailbox: Mailbox, session: Session
) -> None:
    visitor.sign_up()
    path = mailbox.link()
    refused = visitor.client.post(path)
    assert refused.status_code == 400
    assert f'href="{path}"' in refused.text
    assert not is_verified(session)
    assert visitor.submit(path).status_code == 303


def test_its_page_tells_nobody_where_it_is(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    path = mailbox.link()
    for response in (visitor.get(path), visitor.submit(path), visitor.get(path), visitor.client.post(path)):
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("where", ["verify-email", "reset-password", "change-email"])
@pytest.mark.parametrize(
    "token",
    ["x", "%00", "%ff", "..%2f..", "a/b", "x" * 5000, "%F0%9F", "'%20OR%201=1--", "<script>", "%0d%0aX:%20y"],
)
def test_nonsense_is_no_link(visitor: Visitor, where: str, token: str) -> None:
    for response in (
        visitor.get(f"/{where}/{token}"),
        visitor.submit(f"/{where}/{token}", password="a long new password"),
    ):
        assert response.status_code in (400, 404)
        assert "<script>" not in response.text.replace("<script defer", "")


# ---- sending it again


def test_it_is_sent_again_five_times_in_a_quarter_of_an_hour(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    answers = [visitor.submit("/dashboard/account/email/send-again").status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]
    assert mailbox.subjects() == ["Confirm your e-mail address"]  # those that waited were withdrawn


def test_it_is_not_sent_again_to_who_has_confirmed(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    visitor.submit(mailbox.link())
    assert visitor.submit("/dashboard/account/email/send-again").status_code == 303
    assert len(mailbox.subjects()) == 1


def test_a_stranger_can_not_have_it_sent(visitor: Visitor) -> None:
    response = visitor.submit("/dashboard/account/email/send-again")
    assert (response.status_code, response.location.split("?")[0]) == (303, "/login")


def test_nothing_waits_for_it(visitor: Visitor) -> None:
    visitor.sign_up()
    assert visitor.get("/features/qr-codes").status_code == 200
    assert visitor.submit("/features/qr-codes", text="hello").status_code == 402  # it is credits that are missing
