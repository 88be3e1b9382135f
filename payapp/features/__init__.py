"""What credits buy. One file a priced feature; this page lists them and charges for them.

To sell a feature of your own: add it to FEATURES, and put spends_credits() on the route or around the work.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec

from flask import Response, abort, has_request_context, make_response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from payapp.extensions import db, login_manager
from payapp.features.charging import Charge, charge_for, place_for_use
from payapp.features.once import key_of_form
from payapp.features.qr_code_batch import count_codes
from payapp.features.use import Use
from payapp.ledger.holds import HOLD_SECONDS

Parameters = ParamSpec("Parameters")

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
NOTE_LENGTH_MAX = 500


@dataclass(frozen=True)
class Feature:
    """A priced feature: what it is called, what it costs, and one sentence for its page.

    `cost` is in credits: a number (at least 1), or a function of the work's input that returns one (0 is free).
    Raises ValueError for any other number.
    """

    id: str
    name: str
    cost: int | Callable[[Any], int]
    sentence: str

    def __post_init__(self) -> None:
        if not callable(self.cost):
            self._require_credits(self.cost, at_least=1)

    def cost_of(self, input: object = None) -> int:
        """Return what this use costs. Where the cost is a function it gets `input`; what it raises, comes through."""
        if isinstance(self.cost, int):
            return self.cost
        cost = self.cost(input)
        self._require_credits(cost, at_least=0)
        return cost

    def _require_credits(self, cost: object, at_least: int) -> None:
        if type(cost) is not int or cost < at_least:
            raise ValueError(f"{self.id} costs a whole number of credits, at least {at_least}, not {cost!r}")


FEATURES = {
    feature.id: feature
    for feature in (
        Feature("qr-code", "QR code", 1, "Turn a link or a text into a QR code, as SVG and PNG."),
        Feature(
            "qr-code-batch",
            "QR code batch",
            count_codes,
            "Turn a list into QR codes, in one ZIP file, for a credit each.",
        ),
    )
}


def spends_credits(
    feature_id: str,
    *,
    input: object = None,
    user_id: int | None = None,
    note: str | None = None,
    idempotency_key: str | None = None,
    expires_in_seconds: float = HOLD_SECONDS,
) -> "Spending":
    """Charge a feature's cost for the work inside: the credits are held before it and captured after it.

    Both `with spends_credits("qr-code") as charge:` and `@spends_credits("qr-code")` on a view. If the work raises,
    or the view answers 4xx or 5xx, what it wrote is rolled back and nothing is charged; if its process dies, the
    hold expires by itself. A cost that depends gets `input`, or the request where none is given. The credits are
    the logged-in user's unless `user_id` says otherwise. Raises InsufficientCreditsError before the work begins
    (unhandled, it becomes a 402 page with a Buy button), KeyError for a feature that is not in FEATURES, ValueError
    for a cost, a note or a time that can't be, RuntimeError within another use. Only the app can end the hold; should
    it have ended when the work is done (the work took longer than `expires_in_seconds`), the work is undone, and
    HoldNotOpenError raised (unhandled, a 409 page): nothing is handed out that was not paid.

    A form that carries `{{ once_field() }}` is one use however often it is sent, and so is everything under one
    `idempotency_key`, which is to name the feature, the user and the input: asked again, the work runs again for
    nothing, unless it failed before, or now costs something else. Two at once may both work, and one pays.

    Commits before the work, so that no lock waits for it, and after, what the work wrote together with its entry.
    A body that is streamed is made afterwards: stream only what is ready, for by then it has been paid.
    """
    if feature_id not in FEATURES:
        raise KeyError(f"there is no feature {feature_id!r}, only {', '.join(FEATURES)}")
    if note and (len(note) > NOTE_LENGTH_MAX or "\0" in note):
        raise ValueError(f"a note has up to {NOTE_LENGTH_MAX} characters, none of them NUL")
    if not expires_in_seconds > 0:
        raise ValueError(f"a hold lasts more than 0 seconds, not {expires_in_seconds}")
    return Spending(FEATURES[feature_id], input, user_id, note, idempotency_key, expires_in_seconds)


@dataclass
class Spending:
    """One `with` block, or any number of calls of a decorated view. Made by spends_credits()."""

    feature: Feature
    input: object
    user_id: int | None
    note: str | None
    idempotency_key: str | None
    expires_in_seconds: float
    _open: AbstractContextManager[Charge] | None = None

    def __call__(self, view: Callable[Parameters, ResponseReturnValue]) -> Callable[Parameters, Response]:
        """Return the view, charged for: each call is a use of its own."""

        @wraps(view)
        def charged_view(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Response:
            with self._charge() as charge:
                response = make_response(view(*args, **kwargs))
                if response.status_code >= 400:
                    db.session.rollback()
                    charge.amount = 0
            return response

        return charged_view

    def __enter__(self) -> Charge:
        opened = self._charge()
        charge = opened.__enter__()
        self._open = opened
        return charge

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            self._open.__exit__(kind, error, trace)

    def place_hold(self) -> int:
        """Hold the cost, for work that a job does, and return the hold's id: see capture_when_done().

        The form that was sent before has its hold already, however that has ended; one that was released or has
        expired is followed by another. Commits nothing: the row that tells the job what to do belongs to it. Raises
        what `with` raises before the work, and InvalidAmountError for a cost of 0, which needs no hold.
        """
        return place_for_use(db.session(), self._describe())

    def _charge(self) -> AbstractContextManager[Charge]:
        return charge_for(self._describe())

    def _describe(self) -> Use:
        user_id = find_payer() if self.user_id is None else self.user_id
        given = request if self.input is None and has_request_context() else self.input
        if given is None and callable(self.feature.cost):
            raise RuntimeError(f"outside a request, {self.feature.id} needs the input that its cost depends on")
        cost = self.feature.cost_of(given)
        key = self.idempotency_key or key_of_form(self.feature.id, user_id, cost)
        return Use(user_id, cost, self.feature.id, self.note or self.feature.name, key, self.expires_in_seconds)


def find_payer() -> int:
    """Return the id of the logged-in user. Ends the request where nobody is logged in.

    Raises RuntimeError outside a request, and in a GET route: a link, a picture or a prefetch on anybody's page could
    spend there.
    """
    if not has_request_context():
        raise RuntimeError("outside a request, spends_credits() is to be told who pays: user_id, and the cost's input")
    if request.method in SAFE_METHODS:
        raise RuntimeError("credits are spent by POST requests only")
    if not current_user.is_authenticated:
        abort(make_response(login_manager.unauthorized()))
    return int(current_user.id)
