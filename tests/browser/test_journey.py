"""The main job in a real browser: sign up, buy, see the balance change by itself, spend."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.guest import Guest
from tests.processes import Stack, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def both_engines(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """The whole stack, with the job worker, on each engine in turn."""
    with running(Stack(database_url, tmp_path, web_workers=2, application="wsgi:app", with_job_worker=True)) as stack:
        yield stack


def test_it_works(both_engines: Stack, page: Page) -> None:
    guest = Guest(page, both_engines)
    guest.sign_up()
    guest.expect_balance("0")
    guest.buy()
    expect(page.get_by_text("500 credits added")).to_be_visible()
    guest.expect_balance("500")
    page.get_by_role("link", name="QR codes").click()
    page.get_by_label("Text or link").fill("https://example.com")
    page.get_by_role("button", name="Make QR code").click()
    expect(page.locator(".qr svg")).to_be_visible()
    expect(page.locator("#nav-balance")).to_contain_text("499")
    assert "every law holds" in both_engines.run("flask", "ledger", "verify")
    assert guest.complaints == []


def test_it_waits_for_a_late_webhook_and_then_changes_by_itself(guest: Guest) -> None:
    guest.sign_up()
    guest.press_buy()
    guest.make_stripe_silent()
    try:
        guest.pay()
        guest.page.wait_for_url("**success=true**")
        expect(guest.page.get_by_text("Payment received, adding 500 credits")).to_be_visible()
        guest.expect_balance("0")
    finally:
        guest.make_stripe_talk()
    expect(guest.page.get_by_text("500 credits added")).to_be_visible()
    guest.expect_balance("500")
    expect(guest.page.locator("table")).to_contain_text("+500")
    assert guest.complaints == []


def test_it_changes_the_balance_of_a_second_tab(guest: Guest) -> None:
    guest.sign_up()
    second = guest.page.context.new_page()
    second.goto(f"{guest.stack.url}/dashboard/credits")
    guest.buy()
    expect(second.locator("#balance .figure")).to_contain_text("500")
    expect(second.locator("#nav-balance")).to_contain_text("500")


def test_it_works_without_javascript(guest_without_javascript: Guest) -> None:
    guest = guest_without_javascript
    guest.sign_up()
    guest.buy()
    expect(guest.page.get_by_text("500 credits added")).to_be_visible()
    guest.page.get_by_role("link", name="QR codes").click()
    guest.page.get_by_label("Text or link").fill("https://example.com")
    guest.page.get_by_role("button", name="Make QR code").click()
    expect(guest.page.locator(".qr svg")).to_be_visible()
    expect(guest.page.locator("#nav-balance")).to_contain_text("499")


def test_it_refreshes_while_waiting_without_javascript(guest_without_javascript: Guest) -> None:
    guest = guest_without_javascript
    guest.sign_up()
    guest.press_buy()
    guest.make_stripe_silent()
    try:
        guest.pay()
        guest.page.wait_for_url("**success=true**")
        expect(guest.page.get_by_text("Payment received, adding 500 credits")).to_be_visible()
    finally:
        guest.make_stripe_talk()
    expect(guest.page.get_by_text("500 credits added")).to_be_visible()


def test_it_says_that_a_canceled_checkout_cost_nothing(guest: Guest) -> None:
    guest.sign_up()
    guest.press_buy()
    guest.page.get_by_role("link", name="Back to").click()
    guest.page.wait_for_url("**canceled=true**")
    expect(guest.page.get_by_text("You have not been charged")).to_be_visible()
    guest.expect_balance("0")


def test_it_says_that_a_bank_payment_takes_longer(guest: Guest) -> None:
    guest.sign_up()
    guest.buy("settles")
    expect(guest.page.get_by_text("Your bank is still working on the payment")).to_be_visible()
    guest.expect_balance("500")  # settled, three seconds later


def test_it_says_that_a_bank_payment_failed(guest: Guest) -> None:
    guest.sign_up()
    guest.buy("settle_fails")
    guest.page.wait_for_timeout(4_000)
    guest.page.reload()
    expect(guest.page.get_by_text("The payment failed")).to_be_visible()
    guest.expect_balance("0")


def test_it_stays_on_the_payment_page_when_the_card_is_declined(guest: Guest) -> None:
    guest.sign_up()
    guest.press_buy()
    guest.pay("declined")
    expect(guest.page.get_by_role("alert")).to_contain_text("declined")
    guest.pay("paid")
    expect(guest.page.get_by_text("500 credits added")).to_be_visible()


def test_it_opens_one_checkout_for_a_double_click(guest: Guest) -> None:
    guest.sign_up()
    button = guest.page.get_by_role("button", name="Buy for $39.00")
    button.dblclick()
    guest.page.wait_for_url("**/c/pay/**")
    first = guest.page.url
    guest.page.go_back()
    guest.press_buy()
    assert guest.page.url == first


def test_it_shows_what_to_buy_when_credits_are_missing(guest: Guest) -> None:
    guest.sign_up()
    guest.page.get_by_role("link", name="QR codes").click()
    guest.page.get_by_label("Text or link").fill("https://example.com")
    guest.page.get_by_role("button", name="Make QR code").click()
    expect(guest.page.get_by_role("heading", name="Not enough credits")).to_be_visible()
    guest.press_buy("$9.00")


def test_it_leads_to_a_receipt(guest: Guest) -> None:
    guest.sign_up()
    guest.buy()
    guest.page.get_by_role("link", name="View receipt").click()
    expect(guest.page.get_by_role("heading", name="$39.00")).to_be_visible()
    expect(guest.page.get_by_text(guest.email).last).to_be_visible()


def test_it_logs_out(guest: Guest) -> None:
    guest.sign_up()
    guest.page.locator("summary[aria-label='Account menu']").click()
    guest.page.get_by_role("button", name="Log out").click()
    expect(guest.page.get_by_text("You are logged out")).to_be_visible()
    guest.page.goto(f"{guest.stack.url}/dashboard/credits")
    expect(guest.page).to_have_url(f"{guest.stack.url}/login?next=/dashboard/credits")
