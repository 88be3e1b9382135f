"""The account page as people use it: without JavaScript, and by asking for the password once more."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, text

from tests.browser.guest import Guest
from tests.journeys.person import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def let_a_quarter_of_an_hour_pass(guest: Guest) -> None:
    engine = create_engine(guest.stack.environment["DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(text("UPDATE login_sessions SET authenticated_at = '2026-01-01 00:00:00.000000'"))
    engine.dispose()


def test_an_account_is_deleted_without_javascript(guest_without_javascript: Guest) -> None:
    guest = guest_without_javascript
    page = guest.page
    guest.sign_up()
    let_a_quarter_of_an_hour_pass(guest)
    page.locator("details.menu summary").click()
    page.get_by_role("link", name="Account", exact=True).click()
    page.get_by_label("Your e-mail address").fill(guest.email)
    page.get_by_role("button", name="Delete account").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/dashboard/account")  # nothing was deleted by itself
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download your data").click()
    assert downloading.value.suggested_filename.startswith("payapp-account-")
    page.get_by_label("Your e-mail address").fill(guest.email)
    page.get_by_role("button", name="Delete account").click()
    expect(page.get_by_text("Your account is deleted")).to_be_visible()
    page.goto(f"{guest.stack.url}/dashboard/account")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
