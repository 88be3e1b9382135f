"""Second factors as a real browser shows them; passkeys are made and used by Chromium's virtual authenticator."""

import re
from collections.abc import Callable
from typing import Any

import pyotp
from playwright.sync_api import Page, expect

from tests.browser.guest import Guest
from tests.journeys.person import PASSWORD

PAGE = "/dashboard/account/factors"


def plug_in_authenticator(page: Page) -> Callable[[], None]:
    """Give the browser a device that makes passkeys, its owner's finger on it; return what puts another's there."""
    connection = page.context.new_cdp_session(page)
    connection.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made: Any = connection.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    another = {"authenticatorId": made["authenticatorId"], "isUserVerified": False}

    def change_finger() -> None:
        connection.send("WebAuthn.setUserVerified", another)

    return change_finger


def factors(guest: Guest) -> None:
    guest.come_signed_up()
    guest.page.goto(f"{guest.stack.url}{PAGE}")


def factor_app(guest: Guest) -> str:
    factors(guest)
    guest.page.get_by_role("button", name="Set up an app").click()
    key = guest.page.locator(".totp-key dd").text_content() or ""
    return key.replace(" ", "").strip()


def factor_app_refused(guest: Guest) -> None:
    factor_app(guest)
    guest.page.get_by_label("Code of six digits").fill("12")
    guest.page.get_by_role("button", name="Turn it on").click()
    expect(guest.page.get_by_role("alert").first).to_be_visible()


def factor_recovery_codes(guest: Guest) -> str:
    secret = factor_app(guest)
    guest.page.get_by_label("Code of six digits").fill(pyotp.TOTP(secret).now())
    guest.page.get_by_role("button", name="Turn it on").click()
    expect(guest.page.locator(".codes li")).to_have_count(10)
    return guest.page.locator(".codes li").first.text_content() or ""


def add_passkey(guest: Guest, name: str) -> None:
    guest.page.get_by_label("Name of the new passkey").fill(name)
    guest.page.get_by_role("button", name="Add a passkey").click()


def factors_all(guest: Guest) -> str:
    """An app, a passkey with a long name, and what asks before it is removed. Return a recovery code."""
    code = factor_recovery_codes(guest)
    plug_in_authenticator(guest.page)
    guest.page.get_by_role("link", name="I saved them").click()
    add_passkey(guest, "The old laptop in the kitchen, which has quite a long name")
    expect(guest.page.get_by_text("is added")).to_be_visible()
    guest.page.locator(".key-revoke summary").first.click()
    return code


def log_out_and_in(guest: Guest) -> None:
    guest.page.get_by_label("Account menu").click()
    guest.page.get_by_role("button", name="Log out").click()
    guest.page.goto(f"{guest.stack.url}/login")
    guest.page.get_by_label("Email").fill(guest.email)
    guest.page.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.page.get_by_role("button", name="Log in", exact=True).click()


def second_step(guest: Guest) -> str:
    code = factors_all(guest)
    log_out_and_in(guest)
    expect(guest.page.get_by_role("heading", name="One more step")).to_be_visible()
    return code


def second_step_refused(guest: Guest) -> None:
    second_step(guest)
    guest.page.get_by_label("Code").fill("no code")
    guest.page.locator("main").get_by_role("button", name="Log in").click()
    expect(guest.page.get_by_text(re.compile("This code is wrong")).first).to_be_visible()


def passkey_refused(guest: Guest) -> None:
    """The device makes no passkey: it has one for this account already."""
    factors_all(guest)
    add_passkey(guest, "again")
    expect(guest.page.get_by_text("This device has a passkey for your account already.")).to_be_visible()
