"""People who press buttons: each a browser of its own, at an address of its own."""

import time
from dataclasses import dataclass
from threading import Event

import requests

from payapp import create_app
from payapp.auth import accounts
from payapp.auth.models import User
from payapp.billing.models import Purchase
from payapp.extensions import db
from tests.factories import make_purchase, make_user
from tests.journeys.person import PASSWORD, Person
from tests.processes import Stack

CREDITS = 1000
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Deed:
    """What somebody did: how long it took, waiting to try again included, and how often they were told to."""

    took: float
    times_told_to_wait: int = 0


def make_people(stack: Stack, wanted: int) -> list["Buyer"]:
    """Make accounts with credits, each with a purchase of which only Stripe knows whether it is paid."""
    app = create_app({"DATABASE_URL": stack.database_url, "PAYAPP_INSTANCE_PATH": str(stack.folder)})
    with app.app_context():
        session = db.session()
        # One hash for all: what takes the time is verifying it.
        password_hash = accounts.hasher.hash(PASSWORD)
        people = []
        for _ in range(wanted):
            user = make_user(session, credits=CREDITS, password_hash=password_hash)
            purchase = make_purchase(session, user, stripe_checkout_session_id=f"cs_test_back{user.id}")
            people.append(_make_person(stack, user, purchase))
        db.engine.dispose()
    return people


def _make_person(stack: Stack, user: User, purchase: Purchase) -> "Buyer":
    buyer = Buyer(stack.url, user.email, str(purchase.stripe_checkout_session_id))
    buyer.http.headers["X-Forwarded-For"] = f"10.0.{user.id // 250}.{user.id % 250 + 1}"
    return buyer


class Buyer(Person):
    """Somebody who was led to a payment page, and may come back from it."""

    def __init__(self, app_url: str, email: str, checkout_session_id: str) -> None:
        super().__init__(app_url, email)
        self.checkout_session_id = checkout_session_id

    def log_in_patiently(self, token: str) -> Deed:
        """Send the form, and again when the answer says that there is room again. Raises AssertionError otherwise."""
        began_at, times = time.monotonic(), 0
        fields = {"email": self.email, "password": PASSWORD, "csrf_token": token}
        while time.monotonic() < began_at + PATIENCE_SECONDS:
            answer = self._post("/login", fields)
            if answer.status_code == 303:
                return Deed(time.monotonic() - began_at, times)
            assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:300]}"
            time.sleep(int(answer.headers["Retry-After"]))
            times += 1
        raise AssertionError(f"{self.email} was not let in within {PATIENCE_SECONDS} s")

    def press_buy(self, token: str) -> Deed:
        """Press Buy. Stripe is silent, so it leads back to the page, which says that nobody was charged."""
        began_at = time.monotonic()
        answer = self._post("/api/credits/checkout", {"package_id": "starter", "csrf_token": token})
        assert answer.status_code == 303, f"{answer.status_code}: {answer.text[:300]}"
        return Deed(time.monotonic() - began_at)

    def come_back(self) -> Deed:
        """Come back from the payment page: payapp asks Stripe whether it was paid."""
        began_at = time.monotonic()
        query = {"success": "true", "session_id": self.checkout_session_id}
        answer = self.http.get(f"{self.app_url}/dashboard/credits", params=query, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:300]}"
        return Deed(time.monotonic() - began_at)

    def keep_asking_stripe(self, is_over: Event) -> list[Deed]:
        """Press Buy and come back from the payment page by turns, without a pause."""
        deeds, token = [], self.csrf_token()
        while not is_over.is_set():
            deeds += [self.press_buy(token), self.come_back()]
        return deeds

    def _post(self, path: str, fields: dict[str, str]) -> requests.Response:
        url = self.app_url + path
        return self.http.post(url, data=fields, allow_redirects=False, timeout=PATIENCE_SECONDS)
