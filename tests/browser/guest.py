"""A person in front of a real browser: clicks what is on the page, and keeps what the console says."""

from itertools import count
from typing import Any

import requests
from playwright.sync_api import Page, expect

from tests.journeys.person import PASSWORD, Person
from tests.processes import SECRET_KEY, Stack

_numbers = count(1)


class Guest:
    """Steps of the journey, as somebody who reads the page would take them."""

    def __init__(self, page: Page, stack: Stack) -> None:
        self.page = page
        self.stack = stack
        self.email = f"guest{next(_numbers)}@example.com"
        self.complaints: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_up(self) -> None:
        self.page.goto(f"{self.stack.url}/signup")
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.locator("main").get_by_role("button", name="Create account").click()
        self.page.wait_for_url("**/dashboard/credits")

    def come_signed_up(self) -> Person:
        """Sign up without the browser, which then opens logged in: for pages that come after. Return the person."""
        person = Person(self.stack.url, self.email)
        person.sign_up()
        cookies: Any = [{"name": each.name, "value": each.value, "url": self.stack.url} for each in person.http.cookies]
        self.page.context.add_cookies(cookies)
        return person

    def log_in_elsewhere(self) -> None:
        """Log in with a telephone, too."""
        person = Person(self.stack.url, self.email)
        person.http.headers["User-Agent"] = (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604"
        )
        person.log_in()

    def come_from_paying(self, outcome: str = "paid") -> None:
        """Sign up and buy 500 credits without the browser, which then opens the page that Stripe leads back to."""
        person = self.come_signed_up()
        self.page.goto(person.pay(person.start_buying("growth"), outcome))

    def press_buy(self, price: str = "$39.00") -> None:
        self.page.get_by_role("button", name=f"Buy for {price}").click()
        self.page.wait_for_url("**/c/pay/**")

    def pay(self, outcome: str = "paid") -> None:
        self.page.locator(f"input[name=outcome][value={outcome}]").check(force=True)
        self.page.get_by_role("button", name="Pay $").click()

    def buy(self, outcome: str = "paid") -> None:
        self.press_buy()
        self.pay(outcome)
        self.page.wait_for_url("**success=true**")

    def expect_balance(self, credits: str) -> None:
        expect(self.page.locator("#nav-balance")).to_contain_text(credits)
        expect(self.page.locator("#balance .figure")).to_contain_text(credits)

    def control(self, path: str, **body: Any) -> None:
        """Tell the stand-in something: hold deliveries, arm a fault …"""
        requests.post(f"{self.stack.stripe_url}/_control/{path}", json=body, timeout=10).raise_for_status()

    def send_money_back(self) -> None:
        """Half of the newest payment is refunded and then all of it disputed; returns when both have been told."""
        listed = requests.get(
            f"{self.stack.stripe_url}/v1/payment_intents",
            params={"limit": 1},
            headers={"Authorization": f"Bearer {SECRET_KEY}"},
            timeout=10,
        )
        payment: str = listed.json()["data"][0]["id"]
        self.control("refunds", payment_intent=payment, amount=1950)
        self.control("disputes", payment_intent=payment)
        while requests.get(f"{self.stack.stripe_url}/_control/health", timeout=10).json()["pending_deliveries"]:
            self.page.wait_for_timeout(100)
        self.page.reload()

    def make_stripe_silent(self) -> None:
        """No webhook arrives, and asking for a Checkout session fails: the return page has to wait."""
        self.control("deliveries/hold")
        self.control("faults", operation="GET /v1/checkout/sessions/{session_id}", fault="500", count=1000)

    def make_stripe_talk(self) -> None:
        requests.delete(f"{self.stack.stripe_url}/_control/faults", timeout=10).raise_for_status()
        self.control("deliveries/release")

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)
