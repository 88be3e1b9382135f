"""What every client process has: its dice, its journal, its connections, and a loop that nothing ends but the end."""

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from multiprocessing.synchronize import Event
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from tests.chaos.journal import JournalWriter
from tests.chaos.shoppers import Scene, Shopper
from tests.processes import SECRET_KEY

ANSWER_SECONDS_MAX = 20


class NoAnswerError(Exception):
    """The server died on the way. `was_sent` False: it was not even reached, so nothing can have happened."""

    def __init__(self, was_sent: bool) -> None:
        super().__init__(was_sent)
        self.was_sent = was_sent

    @property
    def outcome(self) -> str:
        return "unclear" if self.was_sent else "refused"


class Client:
    """One process. `may_sell` is set while new payments are wanted; a subclass says what it does again and again."""

    pause_seconds_max = 0.05

    def __init__(self, scene: Scene, number: int, may_sell: Event) -> None:
        name = f"{type(self).__name__.lower()}{number}"
        self.scene = scene
        self.dice = scene.plan.dice(name)
        self.journal = JournalWriter(scene.folder, name)
        self.may_sell = may_sell
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each request brings its own

    def act(self) -> None:
        """Do one thing. Raises AssertionError for an answer that should never be given."""
        raise NotImplementedError

    def ask(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send one request. Raises NoAnswerError."""
        try:
            return self._http.request(method, url, timeout=ANSWER_SECONDS_MAX, allow_redirects=False, **options)
        except requests.RequestException as error:
            raise NoAnswerError(was_sent=not _is_unsent(error)) from error

    def submit(self, shopper: Shopper, path: str, **fields: str) -> requests.Response:
        """Submit a form of the app's, as htmx does in the shopper's browser. Raises NoAnswerError."""
        headers = {"Cookie": shopper.cookie, "HX-Request": "true"}
        data = {"csrf_token": shopper.csrf_token, **fields}
        return self.ask("POST", self.scene.app_url + path, data=data, headers=headers)

    def list_objects(self, path: str, **params: str) -> list[dict[str, Any]]:
        """Return the newest hundred of Stripe's objects; none while the stand-in is dead."""
        try:
            answer = self.ask(
                "GET", self.scene.stripe_url + path, params={"limit": "100", **params}, auth=(SECRET_KEY, "")
            )
        except NoAnswerError:
            return []
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    def order(self, path: str, **body: Any) -> str:
        """Give the stand-in an order; return the outcome. It refuses what Stripe would, a second refund of all, say."""
        try:
            answer = self.ask("POST", f"{self.scene.stripe_url}/_control/{path}", json=body)
        except NoAnswerError as error:
            return error.outcome
        assert answer.status_code < 500, answer.text
        return "acknowledged" if answer.status_code == 200 else "refused"

    def choose_shopper(self) -> Shopper:
        return self.dice.choice(self.scene.shoppers)

    def weigh(self, weights: Mapping[str, int]) -> str:
        """Return one of the keys, each as often as its weight says."""
        (choice,) = self.dice.choices(list(weights), list(weights.values()))
        return choice


def run_client(kind: type[Client], scene: Scene, number: int, stop: Event, may_sell: Event) -> None:
    """Be one client process, until told to stop."""
    client = kind(scene, number, may_sell)
    while not stop.wait(client.dice.uniform(0, client.pause_seconds_max)):
        client.act()


def _is_unsent(error: requests.RequestException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)
