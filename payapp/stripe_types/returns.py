"""Money that goes back, as it crosses the wall: refunds, disputes and the charges they belong to.

Nothing here imports the stripe package. Amounts are minor currency units, moments are aware UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payapp.stripe_types.json_reading import (
    read_flag,
    read_id_or_none,
    read_metadata,
    read_moment,
    read_object,
    read_text,
    read_text_or_none,
    read_whole_number,
)
from payapp.stripe_types.objects import reading

# Far beyond what can be charged at once: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
AMOUNT_MAX = 9_999_999_999
CURRENCY_LENGTH = 3


@dataclass(frozen=True)
class Refund:
    """A refund: `status` pending, requires_action, succeeded, failed or canceled; `amount` never changes.

    `payment_intent_id` is None for a payment made without one. Source: https://docs.stripe.com/api/refunds/object
    """

    id: str
    status: str
    amount: int
    currency: str
    payment_intent_id: str | None
    charge_id: str | None
    created_at: datetime
    metadata: dict[str, str]

    @classmethod
    def from_object(cls, source: dict[str, Any]) -> "Refund":
        """Read Stripe's JSON object. Raises MalformedObjectError when it is not a refund we can read."""
        with reading(source, "refund"):
            return cls(
                id=read_text(source["id"]),
                # Nullable in the API's description, for refunds older than statuses: those have succeeded.
                status=read_text_or_none(source["status"]) or "succeeded",
                amount=_read_amount(source["amount"]),
                currency=read_text(source["currency"], CURRENCY_LENGTH),
                payment_intent_id=read_id_or_none(source["payment_intent"]),
                charge_id=read_id_or_none(source["charge"]),
                created_at=read_moment(source["created"]),
                metadata=read_metadata(source["metadata"]),
            )


@dataclass(frozen=True)
class Dispute:
    """A dispute: `warning_…` and `prevented` took no money, `needs_response` and `under_review` did, `won`, `lost`.

    `movements` is how many balance transactions it has had: they only become more, so they tell which of two stories
    is the later one. `reinstated` is what is back of `amount` after all of them.
    Source: https://docs.stripe.com/api/disputes/object
    """

    id: str
    status: str
    amount: int
    movements: int
    reinstated: int
    currency: str
    reason: str
    payment_intent_id: str | None
    charge_id: str | None
    livemode: bool
    created_at: datetime

    @classmethod
    def from_object(cls, source: dict[str, Any]) -> "Dispute":
        """Read Stripe's JSON object. Raises MalformedObjectError when it is not a dispute we can read."""
        with reading(source, "dispute"):
            amount, status = _read_amount(source["amount"]), read_text(source["status"])
            moved = _read_movements(source["balance_transactions"])
            return cls(
                id=read_text(source["id"]),
                status=status,
                amount=amount,
                movements=len(moved),
                reinstated=amount if status == "won" and not _went_again(moved) else _share_back(moved, amount),
                currency=read_text(source["currency"], CURRENCY_LENGTH),
                reason=read_text(source["reason"]),
                payment_intent_id=read_id_or_none(source["payment_intent"]),
                charge_id=read_id_or_none(source["charge"]),
                livemode=read_flag(source["livemode"]),
                created_at=read_moment(source["created"]),
            )


@dataclass(frozen=True)
class Charge:
    """A charge, as far as `charge.refunded` tells a story: `amount_refunded` of all its refunds that have not failed.

    Source: https://docs.stripe.com/api/charges/object
    """

    id: str
    amount_refunded: int
    currency: str
    payment_intent_id: str | None
    livemode: bool

    @classmethod
    def from_object(cls, source: dict[str, Any]) -> "Charge":
        """Read Stripe's JSON object. Raises MalformedObjectError when it is not a charge we can read."""
        with reading(source, "charge"):
            return cls(
                id=read_text(source["id"]),
                amount_refunded=_read_amount(source["amount_refunded"]),
                currency=read_text(source["currency"], CURRENCY_LENGTH),
                payment_intent_id=read_id_or_none(source["payment_intent"]),
                livemode=read_flag(source["livemode"]),
            )


def _read_amount(value: Any) -> int:
    amount = read_whole_number(value)
    if not 0 <= amount <= AMOUNT_MAX:
        raise ValueError("no amount of money")
    return amount


def _read_movements(movements: Any) -> list[int]:
    """Return the amounts of a dispute's balance transactions, oldest first: below zero went away, above came back."""
    if not isinstance(movements, list):
        raise ValueError("expected a list of balance transactions")
    read = [read_object(movement) for movement in movements]
    if all("created" in movement for movement in read):
        read.sort(key=lambda movement: read_whole_number(movement["created"]))
    return [read_whole_number(movement["amount"]) for movement in read]


def _went_again(moved: list[int]) -> bool:
    """Whether the money was back and has gone away again: banks may turn around after a dispute was won."""
    return bool(moved) and moved[-1] < 0 and any(amount > 0 for amount in moved)


def _share_back(moved: list[int], amount: int) -> int:
    """Return how much of the disputed `amount` is back after all movements.

    A dispute's balance transactions are in the currency of our balance, which may not be the dispute's: so it is
    the share of what was away at most that counts. Source: https://docs.stripe.com/api/disputes/object
    """
    away = away_at_most = 0
    for change in moved:
        away = max(0, away - change)
        away_at_most = max(away_at_most, away)
    return amount * (away_at_most - away) // away_at_most if away_at_most else 0
