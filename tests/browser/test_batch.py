"""A batch of QR codes in a real browser: the price while typing, one charge for one download; without JavaScript."""

import zipfile

import pytest
from playwright.sync_api import Route, expect

from tests.browser.guest import Guest

pytestmark = pytest.mark.browser


def open_page(guest: Guest) -> None:
    guest.sign_up()
    guest.buy()
    guest.page.goto(f"{guest.stack.url}/features/qr-code-batch")


def test_the_price_follows_the_typing(guest: Guest) -> None:
    open_page(guest)
    lines = guest.page.get_by_label("Links or texts")
    lines.press_sequentially("a\nb")
    expect(guest.page.get_by_role("heading", name="2 QR codes")).to_be_visible()
    lines.press_sequentially("\nc")
    expect(guest.page.get_by_role("heading", name="3 QR codes")).to_be_visible()
    expect(guest.page.locator("#live")).to_have_text("3 QR codes for 3 credits")
    expect(lines).to_be_focused()
    lines.fill("")
    expect(guest.page.get_by_text("The price will appear here")).to_be_visible()
    assert guest.complaints == []


def test_a_file_is_priced_when_it_is_chosen(guest: Guest) -> None:
    open_page(guest)
    file = {"name": "list.csv", "mimeType": "text/csv", "buffer": b"url;name\na;A\nb;B\n"}
    guest.page.get_by_label("Or a file").set_input_files(file)  # type: ignore[arg-type]
    expect(guest.page.get_by_role("heading", name="2 QR codes")).to_be_visible()


def test_pressing_twice_charges_once(guest: Guest) -> None:
    open_page(guest)
    guest.page.get_by_label("Links or texts").fill("a\nb")
    button = guest.page.get_by_role("button", name="Make 2 QR codes")
    with guest.page.expect_download() as caught:
        button.dblclick()
    assert caught.value.suggested_filename == "qr-codes.zip"
    with zipfile.ZipFile(caught.value.path()) as archive:
        assert len(archive.namelist()) == 4
    expect(guest.page.get_by_text("2 credits used")).to_be_visible()
    expect(button).to_have_count(0)
    expect(guest.page.locator("#nav-balance")).to_contain_text("498")
    assert guest.complaints == []


def test_a_refusal_is_shown(guest: Guest) -> None:
    """The price is another one by the time they agree to it."""
    open_page(guest)
    guest.page.get_by_label("Links or texts").fill("a\nb")
    guest.page.locator("input[name=cost]").evaluate("input => { input.value = 1; }")
    guest.page.get_by_role("button", name="Make 2 QR codes").click()
    expect(guest.page.get_by_text("The price has changed")).to_be_visible()
    expect(guest.page.locator("#nav-balance")).to_contain_text("500")


def test_an_unclear_failure_is_not_sent_again(guest: Guest) -> None:
    open_page(guest)
    asked: list[Route] = []

    def fail(route: Route) -> None:
        asked.append(route)
        route.fulfill(status=504)

    guest.page.route("**/zip", fail)
    guest.page.get_by_label("Links or texts").fill("a\nb")
    button = guest.page.get_by_role("button", name="Make 2 QR codes")
    button.click()
    expect(guest.page.locator(".request-failed")).to_be_visible()
    expect(button).not_to_have_attribute("aria-disabled", "true")
    assert len(asked) == 1


def test_it_works_without_javascript(guest_without_javascript: Guest) -> None:
    guest = guest_without_javascript
    open_page(guest)
    guest.page.get_by_label("Links or texts").fill("a\nb\n\na")
    guest.page.get_by_role("button", name="Check price").click()
    with guest.page.expect_download() as caught:
        guest.page.get_by_role("button", name="Make 2 QR codes").click()
    with zipfile.ZipFile(caught.value.path()) as archive:
        assert len(archive.namelist()) == 4
    guest.page.goto(f"{guest.stack.url}/dashboard/credits")
    guest.expect_balance("498")
