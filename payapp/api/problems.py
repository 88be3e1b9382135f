"""What the API answers when it refuses: problem documents (RFC 9457), of the kinds in payapp/web/problem_kinds.py."""

from collections.abc import Mapping
from typing import Any

from payapp.billing.packages import find_package_for
from payapp.ledger.errors import (
    CaptureTooLargeError,
    HoldBelongsToAnotherError,
    HoldNotOpenError,
    InsufficientCreditsError,
    LedgerError,
    TooManyHoldsError,
)
from payapp.web.problem_kinds import PROBLEMS

FIELD_NAME_LENGTH_MAX = 80


class ApiError(Exception):
    """A refusal by its code. `members` stand in the problem document beside the usual ones."""

    def __init__(self, code: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(code)
        self.code = code
        self.kind = PROBLEMS[code]
        self.headers = headers or {}
        self.members = members

    @property
    def document(self) -> dict[str, Any]:
        """The problem document. `detail` may stand among the members, else it is the kind's own sentence."""
        usual = {"type": "about:blank", "status": self.kind.status, "title": self.kind.title, "code": self.code}
        return usual | {"detail": self.kind.sentence} | self.members


def cut_name(name: object) -> str:
    """Return a field's name as the caller wrote it, but not all of a very long one."""
    return str(name)[:FIELD_NAME_LENGTH_MAX]


def invalid_field(field: str, message: str) -> ApiError:
    """Return the refusal of one field."""
    return invalid_fields([{"field": cut_name(field), "message": message}])


def invalid_fields(errors: list[dict[str, str]]) -> ApiError:
    """Return the refusal of these fields, each with its `field` and `message`; `detail` tells the first."""
    return ApiError("invalid_request", detail=f"`{errors[0]['field']}`: {errors[0]['message']}", errors=errors)


def refusal_of(error: LedgerError) -> ApiError:
    """Return what the caller is told when the ledger has refused; raises `error` again if it is not the caller's."""
    if isinstance(error, InsufficientCreditsError):
        package = find_package_for(error.required - error.available)
        offer = {name: getattr(package, name) for name in ("id", "name", "credits", "unit_amount", "currency")}
        missing: dict[str, Any] = {"required": error.required, "available": error.available, "package": offer}
        return ApiError("insufficient_credits", detail=_tell_what_is_missing(error), **missing)
    if isinstance(error, TooManyHoldsError):
        return ApiError("too_many_holds", limit=error.limit)
    if isinstance(error, HoldNotOpenError):
        return ApiError("hold_not_open", hold_status=error.status) if error.status else ApiError("hold_not_found")
    if isinstance(error, HoldBelongsToAnotherError):
        return ApiError("hold_belongs_to_another", made_by=error.maker)
    if isinstance(error, CaptureTooLargeError):
        return ApiError("capture_too_large", held=error.held)
    raise error


def _tell_what_is_missing(error: InsufficientCreditsError) -> str:
    needed = "1 credit is" if error.required == 1 else f"{error.required} credits are"
    return f"{needed} needed, {error.available} {'is' if error.available == 1 else 'are'} available."
