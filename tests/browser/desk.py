"""The desk of staff, with something on it: a guest who is staff, and whose own payment went back and is disputed."""

from collections.abc import Callable

import requests
from playwright.sync_api import expect

from tests.browser.guest import Guest
from tests.factories import event_payload, signature_of
from tests.journeys.person import Person


def come_as_staff(guest: Guest) -> None:
    """Buy, spend, and have the money sent back; then become staff, and find an event in quarantine."""
    guest.come_from_paying()
    expect(guest.page.get_by_text("500 credits added")).to_be_visible()
    guest.page.goto(f"{guest.stack.url}/features/qr-codes")
    guest.page.get_by_label("Text or link").fill("https://example.com")
    guest.page.get_by_role("button", name="Make QR code").click()
    expect(guest.page.locator(".qr svg")).to_be_visible()
    guest.stack.run("flask", "api-keys", "create", guest.email, "--name", "A program with quite a long name")
    guest.stack.run("flask", "users", "make-admin", guest.email, "--note", "looks after customers")
    guest.send_money_back()
    person = Person(guest.stack.url, guest.email)
    person.log_in()
    person.pay(person.start_buying("starter"))
    guest.page.wait_for_function(
        "async () => (await (await fetch('/dashboard/credits/balance')).text()).includes('99')"
    )
    send_what_nobody_believes(guest)


def send_what_nobody_believes(guest: Guest) -> None:
    payload = event_payload(
        "checkout.session.completed", {"id": "cs_test_of_another_shape", "object": "checkout.session"}
    )
    headers = {"Stripe-Signature": signature_of(payload)}
    requests.post(f"{guest.stack.url}/webhooks/stripe", data=payload, headers=headers, timeout=10)


def go(path: str) -> Callable[[Guest], None]:
    def state(guest: Guest) -> None:
        guest.page.goto(f"{guest.stack.url}{path}")

    return state


def find(query: str) -> Callable[[Guest], None]:
    def state(guest: Guest) -> None:
        go("/admin/")(guest)
        guest.page.get_by_role("search").get_by_role("textbox").fill(query or guest.email)
        guest.page.get_by_role("button", name="Find").click()

    return state


def own_page(guest: Guest) -> None:
    find("")(guest)
    expect(guest.page.get_by_role("heading", name=guest.email)).to_be_visible()


def follow(begin: Callable[[Guest], None], *names: str) -> Callable[[Guest], None]:
    """Press these links, one after the other."""

    def state(guest: Guest) -> None:
        begin(guest)
        for name in names:
            guest.page.locator("main").get_by_role("link", name=name).first.click()

    return state


def press(begin: Callable[[Guest], None], button: str) -> Callable[[Guest], None]:
    """Press a button of a form that is left empty."""

    def state(guest: Guest) -> None:
        begin(guest)
        guest.page.get_by_role("button", name=button).click()
        expect(guest.page.locator(".field-error").first).to_be_visible()

    return state


def open_letter(guest: Guest) -> None:
    follow(go("/admin/events?status=quarantined"), "checkout.session.completed")(guest)
    guest.page.get_by_text("The letter as it came").click()


credits_form = follow(own_page, "Give or take credits")
purchase_page = follow(own_page, "Purchase ")
refund_page = follow(purchase_page, "All that is left")


def refused_refund(guest: Guest) -> None:
    own_page(guest)
    guest.page.locator("main").get_by_role("link", name="Purchase ").last.click()
    guest.page.get_by_role("link", name="All that is left").click()
    expect(guest.page.get_by_text("This can't be refunded")).to_be_visible()


PAGES: dict[str, Callable[[Guest], None]] = {
    "overview": go("/admin/"),
    "nothing found": find("nobody@example.com"),
    "user": own_page,
    "access": follow(own_page, "Disable"),
    "credits": credits_form,
    "credits with errors": press(credits_form, "Change the balance"),
    "purchase": purchase_page,
    "refund": refund_page,
    "refund without a reason": press(refund_page, "Refund $"),
    "refund that is refused": refused_refund,
    "events": go("/admin/events"),
    "event": open_letter,
    "event without a reason": press(open_letter, "Dismiss"),
    "service keys": go("/admin/api-keys"),
    "key": follow(own_page, "payapp_"),
    "log": go("/admin/log"),
    "not there": go("/admin/nothing"),
}
