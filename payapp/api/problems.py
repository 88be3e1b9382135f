"""What the API answers when it refuses: problem documents (RFC 9457), of the kinds in payapp/problems.py."""

from collections.abc import Mapping
from typing import Any

from payapp.billing.packages import find_package_for
from payapp.ledger.errors import (
    CaptureTooLargeError,
    HoldNotOpenError,
    InsufficientCreditsError,
    LedgerError,
    TooManyHoldsError,
)
from payapp.problems import PROBLEMS


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


def invalid_field(field: str, message: str) -> ApiError:
    """Return the refusal of one field."""
    return ApiError("invalid_request", errors=[{"field": field, "message": message}])


def refusal_of(error: LedgerError) -> ApiError:
    """Return what the caller is told when the ledger has refused; raises `error` again if it is not the caller's."""
    if isinstance(error, InsufficientCreditsError):
        package = find_package_for(error.required - error.available)
        offer = {name: getattr(package, name) for name in ("id", "name", "credits", "unit_amount", "currency")}
        return ApiError("insufficient_credits", required=error.required, available=error.available, package=offer)
    if isinstance(error, TooManyHoldsError):
        return ApiError("too_many_holds", limit=error.limit)
    if isinstance(error, HoldNotOpenError):
        return ApiError("hold_not_open", hold_status=error.status) if error.status else ApiError("hold_not_found")
    if isinstance(error, CaptureTooLargeError):
        return ApiError("capture_too_large", held=error.held)
    raise error
