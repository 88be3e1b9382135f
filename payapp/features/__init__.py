"""What credits buy. One file a priced feature; this page lists them and charges for them.

To sell a feature of your own: add it to FEATURES, and put spends_credits() on the route or around the work.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial, wraps
from types import TracebackType
from typing import Any, ParamSpec

from flask import Response, abort, has_request_context, make_response, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session

from payapp.extensions import db, login_manager
from payapp.features.qr_code_batch import count_codes
from payapp.ledger.errors import HoldNotOpenError
from payapp.ledger.holds import capture_hold, place_hold, release_hold

Parameters = ParamSpec("Parameters")

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Feature:
    """A priced feature: what it is called, what it costs, and one sentence for its page.

    `cost` is in credits: a number, or a function of the work's input that returns one (at least 1).
    """

    id: str
    name: str
    cost: int | Callable[[Any], int]
    sentence: str

    def cost_of(self, input: object = None) -> int:
        """Return what this use costs. Where the cost is a function it gets `input`; what it raises, comes through."""
        return self.cost if isinstance(self.cost, int) else self.cost(input)


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


class Charge:
    """What one use is going to cost: `held` credits, unless the work lowers `amount`."""

    def __init__(self, feature: Feature, held: int) -> None:
        self.feature = feature
        self.held = held
        self._amount = held

    @property
    def amount(self) -> int:
        """The credits that will be taken; the rest of what was held is free again. 0 takes nothing."""
        return self._amount

    @amount.setter
    def amount(self, amount: int) -> None:
        if type(amount) is not int or not 0 <= amount <= self.held:
            raise ValueError(f"a charge is a whole number from 0 to the {self.held} credits held, not {amount!r}")
        self._amount = amount


def spends_credits(
    feature_id: str,
    *,
    input: object = None,
    user_id: int | None = None,
    note: str | None = None,
    idempotency_key: str | None = None,
) -> "Spending":
    """Charge a feature's cost for the work inside: the credits are held before it and captured after it.

    Both `with spends_credits("qr-code") as charge:` and `@spends_credits("qr-code")` on a view. If the work raises,
    or the view answers 4xx or 5xx, what it wrote is rolled back and nothing is charged; if its process dies, the
    hold expires by itself. A cost that depends gets `input`, or the request where none is given. The credits are
    the logged-in user's unless `user_id` says otherwise. Raises InsufficientCreditsError before the work begins
    (unhandled, it becomes a 402 page with a Buy button) and KeyError for a feature that is not in FEATURES.

    With an idempotency key, which is to name the feature, the user and the input, a use is paid once: asked again, the
    work runs again for nothing, unless it failed before. Two at once may both work, and one pays.

    Commits before the work, so that no lock waits for it, and after, what the work wrote together with its entry.
    A body that is streamed is made afterwards: stream only what is ready, for by then it has been paid.
    """
    return Spending(FEATURES[feature_id], input, user_id, note, idempotency_key)


@dataclass
class Spending:
    """One `with` block, or any number of calls of a decorated view. Made by spends_credits()."""

    feature: Feature
    input: object
    user_id: int | None
    note: str | None
    idempotency_key: str | None
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
        self._open = self._charge()
        return self._open.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            self._open.__exit__(kind, error, trace)

    def _charge(self) -> AbstractContextManager[Charge]:
        user_id = find_payer() if self.user_id is None else self.user_id
        has_request = self.input is None and has_request_context()
        cost = self.feature.cost_of(request if has_request else self.input)
        return charge_for(user_id, self.feature, cost, self.note or self.feature.name, self.idempotency_key)


def find_payer() -> int:
    """Return the id of the logged-in user. Ends the request where nobody is logged in.

    Raises RuntimeError in a GET route: a link, a picture or a prefetch on anybody's page could spend there.
    """
    if request.method in SAFE_METHODS:
        raise RuntimeError("credits are spent by POST requests only")
    if not current_user.is_authenticated:
        abort(make_response(login_manager.unauthorized()))
    return int(current_user.id)


@contextmanager
def charge_for(user_id: int, feature: Feature, cost: int, note: str, idempotency_key: str | None) -> Iterator[Charge]:
    """Hold `cost`, let the work run, and capture what the charge says then; release if the work fails."""
    session = db.session()
    place = partial(place_hold, session, user_id, cost, feature=feature.id, note=note)
    hold = place(idempotency_key=idempotency_key)
    while hold.status in ("released", "expired"):  # the same use has failed before
        hold = place(idempotency_key=f"{idempotency_key}:{hold.id}")
    session.commit()
    charge = Charge(feature, cost)
    try:
        yield charge
    except BaseException:
        session.rollback()
        with suppress(HoldNotOpenError):  # it took so long that the clock has ended it
            release_hold(session, hold.id)
        session.commit()
        raise
    _settle(session, hold.id, charge.amount)
    session.commit()


def _settle(session: Session, hold_id: int, amount: int) -> None:
    try:
        if amount:
            capture_hold(session, hold_id, amount)
        else:
            release_hold(session, hold_id)
    except HoldNotOpenError as error:
        if error.status != "captured":  # else the same use has been paid already, under its key
            raise
