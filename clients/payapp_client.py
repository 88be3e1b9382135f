"""A client for payapp's HTTP API: one file to copy into your own back end. It needs Python 3.11 and httpx.

    from payapp_client import PayappClient

    payapp = PayappClient("https://app.example.com", "payapp_…")
    payapp.spend(3, feature="translation")
    with payapp.hold(20, feature="video") as hold:  # set aside; given back if the work fails
        seconds = make_video()
        hold.capture(seconds)  # at most 20; the rest is free again

Every call that changes something carries an idempotency key and is repeated with the same key when the network or the
server fails, so it happens once. Pass a key of your own (an order's id, say) to have it happen once across restarts:
a hold with a key whose hold has ended raises HoldEndedError before the work, so the work is not done twice.
With a service key, `user` names whose credits are meant: an id or an e-mail address. A hold is its maker's: the keys of
one service, or those of one user; nobody else can capture or release it.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

ATTEMPTS = 5
PAUSE_SECONDS = 0.2
PAUSE_SECONDS_MAX = 8.0
# Worth another try: too many requests, or the server in trouble. So is one 409, see _is_passing().
PASSING = frozenset({429, 500, 502, 503, 504})


class PayappError(Exception):
    """payapp said no. `code` is stable, `detail` is for people, `problem` is the whole answer."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code: str = str(problem.get("code", "unknown"))
        self.detail: str = str(problem.get("detail") or problem.get("title") or "")
        self.problem = problem
        super().__init__(f"{status} {self.code}: {self.detail}")


class InsufficientCreditsError(PayappError):
    """402: fewer credits are available than asked for. Nothing was changed."""

    def __str__(self) -> str:
        required, available = self.problem.get("required"), self.problem.get("available")
        return f"{super().__str__()} (required {required}, available {available})"


class HoldEndedError(PayappError):
    """409: the hold is not open any more. `hold_status` says how it ended: captured (paid), released or expired."""

    @property
    def hold_status(self) -> str:
        return str(self.problem.get("hold_status", "unknown"))


class PayappUnreachableError(Exception):
    """No answer of payapp's. It may have happened: call again with the same idempotency key to find out.

    Hold.capture() and Hold.release() have fixed keys, so there it is enough to call them again.
    """


ERRORS = {"insufficient_credits": InsufficientCreditsError, "hold_not_open": HoldEndedError}


@dataclass(frozen=True)
class Balance:
    """Credits: `posted` (below zero: a debt), `held` for work under way, `available` to spend."""

    posted: int
    held: int
    available: int


@dataclass
class Hold:
    """Credits set aside. It ends once: capture() takes some or all of them, release() none."""

    id: int
    amount: int
    _client: "PayappClient" = field(repr=False)
    is_open: bool = True

    def capture(self, amount: int | None = None) -> dict[str, Any] | None:
        """Take `amount` of the credits, all of them when None; the rest is available again. Returns the entry.

        With 0 nothing was used: the hold is released, and there is no entry. Raises HoldEndedError.
        """
        if amount == 0:
            self.release()
            return None
        taken = self.amount if amount is None else amount
        self.is_open = False  # also if no answer comes: to release it then could give away work that is done
        try:
            return self._client.post(f"/holds/{self.id}/capture", {"amount": taken}, f"capture-hold-{self.id}-{taken}")
        except PayappError:
            self.is_open = True
            raise

    def release(self) -> None:
        """Give all of them back. Raises HoldEndedError."""
        self._client.post(f"/holds/{self.id}/release", {}, f"release-hold-{self.id}")
        self.is_open = False


class PayappClient:
    """One key's view of payapp. Thread-safe; close() it, or use it in a with statement."""

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        user: str | None = None,
        timeout_seconds: float = 10,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`user` is for service keys alone. `transport` and `sleep` are for tests."""
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        url = f"{base_url.rstrip('/')}/api/v1"
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_seconds, transport=transport)
        self._user, self._sleep = user, sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def balance(self) -> Balance:
        """Return the credits as they are now."""
        found = self._get("/balance", self._whose())
        return Balance(found["posted"], found["held"], found["available"])

    def spend(
        self, amount: int, *, feature: str, note: str | None = None, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Use `amount` credits at once; return the entry. Raises InsufficientCreditsError."""
        return self.post("/spends", _body(amount=amount, feature=feature, note=note), idempotency_key)

    def place_hold(
        self,
        amount: int,
        *,
        feature: str,
        note: str | None = None,
        expires_in_seconds: int | None = None,
        idempotency_key: str | None = None,
    ) -> Hold:
        """Set `amount` credits aside until captured, released or expired. Raises InsufficientCreditsError.

        A key that was used before gives the hold it made. If that has ended, raises HoldEndedError: the work has been
        paid already (captured), or it needs a new key (released, expired).
        """
        body = _body(amount=amount, feature=feature, note=note, expires_in_seconds=expires_in_seconds)
        response = self._post("/holds", body, idempotency_key)
        made = _read(response)
        if response.headers.get("Idempotency-Replayed") == "true":  # then it tells the hold as it was at first
            made = self._get(f"/holds/{made['id']}", self._whose())
        if made["status"] != "open":
            raise _build_ended(made)
        return Hold(made["id"], made["amount"], self)

    @contextmanager
    def hold(self, amount: int, *, feature: str, note: str | None = None, **options: Any) -> Iterator[Hold]:
        """Set credits aside for the work inside: captured whole at its end unless you did, released if it raises.

        Raises as place_hold() does, before the work. A failure releases the hold, so trying again takes a new key.
        """
        held = self.place_hold(amount, feature=feature, note=note, **options)
        try:
            yield held
        except BaseException:
            if held.is_open:
                with suppress(PayappError, PayappUnreachableError):  # it expires by itself
                    held.release()
            raise
        if held.is_open:
            held.capture()

    def entries(self, page_size: int = 100) -> Iterator[dict[str, Any]]:
        """Yield the account's entries, newest first, fetching page after page."""
        params = {**self._whose(), "limit": page_size}
        while True:
            page = self._get("/entries", params)
            yield from page["entries"]
            if not page.get("next_cursor"):
                return
            params["cursor"] = page["next_cursor"]

    def post(self, path: str, body: dict[str, Any], idempotency_key: str | None = None) -> dict[str, Any]:
        """Send a change, once whatever happens on the way."""
        return _read(self._post(path, body, idempotency_key))

    def _post(self, path: str, body: dict[str, Any], idempotency_key: str | None) -> httpx.Response:
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return self._ask("POST", path, json={**body, **self._whose()}, headers=headers)

    def _get(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        return _read(self._ask("GET", path, params=params))

    def _whose(self) -> dict[str, Any]:
        return {} if self._user is None else {"user": self._user}

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        response: httpx.Response | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(_pause(attempt, response))
            response = self._try(method, path, **request)
            if response is not None and not _is_passing(response):
                return response
        if response is None:
            raise PayappUnreachableError(f"{method} {path}: no answer in {ATTEMPTS} attempts")
        return response

    def _try(self, method: str, path: str, **request: Any) -> httpx.Response | None:
        try:
            return self._http.request(method, path, **request)
        except httpx.TransportError:
            return None


def _body(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _is_passing(response: httpx.Response) -> bool:
    if response.status_code == 409:
        return _problem(response).get("code") == "request_in_progress"
    return response.status_code in PASSING


def _pause(attempt: int, response: httpx.Response | None) -> float:
    """Return how many seconds to wait: twice as long each time, with some chance in it, and never less than asked."""
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    grown: float = min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2**attempt) * random.uniform(0.5, 1.0)  # nosec B311  # noqa: S311  (no secret)
    return max(grown, float(asked)) if asked.isdecimal() else grown


def _read(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        problem = _problem(response)
        raise ERRORS.get(str(problem.get("code")), PayappError)(response.status_code, problem)
    found = _parse(response)
    if found is None:
        raise PayappUnreachableError(
            f"{response.url}: {response.status_code} without JSON; this is not payapp's answer"
        )
    return found


def _problem(response: httpx.Response) -> dict[str, Any]:
    return _parse(response) or {"title": response.reason_phrase}


def _parse(response: httpx.Response) -> dict[str, Any] | None:
    try:
        found = response.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _build_ended(hold: dict[str, Any]) -> HoldEndedError:
    status = hold["status"]
    advice = "the work has been paid already" if status == "captured" else "take a new idempotency key"
    detail = f"the hold {hold['id']} of this idempotency key is {status}: {advice}"
    return HoldEndedError(409, {"code": "hold_not_open", "detail": detail, "hold_status": status})
