"""Passkeys in a real Chromium, whose virtual authenticator stands in for a device; and the same without JavaScript."""

import re

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.factor_states import (
    PAGE,
    add_passkey,
    factor_app,
    factors,
    factors_all,
    log_out_and_in,
    plug_in_authenticator,
    second_step,
)
from tests.browser.guest import Guest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DASHBOARD = re.compile("/dashboard/credits")


def test_a_passkey_is_made_and_opens_the_account_in_both_ways(guest: Guest) -> None:
    page = guest.page
    factors(guest)
    plug_in_authenticator(page)
    add_passkey(guest, "my laptop")
    expect(page.locator(".codes li")).to_have_count(10)
    page.get_by_role("link", name="I saved them").click()
    expect(page.get_by_text("my laptop").first).to_be_visible()

    log_out_and_in(guest)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(DASHBOARD)

    page.get_by_label("Account menu").click()
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{guest.stack.url}/login?next={PAGE}")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page).to_have_url(re.compile(f"{PAGE}$"))
    assert guest.complaints == []


def test_a_device_without_its_owner_opens_nothing(guest: Guest) -> None:
    factors(guest)
    change_finger = plug_in_authenticator(guest.page)
    add_passkey(guest, "my laptop")
    expect(guest.page.locator(".codes li")).to_have_count(10)
    change_finger()
    log_out_and_in(guest)
    guest.page.get_by_role("button", name="Use a passkey").click()
    expect(guest.page.get_by_text("The passkey was not used.")).to_be_visible()
    guest.page.goto(f"{guest.stack.url}/dashboard/credits")
    expect(guest.page).to_have_url(re.compile("/login"))


def test_a_device_that_has_one_says_so(guest: Guest) -> None:
    factors_all(guest)
    add_passkey(guest, "again")
    expect(guest.page.get_by_text("This device has a passkey for your account already.")).to_be_visible()
    add_passkey(guest, "again")  # the button works again
    expect(guest.page.get_by_text("This device has a passkey for your account already.")).to_be_visible()


def test_a_recovery_code_opens_the_account(guest: Guest) -> None:
    code = second_step(guest)
    guest.page.get_by_label("Code").fill(code)
    guest.page.locator("main").get_by_role("button", name="Log in").click()
    expect(guest.page.get_by_text("You have 9 left")).to_be_visible()


def test_without_javascript_an_app_does_it_all(guest_without_javascript: Guest) -> None:
    guest, page = guest_without_javascript, guest_without_javascript.page
    secret = factor_app(guest)
    page.get_by_label("Code of six digits").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn it on").click()
    codes = page.locator(".codes li").all_text_contents()
    page.get_by_role("link", name="I saved them").click()
    expect(page.get_by_text("runs no scripts here")).to_be_visible()
    assert not page.get_by_role("button", name="Add a passkey").is_visible()
    log_out_and_in(guest)
    assert not page.get_by_role("button", name="Use a passkey").is_visible()
    page.get_by_label("Code").fill(codes[0])
    page.locator("main").get_by_role("button", name="Log in").click()
    expect(page).to_have_url(DASHBOARD)
