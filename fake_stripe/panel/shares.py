"""Where the money of one payment is now: the bar above its story."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fake_stripe.errors import JsonObject
from fake_stripe.money.disputing import withdrawn


@dataclass(frozen=True)
class Share:
    """One part of the bar; `start` and `width` in percent of it, `amount` in minor units."""

    name: str
    css: str
    amount: int
    start: float
    width: float


def shares_of(
    charges: Iterable[JsonObject], disputes: Sequence[JsonObject], movements: Mapping[str, JsonObject]
) -> list[Share]:
    """Return what stays with us after everything, what was refunded, what disputes hold, and the fees.

    `movements` are the charges' balance transactions by id. What stays can be below zero; the bar then leaves it out.
    """
    taken = [charge for charge in charges if charge["paid"]]
    refunded = sum(charge["amount_refunded"] for charge in taken)
    disputed = sum(withdrawn(dispute) for dispute in disputes)
    fees = sum(moved["fee"] for moved in movements.values())
    fees += sum(moved["fee"] for dispute in disputes for moved in dispute["balance_transactions"])
    stays = sum(charge["amount"] for charge in taken) - refunded - disputed - fees
    parts = (("Stays with us", "stays", stays), ("Refunded", "refunded", refunded))
    return _lay_out((*parts, ("Withdrawn by disputes", "disputed", disputed), ("Fees", "fees", fees)))


def _lay_out(parts: Iterable[tuple[str, str, int]]) -> list[Share]:
    whole = sum(max(amount, 0) for _, _, amount in parts) or 1
    shares, start = [], 0.0
    for name, css, amount in parts:
        width = max(amount, 0) * 100 / whole
        shares.append(Share(name, css, amount, round(start, 3), round(width, 3)))
        start += width
    return shares
