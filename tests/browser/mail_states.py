"""The pages of mailed links, as a guest comes to see them. Mails are printed: see the stack of test_pages.py."""

import re

from playwright.sync_api import expect

from tests.browser.guest import Guest
from tests.journeys.person import PASSWORD


def forgot_password(guest: Guest) -> None:
    guest.page.goto(f"{guest.stack.url}/login")
    guest.page.get_by_role("link", name="Forgot your password?").click()
    expect(guest.page.get_by_role("button", name="Send me a link")).to_be_visible()


def forgot_password_with_errors(guest: Guest) -> None:
    forgot_password(guest)
    guest.page.get_by_role("button", name="Send me a link").click()
    expect(guest.page.get_by_role("alert").first).to_be_visible()


def forgot_password_sent(guest: Guest) -> None:
    forgot_password(guest)
    guest.page.get_by_label("Email").fill(guest.email)
    guest.page.get_by_role("button", name="Send me a link").click()
    expect(guest.page.get_by_role("heading", name="Read your mail")).to_be_visible()


def new_password(guest: Guest) -> None:
    guest.come_signed_up()
    forget_login(guest)
    forgot_password_sent(guest)
    open_link(guest, "reset-password")
    expect(guest.page.get_by_role("textbox", name="New password")).to_be_visible()


def new_password_with_errors(guest: Guest) -> None:
    new_password(guest)
    guest.page.get_by_role("textbox", name="New password").fill("short")
    guest.page.get_by_role("button", name="Set password").click()
    expect(guest.page.get_by_role("alert").first).to_be_visible()


def new_password_set(guest: Guest) -> None:
    new_password(guest)
    guest.page.get_by_role("textbox", name="New password").fill("a whole new password")
    guest.page.get_by_role("button", name="Set password").click()
    expect(guest.page.get_by_text("Your password is changed")).to_be_visible()


def unconfirmed(guest: Guest) -> None:
    guest.come_signed_up()
    guest.page.goto(f"{guest.stack.url}/dashboard/credits")
    guest.page.get_by_role("button", name="Send again").click()
    expect(guest.page.get_by_text(f"We have written to {guest.email} again.")).to_be_visible()


def confirming(guest: Guest) -> None:
    guest.come_signed_up()
    open_link(guest, "verify-email")
    expect(guest.page.get_by_role("button", name="Yes, confirm it")).to_be_visible()


def confirmed(guest: Guest) -> None:
    confirming(guest)
    guest.page.get_by_role("button", name="Yes, confirm it").click()
    expect(guest.page.get_by_text("Your e-mail address is confirmed")).to_be_visible()


def link_over(guest: Guest) -> None:
    confirmed(guest)
    guest.page.goto(f"{guest.stack.url}/verify-email/long-ago")
    expect(guest.page.get_by_role("heading", name="This link does not work any more")).to_be_visible()


def own_address(guest: Guest) -> None:
    guest.come_signed_up()
    guest.page.goto(f"{guest.stack.url}/dashboard/account/email")


def own_address_with_errors(guest: Guest) -> None:
    own_address(guest)
    guest.page.get_by_role("button", name="Send the link").click()
    expect(guest.page.get_by_role("alert").first).to_be_visible()


def changing_address(guest: Guest) -> None:
    own_address(guest)
    new = f"quite.a.long.address.as.some.people.have.{guest.email}"
    guest.page.get_by_label("New email").fill(new)
    guest.page.get_by_label("Current password").fill(PASSWORD)
    guest.page.get_by_role("button", name="Send the link").click()
    expect(guest.page.get_by_text(f"We have written to {new}")).to_be_visible()
    open_link(guest, "change-email")
    expect(guest.page.get_by_role("button", name="Change address")).to_be_visible()


def changing_address_logged_out(guest: Guest) -> None:
    changing_address(guest)
    forget_login(guest)
    guest.page.reload()
    expect(guest.page.get_by_role("heading", name="Log in first")).to_be_visible()


STATES = [
    forgot_password,
    forgot_password_with_errors,
    forgot_password_sent,
    new_password,
    new_password_with_errors,
    new_password_set,
    unconfirmed,
    confirming,
    confirmed,
    link_over,
    own_address,
    own_address_with_errors,
    changing_address,
    changing_address_logged_out,
]


def forget_login(guest: Guest) -> None:
    guest.page.context.clear_cookies()


def open_link(guest: Guest, kind: str) -> None:
    """Send what waits, twenty at a time, and open the newest link of this kind."""
    printed = guest.stack.run("tests.order_jobs", "--here", *["send_mails"] * 5)  # those of all guests before
    guest.page.goto(re.findall(rf"http://\S+/{kind}/\S+", printed)[-1])
