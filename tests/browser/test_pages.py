"""Every page and state: no accessibility violation, nothing wider than the screen, nothing the CSP had to block."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import batch_states, factor_states, mail_states
from tests.browser.guest import Guest
from tests.databases import SqliteDatabases
from tests.effort import pick
from tests.processes import Stack, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS_AND_SCHEMES = ((1280, "light"), (390, "dark"), (1280, "dark"), (390, "light"))
WIDTH_MIN = 320
TARGET_HEIGHT_MIN = 24


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, sqlite_databases: SqliteDatabases) -> Iterator[Stack]:
    """As in conftest.py, with mail: so every page has the line for who has not confirmed their address."""
    stack = Stack(sqlite_databases.create(), tmp_path_factory.mktemp("stack"), settings={"MAIL_URL": "console"})
    with running(stack):
        yield stack


def landing(guest: Guest) -> None:
    guest.page.goto(guest.stack.url)


def sign_up(guest: Guest) -> None:
    guest.page.goto(f"{guest.stack.url}/signup")


def sign_up_with_errors(guest: Guest) -> None:
    sign_up(guest)
    guest.page.locator("main form").evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
    expect(guest.page.get_by_role("alert").first).to_be_visible()


def log_in(guest: Guest) -> None:
    guest.page.goto(f"{guest.stack.url}/login")


def credits_of_a_new_user(guest: Guest) -> None:
    guest.come_signed_up()
    guest.page.goto(f"{guest.stack.url}/dashboard/credits")


def credits_after_payment(guest: Guest) -> None:
    guest.come_from_paying()
    expect(guest.page.get_by_text("500 credits added")).to_be_visible()


def credits_in_use(guest: Guest) -> None:
    credits_after_payment(guest)
    qr_code_result(guest, signed_up=True)
    guest.page.goto(f"{guest.stack.url}/dashboard/credits")


def settling(guest: Guest) -> None:
    guest.come_from_paying("settle_fails")
    expect(guest.page.get_by_text("Your bank is still working")).to_be_visible()


def canceled(guest: Guest) -> None:
    guest.come_signed_up()
    guest.page.goto(f"{guest.stack.url}/dashboard/credits?canceled=true")


def receipt(guest: Guest) -> None:
    credits_after_payment(guest)
    guest.page.get_by_role("link", name="View receipt").click()


def refunded_and_disputed(guest: Guest) -> None:
    receipt(guest)
    guest.send_money_back()
    expect(guest.page.get_by_text("Disputed at your bank")).to_be_visible()


def debt(guest: Guest) -> None:
    credits_in_use(guest)
    guest.send_money_back()
    expect(guest.page.get_by_text("Your balance is below zero")).to_be_visible()


def payment_page(guest: Guest) -> None:
    guest.page.goto(guest.come_signed_up().start_buying("growth"))


def declined_card(guest: Guest) -> None:
    payment_page(guest)
    guest.pay("declined")
    expect(guest.page.get_by_role("alert")).to_be_visible()


def qr_codes(guest: Guest) -> None:
    guest.come_signed_up()
    guest.page.goto(f"{guest.stack.url}/features/qr-codes")


def qr_code_result(guest: Guest, signed_up: bool = False) -> None:
    if not signed_up:
        credits_after_payment(guest)
    guest.page.goto(f"{guest.stack.url}/features/qr-codes")
    guest.page.get_by_label("Text or link").fill("https://example.com")
    guest.page.get_by_role("button", name="Make QR code").click()
    expect(guest.page.locator(".qr svg")).to_be_visible()


def missing_credits(guest: Guest) -> None:
    qr_codes(guest)
    guest.page.get_by_label("Text or link").fill("https://example.com")
    guest.page.get_by_role("button", name="Make QR code").click()
    expect(guest.page.get_by_role("heading", name="Not enough credits")).to_be_visible()


def api_keys(guest: Guest) -> None:
    guest.come_signed_up()
    guest.page.goto(f"{guest.stack.url}/dashboard/api-keys")


def api_key_made(guest: Guest) -> None:
    api_keys(guest)
    guest.page.get_by_label("Name").fill("A program with quite a long name, as people give them")
    guest.page.get_by_label("Read and spend").check()
    guest.page.get_by_role("button", name="Make key").click()
    expect(guest.page.get_by_label("API key")).to_have_value(re.compile("^payapp_"))


def api_key_about_to_be_revoked(guest: Guest) -> None:
    api_key_made(guest)
    guest.page.get_by_role("link", name="I saved it").click()
    guest.page.locator(".key-revoke summary").click()
    expect(guest.page.get_by_role("button", name="Revoke “A program")).to_be_visible()


def api_key_without_a_name(guest: Guest) -> None:
    api_keys(guest)
    guest.page.get_by_role("button", name="Make key").click()
    expect(guest.page.get_by_role("alert").first).to_be_visible()


def account(guest: Guest) -> None:
    credits_after_payment(guest)
    guest.log_in_elsewhere()
    guest.page.goto(f"{guest.stack.url}/dashboard/account")
    expect(guest.page.get_by_role("button", name="Log out everywhere else")).to_be_visible()


def account_with_errors(guest: Guest) -> None:
    account(guest)
    guest.page.get_by_label("Current password", exact=True).fill("x")
    guest.page.get_by_label("New password", exact=True).fill("password123")
    guest.page.get_by_role("button", name="Change password").click()
    expect(guest.page.get_by_role("alert").first).to_be_visible()


def log_in_again(guest: Guest) -> None:
    guest.come_signed_up()
    guest.page.goto(f"{guest.stack.url}/login/again?next=/dashboard/account")


def api_docs(guest: Guest) -> None:
    guest.page.goto(f"{guest.stack.url}/api/docs")
    expect(guest.page.get_by_role("heading", name="POST /api/v1/spends")).to_be_visible()


def batch(guest: Guest) -> None:
    guest.come_signed_up()
    guest.page.goto(f"{guest.stack.url}/features/qr-code-batch")


def batch_of(guest: Guest, lines: str) -> None:
    guest.page.goto(f"{guest.stack.url}/features/qr-code-batch")
    guest.page.get_by_label("Links or texts").fill(lines)


def batch_price(guest: Guest) -> None:
    credits_after_payment(guest)
    batch_of(guest, "\n\n".join(f"https://example.com/{'a-long-address-' * 8}{n}" for n in range(7)) + "\nx\nx")
    expect(guest.page.get_by_role("button", name="Make 8 QR codes")).to_be_visible()


def batch_done(guest: Guest) -> None:
    batch_price(guest)
    with guest.page.expect_download():
        guest.page.get_by_role("button", name="Make 8 QR codes").click()
    expect(guest.page.get_by_text("8 credits used")).to_be_visible()
    expect(guest.page.locator("#nav-balance")).to_contain_text("492")


def batch_with_an_error(guest: Guest) -> None:
    guest.come_signed_up()
    batch_of(guest, "x\n" + "y" * 301)
    expect(guest.page.locator("#batch-error")).to_contain_text("Line 2 does not fit")


def batch_missing_credits(guest: Guest) -> None:
    guest.come_signed_up()
    batch_of(guest, "x\ny")
    expect(guest.page.get_by_role("heading", name="Not enough credits")).to_be_visible()


def not_found(guest: Guest) -> None:
    guest.page.goto(f"{guest.stack.url}/nothing-here")


STATES: list[Callable[[Guest], object]] = [
    landing,
    sign_up,
    sign_up_with_errors,
    log_in,
    credits_of_a_new_user,
    credits_after_payment,
    credits_in_use,
    settling,
    canceled,
    receipt,
    refunded_and_disputed,
    debt,
    payment_page,
    declined_card,
    qr_codes,
    qr_code_result,
    missing_credits,
    batch,
    batch_price,
    batch_done,
    batch_with_an_error,
    batch_missing_credits,
    batch_states.batch_waiting,
    batch_states.batch_ready,
    batch_states.batch_not_made,
    batch_states.batches_of_the_day,
    api_keys,
    api_key_made,
    api_key_about_to_be_revoked,
    api_key_without_a_name,
    account,
    account_with_errors,
    log_in_again,
    api_docs,
    not_found,
    factor_states.factors,
    factor_states.factor_app,
    factor_states.factor_app_refused,
    factor_states.factor_recovery_codes,
    factor_states.factors_all,
    factor_states.passkey_refused,
    factor_states.second_step,
    factor_states.second_step_refused,
    *mail_states.STATES,
]


@pytest.mark.long
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_it_is_a_page_for_everybody(guest: Guest, state: Callable[[Guest], object]) -> None:
    """In all widths and schemes, or at small size in one of them for each state, the next one in turn."""
    state(guest)
    turn = STATES.index(state) % len(WIDTHS_AND_SCHEMES)
    for width, scheme in pick(WIDTHS_AND_SCHEMES[turn : turn + 1], WIDTHS_AND_SCHEMES):
        guest.page.set_viewport_size({"width": width, "height": 900})
        guest.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        guest.page.wait_for_timeout(150)  # the colors of the new scheme are painted
        assert violations(guest.page) == [], f"{width} px, {scheme}"
    guest.page.set_viewport_size({"width": WIDTH_MIN, "height": 900})
    assert overflow(guest.page) <= 0, "wider than the screen"
    assert small_targets(guest.page) == []
    is_missing = state in (not_found, mail_states.link_over)
    expected = {"404"} if is_missing else {"402"} if state is missing_credits else {"422", "402"}
    assert [each for each in guest.complaints if not any(code in each for code in expected)] == []


def violations(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.0 to 2.2 A and AA and its best practices."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {json.dumps(each['nodes'][0]['target'])} {each['help']}" for each in found]


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the screen."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


def small_targets(page: Page) -> list[str]:
    """Return the buttons and fields that are lower than a finger needs (links inside sentences excepted)."""
    found: list[str] = page.evaluate(
        """height => [...document.querySelectorAll("button, summary, .btn, textarea, select, input:not([type=hidden])")]
          .filter(each => each.offsetParent && !["radio", "checkbox"].includes(each.type))
          .filter(each => each.getBoundingClientRect().height < height).map(each => each.outerHTML.slice(0, 80))""",
        TARGET_HEIGHT_MIN,
    )
    return found
