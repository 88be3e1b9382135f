"""A person who uses payapp over real HTTP, with JavaScript off: forms, cookies, redirects."""

import re
import time
from typing import Any

import requests

PASSWORD = "correct horse battery"
TIMEOUT_SECONDS = 20


class Person:
    """Somebody with a browser and an e-mail address. Every step raises AssertionError when it goes wrong."""

    def __init__(self, app_url: str, email: str) -> None:
        self.app_url = app_url
        self.email = email
        self.http = requests.Session()

    def sign_up(self) -> None:
        answer = self._submit("/signup", email=self.email, password=PASSWORD)
        assert answer.status_code == 303, answer.text

    def log_in(self) -> None:
        answer = self._submit("/login", email=self.email, password=PASSWORD)
        assert answer.status_code == 303, answer.text

    def start_buying(self, package_id: str) -> str:
        """Press Buy; return the address of the payment page."""
        answer = self._submit("/api/credits/checkout", package_id=package_id)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def pay(self, payment_page: str, outcome: str = "paid") -> str:
        """Pay on Stripe's page; return the address it leads back to."""
        answer = requests.post(payment_page, data={"outcome": outcome}, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def get(self, path_or_url: str) -> str:
        url = path_or_url if path_or_url.startswith("http") else self.app_url + path_or_url
        answer = self.http.get(url, timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 200, f"{url}: {answer.status_code}"
        return answer.text

    def balance(self) -> int:
        """Return the available credits as the live balance shows them."""
        found = re.search(r'data-balance="(-?\d+)"', self.get("/dashboard/credits/balance"))
        assert found, "no balance on the page"
        return int(found[1])

    def wait_for_balance(self, wanted: int, seconds: float = 15) -> float:
        """Return after how many seconds the page shows `wanted` credits."""
        began = time.monotonic()
        while self.balance() != wanted:
            assert time.monotonic() - began < seconds, f"balance is {self.balance()}, not {wanted}"
            time.sleep(0.05)
        return time.monotonic() - began

    def make_qr_code(self, text: str) -> requests.Response:
        return self._submit("/features/qr-codes", text=text)

    def csrf_token(self) -> str:
        """Return the token that every form of this browser session may carry."""
        token = re.search(r'name="csrf-token" content="([^"]+)"', self.get("/"))
        assert token, "no CSRF token in the page"
        return token[1]

    def _submit(self, path: str, **fields: Any) -> requests.Response:
        return self.http.post(
            self.app_url + path,
            data={"csrf_token": self.csrf_token(), **fields},
            allow_redirects=False,
            timeout=TIMEOUT_SECONDS,
        )
