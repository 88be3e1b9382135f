"""Two tabs of one person: what the first says of credits follows what happens in the second."""

import pytest
from playwright.sync_api import expect

from tests.browser.guest import Guest

pytestmark = pytest.mark.browser


def test_a_tab_that_wanted_credits_follows_when_it_is_looked_at_again(guest: Guest) -> None:
    guest.sign_up()
    first = guest.page
    first.goto(f"{guest.stack.url}/features/qr-codes")
    first.get_by_label("Text or link").fill("hello")
    first.get_by_role("button", name="Make QR code").click()
    expect(first.get_by_text("Not enough credits", exact=True)).to_be_visible()

    buy_elsewhere_and_look_again(guest)
    expect(first.locator("#nav-balance")).to_contain_text("500")
    expect(first.get_by_text("There are enough credits now", exact=True)).to_be_visible()
    assert first.get_by_label("Text or link").input_value() == "hello"
    first.get_by_role("button", name="Make QR code").click()
    expect(first.locator(".qr svg")).to_be_visible()
    assert [complaint for complaint in guest.complaints if "402" not in complaint] == []  # Chromium notes every 402


def test_a_list_that_was_too_dear_shows_its_price_again(guest: Guest) -> None:
    guest.sign_up()
    first = guest.page
    first.goto(f"{guest.stack.url}/features/qr-code-batch")
    first.get_by_label("Links or texts, one per line").fill("a\nb\nc")
    expect(first.get_by_text("Not enough credits", exact=True)).to_be_visible()
    buy_elsewhere_and_look_again(guest)
    expect(first.get_by_role("button", name="Make 3 QR codes")).to_be_visible()
    expect(first.locator("[data-before]")).to_contain_text("497 credits")


def buy_elsewhere_and_look_again(guest: Guest) -> None:
    first = guest.page
    guest.page = first.context.new_page()
    guest.page.goto(f"{guest.stack.url}/dashboard/credits")
    guest.buy()
    guest.expect_balance("500")
    first.bring_to_front()
    first.evaluate("window.dispatchEvent(new Event('focus'))")  # headless tabs never lose it
