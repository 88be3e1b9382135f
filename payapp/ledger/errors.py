"""What can go wrong in the book. Each error carries its data; a door turns it into a page or a JSON answer."""

from datetime import datetime


class LedgerError(Exception):
    """Base of everything this room refuses."""


class UnknownAccountError(LedgerError):
    """No user has this id."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"no account {user_id}")
        self.user_id = user_id


class InvalidAmountError(LedgerError):
    """An amount of credits is a whole number from 1 to MAX_AMOUNT."""

    def __init__(self, amount: object) -> None:
        super().__init__(f"not an amount of credits: {amount!r}")
        self.amount = amount


class InsufficientCreditsError(LedgerError):
    """Fewer credits are available than asked for. Nothing was changed."""

    def __init__(self, user_id: int, required: int, available: int) -> None:
        super().__init__(f"account {user_id} has {available} credits available, {required} are required")
        self.user_id = user_id
        self.required = required
        self.available = available


class IdempotencyConflictError(LedgerError):
    """The idempotency key belongs to another entry, or hold of the maker (another account, amount, type or feature)."""

    def __init__(self, idempotency_key: str) -> None:
        super().__init__(f"the key {idempotency_key!r} was used for something else")
        self.idempotency_key = idempotency_key


class TooManyHoldsError(LedgerError):
    """The account has as many open holds as one may have. Nothing was changed; when one of them ends there is room."""

    def __init__(self, user_id: int, limit: int) -> None:
        super().__init__(f"account {user_id} has {limit} open holds already")
        self.user_id = user_id
        self.limit = limit


class HoldNotOpenError(LedgerError):
    """The hold has ended (captured, released or expired), or there is none with this id.

    `captured_amount` is in credits; None unless it is captured.
    """

    def __init__(self, hold_id: int, status: str | None, captured_amount: int | None = None) -> None:
        super().__init__(f"hold {hold_id} is {status or 'unknown'}")
        self.hold_id = hold_id
        self.status = status
        self.captured_amount = captured_amount


class HoldBelongsToAnotherError(LedgerError):
    """Somebody else has made the hold, and ends it alone. Nothing was changed, whether it is open or not."""

    def __init__(self, hold_id: int, maker: str) -> None:
        super().__init__(f"hold {hold_id} was made by {maker}")
        self.hold_id = hold_id
        self.maker = maker


class CaptureTooLargeError(LedgerError):
    """A capture asks for more than was held. Nothing was changed; the hold is still open."""

    def __init__(self, hold_id: int, amount: int, held: int) -> None:
        super().__init__(f"hold {hold_id} is of {held} credits, {amount} can't be captured")
        self.hold_id = hold_id
        self.amount = amount
        self.held = held


class AccountInUseError(LedgerError):
    """Credits of the account are set aside for work under way, until `until` at most: it can't be closed now."""

    def __init__(self, user_id: int, until: datetime) -> None:
        super().__init__(f"account {user_id} has holds in force until {until:%Y-%m-%d %H:%M} UTC")
        self.user_id = user_id
        self.until = until
