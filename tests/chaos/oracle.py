"""What a payment is worth in the end, worked out anew from the contract's rulings. It calls nothing of payapp's."""

from dataclasses import dataclass

# The price list, as it stands in the shop window: minor units paid → credits.
CREDITS_FOR = {900: 100, 3900: 500, 9900: 1500}


@dataclass(frozen=True)
class Money:
    """Where one payment's money is, in minor units, as Stripe's own record says."""

    charged: int
    refunded: int
    disputed: int
    reinstated: int


def credits_left(money: Money) -> int:
    """Return how many credits a payment leaves with its buyer after refunds and disputes; none if nothing was charged.

    Taken back is min(credits, floor(credits x refunded / paid) + floor(credits x disputed / paid)), where money that
    came back from a dispute was not disputed. Raises KeyError for a sum that is no package's price.
    """
    if not money.charged:
        return 0
    credits = CREDITS_FOR[money.charged]
    for_refunds = credits * money.refunded // money.charged
    for_disputes = credits * (money.disputed - money.reinstated) // money.charged
    return credits - min(credits, for_refunds + for_disputes)
