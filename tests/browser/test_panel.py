"""The stand-in's control panel in a real browser: a dispute is played, and every page is a page for everybody."""

import re

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.guest import Guest
from tests.browser.test_pages import overflow, small_targets, violations
from tests.effort import pick

pytestmark = pytest.mark.browser

ROOT = "/_control/panel"
PAGES = (
    "",
    "/sessions",
    "/payments",
    "/refunds",
    "/disputes",
    "/events",
    "/webhooks",
    "/faults",
    "/requests",
    "/nothing",
)


def test_it_plays_a_dispute_and_shows_what_the_app_answered(guest: Guest) -> None:
    page = guest.page
    guest.sign_up()
    guest.buy()
    page.goto(f"{guest.stack.stripe_url}{ROOT}/payments")
    page.locator("tr", has_text=guest.email).get_by_role("link").first.click()
    page.get_by_role("button", name="Open the dispute").click()
    expect(page.get_by_role("status")).to_have_text("The payment is contested.")
    expect(page.locator(".timeline")).to_contain_text("Money withdrawn")
    page.get_by_role("button", name="Submit evidence").click()
    page.get_by_role("button", name="Lose").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dispute lost")
    expect(page.locator(".timeline")).to_contain_text("Dispute lost")
    expect(page.get_by_role("button", name="Reinstate")).to_be_visible()
    for event in ("charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"):
        expect_answer(page, event)
    assert guest.complaints == []


def expect_answer(page: Page, event_type: str) -> None:
    """Wait until the app has answered this event with 200."""
    for _ in range(20):
        line = page.locator(".event summary", has_text=event_type)
        if "200" in line.inner_text():
            break
        page.get_by_role("link", name="Refresh", exact=True).click()
    expect(page.locator(".event summary", has_text=event_type)).to_contain_text(re.compile(r"Delivered\s+200"))


def test_it_works_without_javascript_and_by_keyboard(guest_without_javascript: Guest) -> None:
    guest = guest_without_javascript
    guest.page.goto(f"{guest.stack.stripe_url}{ROOT}/webhooks")
    guest.page.keyboard.press("Tab")
    expect(guest.page.get_by_role("link", name="Skip to content")).to_be_focused()
    guest.page.get_by_role("button", name="Hold all webhooks back").press("Enter")
    expect(guest.page.get_by_role("status")).to_have_text("Webhooks are held back.")
    guest.page.get_by_label("In which order").select_option("shuffled")
    guest.page.get_by_role("button", name="Release").press("Enter")
    expect(guest.page.get_by_text("Sent at once")).to_be_visible()


def test_a_page_of_another_origin_can_not_press_its_buttons(guest: Guest) -> None:
    """The app's own pages are another origin; their policy would refuse the form first, so it is taken away."""
    page, held = guest.page, f"{guest.stack.stripe_url}/_control/deliveries/hold"
    page.route("**/elsewhere", lambda route: route.fulfill(content_type="text/html", body=form_to(held)))
    page.goto(f"{guest.stack.url}/elsewhere")
    with page.expect_response(held) as answered:
        page.get_by_role("button").click()
    assert answered.value.status == 403
    assert requests.get(f"{guest.stack.stripe_url}/_control/health", timeout=10).json()["deliveries_held"] is False


def form_to(address: str) -> str:
    return f'<form method="post" action="{address}"><button>You have won</button></form>'


@pytest.mark.long
@pytest.mark.parametrize("width", pick([320], [320, 1280]))
def test_every_page_is_a_page_for_everybody(browser: Browser, guest: Guest, width: int) -> None:
    ids = played(guest)
    page = browser.new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for path in (*PAGES, *ids):
        page.goto(f"{guest.stack.stripe_url}{ROOT}{path}")
        page.locator(".event details").evaluate_all("all => all.slice(0, 1).forEach(each => each.open = true)")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], f"{path}, {scheme}"
        assert overflow(page) <= 0, path
        assert small_targets(page) == [], path
    page.close()
    assert [each for each in complaints if "404" not in each] == []


def played(guest: Guest) -> list[str]:
    """Buy, refund a part, lose a dispute; return the paths of the pages about it."""
    stripe_url = guest.stack.stripe_url

    def control(path: str, **body: object) -> dict[str, object]:
        answer = requests.post(f"{stripe_url}/_control/{path}", json=body, timeout=10)
        answer.raise_for_status()
        made: dict[str, object] = answer.json()
        return made

    guest.sign_up()
    guest.buy()
    guest.page.goto(f"{guest.stack.url}/dashboard/credits")
    guest.press_buy()
    open_session = guest.page.url.partition("?")[0].rpartition("/")[2]
    guest.page.goto(f"{stripe_url}{ROOT}/payments")
    payment = guest.page.locator("tr", has_text=guest.email).get_by_role("link").first.get_attribute("href") or ""
    intent = payment.rpartition("/")[2]
    control("refunds", payment_intent=intent, amount=900, course="requires_action")
    dispute = control("disputes", payment_intent=intent, amount=1000)
    control(f"disputes/{dispute['id']}/lose", reinstated_amount=200)
    control("faults", operation="POST /v1/prices", fault="500")
    guest.page.goto(f"{stripe_url}{ROOT}/events")
    event = guest.page.locator(".cell-title a").first.get_attribute("href") or ""
    return [address.removeprefix(ROOT) for address in (payment, f"{ROOT}/sessions/{open_session}", event)]
