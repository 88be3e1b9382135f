"""Mails that tell the owner what was done to the account, whoever did it."""

from tests.auth.by_mail.conftest import Mailbox
from tests.auth.factor_owners import PAGE, set_up_app
from tests.mail_server import text_of
from tests.people import PASSWORD, Visitor

FACTORS = "Your second factors were changed"


def test_a_changed_password_is_told(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    new = "another correct horse"
    visitor.submit("/dashboard/account/password", current_password=PASSWORD, new_password=new)
    assert mailbox.subjects()[-1] == "Your password was changed"


def test_a_password_that_was_not_changed_is_not_told(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    visitor.submit("/dashboard/account/password", current_password="wrong", new_password="another correct horse")
    assert "Your password was changed" not in mailbox.subjects()


def test_a_changed_password_voids_a_link_to_reset_it(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    visitor.submit("/forgot-password", email="ada@example.com")
    link = mailbox.link()
    visitor.submit("/dashboard/account/password", current_password=PASSWORD, new_password="another correct horse")
    assert visitor.get(link).status_code == 404


def test_factors_added_used_up_and_removed_are_told(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    _, codes = set_up_app(visitor)
    assert mailbox.subjects()[-1] == FACTORS
    visitor.submit("/logout")
    visitor.log_in()
    visitor.submit("/login/factor", code=codes[0])
    assert mailbox.subjects()[-2:] == [FACTORS] * 2
    assert "A recovery code was used." in text_of(mailbox.server.mails[-1])
    visitor.submit(f"{PAGE}/app/remove")
    assert mailbox.subjects()[-3:] == [FACTORS] * 3


def test_a_deleted_account_is_told_and_nothing_else_is_sent(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    visitor.submit("/dashboard/account/delete", confirm="ada@example.com")
    assert mailbox.subjects() == ["Your account is deleted"]
