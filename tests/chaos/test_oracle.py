"""The oracle's own arithmetic, worked out by hand."""

import pytest

from tests.chaos.oracle import Money, credits_left


@pytest.mark.parametrize(
    ("money", "left"),
    [
        (Money(0, 0, 0, 0), 0),
        (Money(3900, 0, 0, 0), 500),
        (Money(3900, 3900, 0, 0), 0),
        (Money(3900, 1, 0, 0), 500),  # an eighth of a credit is none
        (Money(3900, 8, 0, 0), 499),
        (Money(3900, 1950, 0, 0), 250),
        (Money(3900, 0, 3900, 0), 0),
        (Money(3900, 0, 3900, 3900), 500),
        (Money(3900, 0, 3900, 900), 116),  # 3000 of 3900 stay away: 384 credits
        (Money(900, 7, 7, 0), 100),  # each less than a credit
        (Money(900, 600, 900, 0), 0),  # never more than was granted
    ],
)
def test_it_leaves_what_the_money_is_worth(money: Money, left: int) -> None:
    assert credits_left(money) == left
