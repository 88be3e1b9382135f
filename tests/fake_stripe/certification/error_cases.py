"""What a row of the table of errors is, and where its facts come from.

A row says what is asked, and of the refusal: HTTP status, `type`, `code`, `param`, `decline_code`, the SDK's exception,
and the source. NONE means that the source shows the field to be absent; None that it says nothing, so that nothing is
compared. Sources are Stripe's documentation, or answers of Stripe's test mode (API version 2026-08-26.dahlia, recorded
in September 2026) that github.com/Kiln-AI/stripe_world keeps in tests/conformance/cassettes; `#8` is the step there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import stripe

from tests.fake_stripe.certification.sides import Side

NONE = "absent"

CODES = "https://docs.stripe.com/error-codes"
CARDS = "https://docs.stripe.com/testing#declined-payments"
DATA = "https://docs.stripe.com/testing#invalid-data"
_TAPES = "https://github.com/Kiln-AI/stripe_world/blob/main/tests/conformance/cassettes/"
PAYMENTS = f"{_TAPES}04_money_path.json"
RETURNS = f"{_TAPES}05_refunds_disputes.json"
PEOPLE = f"{_TAPES}06_customers_payment_methods.json"
CATALOG = f"{_TAPES}07_catalog.json"
LISTS = f"{_TAPES}09_error_envelope_400s.json"

Request = Callable[[Side], Any]


@dataclass(frozen=True)
class ErrorCase:
    """One row. `is_ours_only` says that only a stand-in can be brought to it."""

    name: str
    status: int
    code: str | None
    param: str | None
    source: str
    error_type: str | None = "invalid_request_error"
    exception: type[stripe.StripeError] = stripe.InvalidRequestError
    decline_code: str | None = NONE
    is_ours_only: bool = False
    request: Request = field(kw_only=True)


def refused(name: str, code: str | None, param: str | None, source: str, request: Request) -> ErrorCase:
    """A 400 for a request that makes no sense."""
    return ErrorCase(name, 400, code, param, source, request=request)


def missing(name: str, status: int, param: str | None, source: str, request: Request) -> ErrorCase:
    """An id that names nothing."""
    return ErrorCase(name, status, "resource_missing", param, source, request=request)


def declined(name: str, code: str, decline_code: str | None, source: str, request: Request) -> ErrorCase:
    """A 402: the card was declined. `param` is not compared, because Stripe gives an empty one now and then."""
    return ErrorCase(name, 402, code, None, source, "card_error", stripe.CardError, decline_code, request=request)


def ordered(request: Request, fault: str, operation: str = "POST /v1/customers", when: str = "before") -> Request:
    """Order a fault from the stand-in, then ask."""

    def ask(side: Side) -> Any:
        side.control("POST", "/faults", {"operation": operation, "fault": fault, "when": when})
        return request(side)

    return ask
