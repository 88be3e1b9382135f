"""Stripe's errors: status, type, code, message, param. See https://docs.stripe.com/api/errors."""

from typing import Any

JsonObject = dict[str, Any]


class StripeError(Exception):
    """An answer other than 200. `is_kept` says whether an idempotency key remembers it, `has_effect` whether what
    happened before it stays (a declined payment leaves its traces); `details` are further keys of the error.

    Stripe keeps an answer only once the endpoint has begun to execute, so a request that fails validation
    may be sent again under its key: https://docs.stripe.com/api/idempotent_requests
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        error_type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        is_kept: bool = True,
        has_effect: bool = False,
        details: JsonObject | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.error_type = error_type
        self.code = code
        self.param = param
        self.is_kept = is_kept
        self.has_effect = has_effect
        self.details = details or {}

    def to_body(self, request_log_url: str | None = None) -> JsonObject:
        """Return the JSON body; keys without a value are left out, as Stripe does."""
        error: JsonObject = {**self.details, "message": self.message, "type": self.error_type}
        if request_log_url:
            error["request_log_url"] = request_log_url
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": dict(sorted(error.items()))}


def parameter_error(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """Return a 400 for a wrong parameter; an idempotency key does not remember it."""
    return StripeError(message, code=code, param=param, is_kept=False)


def card_error(details: JsonObject, *, has_effect: bool = False) -> StripeError:
    """Return the 402 of a card that was refused; `details` has code and message, and what else Stripe tells.

    https://docs.stripe.com/error-handling#payment-errors
    """
    return StripeError(
        details["message"],
        status=402,
        error_type="card_error",
        code=details["code"],
        param=details.get("param"),
        has_effect=has_effect,
        details=details,
    )


def missing_parameter(param: str) -> StripeError:
    """Return the 400 for a required parameter that was not sent."""
    return parameter_error(f"Missing required param: {param}.", param, "parameter_missing")


def exclusive_parameters(*names: str, parent: str = "") -> StripeError:
    """Return the 400 for parameters that exclude one another; Stripe names the first of them and gives no code."""
    message = f"You may only specify one of these parameters: {', '.join(names)}."
    return parameter_error(message, f"{parent}[{names[0]}]" if parent else names[0])


_SPOKEN = {"payment_method": "PaymentMethod", "promotion_code": "promotion code"}


def no_such(kind: str, object_id: str, param: str, *, status: int = 400) -> StripeError:
    """Return the error for an id that names nothing: 404 in the address, 400 in a parameter."""
    return StripeError(
        f"No such {_SPOKEN.get(kind, kind)}: '{object_id}'", status=status, code="resource_missing", param=param
    )


def not_in_stand_in(what: str, *, is_param: bool = True) -> StripeError:
    """Return the refusal of something Stripe has and the stand-in has not, so that nothing is silently ignored.

    `what` is a parameter, unless `is_param` says that it is a whole operation.
    """
    param = what if is_param else None
    message = f"The local stand-in for Stripe does not implement `{what}`; Stripe itself may accept it."
    return parameter_error(message, param, "stand_in_not_implemented")
