"""Purchases: Checkout through the app, then the payment page, its outcomes by weight; sometimes the way back."""

from urllib.parse import urlsplit

from tests.chaos.clients.client import Client, NoAnswerError
from tests.chaos.shoppers import Shopper

PACKAGES = {"starter": 5, "growth": 4, "pro": 1}
OUTCOMES = {
    "paid": 70,
    "late_webhook": 8,
    "settles": 8,
    "settle_fails": 4,
    "declined": 5,
    "expire": 5,
}
SHARE_WHO_COME_BACK = 0.3


class Buyer(Client):
    """Buys while purchases are wanted. No answer and 5xx are what it expects: it tries another time."""

    def act(self) -> None:
        if not self.may_sell.wait(timeout=0.2):
            return
        shopper = self.choose_shopper()
        try:
            self._buy(shopper)
        except NoAnswerError as error:
            self.journal.write("buy", shopper.email, error.outcome, 0)

    def _buy(self, shopper: Shopper) -> None:
        answer = self.submit(shopper, "/api/credits/checkout", package_id=self.weigh(PACKAGES))
        status = answer.status_code
        assert status in (200, 204) or status >= 500, f"Buy was answered {status}: {answer.text[:500]}"
        outcome = "unclear" if status >= 500 else "acknowledged"
        self.journal.write("checkout", shopper.email, outcome, status)
        if outcome == "acknowledged":
            self._go_on(shopper, answer.headers["HX-Redirect"])

    def _go_on(self, shopper: Shopper, url: str) -> None:
        """To the payment page; or back to the credits page, when another buyer of the same shopper's has just paid."""
        target = urlsplit(url)
        if "session_id=" in target.query:
            self._come_back(shopper, f"{target.path}?{target.query}")
        else:
            self._pay(shopper, url)

    def _pay(self, shopper: Shopper, payment_page: str) -> None:
        """Choose an outcome on the page. Another buyer of the same shopper's may have been faster: then it is over."""
        answer = self.ask("POST", payment_page, data={"outcome": self.weigh(OUTCOMES)})
        assert answer.status_code == 303, f"the payment page answered {answer.status_code}: {answer.text[:500]}"
        self.journal.write("pay", shopper.email, "acknowledged", 303)
        target = urlsplit(answer.headers["Location"])
        if "session_id=" in target.query and self.dice.random() < SHARE_WHO_COME_BACK:
            self._come_back(shopper, f"{target.path}?{target.query}")

    def _come_back(self, shopper: Shopper, path: str) -> None:
        """Open the page after the payment, which grants by itself: a race with the webhook."""
        answer = self.ask("GET", self.scene.app_url + path, headers={"Cookie": shopper.cookie})
        assert answer.status_code == 200 or answer.status_code >= 500, f"{path} answered {answer.status_code}"
        outcome = "unclear" if answer.status_code >= 500 else "acknowledged"
        self.journal.write("return page", shopper.email, outcome, answer.status_code)
