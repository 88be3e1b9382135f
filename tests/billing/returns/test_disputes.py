"""What a dispute does to the credits, each ruling one test. Every order: tests/webhooks/test_return_orders.py."""

import pytest
from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.ledger.verification import verify
from tests.billing.returning import Sale


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_under_review", "warning_closed", "prevented"])
def test_an_inquiry_moves_nothing(session: Session, status: str) -> None:
    sale = Sale(session)
    assert sale.dispute(status)
    assert sale.credits == 500


def test_an_escalated_inquiry_takes_the_credits(session: Session) -> None:
    sale = Sale(session)
    sale.dispute("warning_needs_response")
    sale.dispute("needs_response")
    assert sale.entries[1:] == [(-500, f"dispute:dp_test_{sale.purchase.id}:needs_response:3900:1")]


def test_the_first_real_state_takes_back_once(session: Session) -> None:
    sale = Sale(session)
    for status in ("needs_response", "needs_response", "under_review", "lost", "lost"):
        sale.dispute(status)
    assert [amount for amount, _ in sale.entries] == [500, -500]


def test_won_gives_back_once(session: Session) -> None:
    sale = Sale(session)
    for status in ("needs_response", "won", "won", "needs_response"):
        sale.dispute(status)
    assert [amount for amount, _ in sale.entries] == [500, -500, 500]
    assert verify(session) == []


def test_won_gives_back_before_the_money_is_reinstated(session: Session) -> None:
    """Stripe closes the dispute first and moves the money afterwards: two events, one reinstatement."""
    sale = Sale(session)
    sale.dispute("needs_response")
    sale.dispute("won", balance_transactions=[{"amount": -3900}])
    assert sale.credits == 500
    sale.dispute("won")
    assert len(sale.entries) == 3


def test_a_part_reinstated_gives_its_share_back(session: Session) -> None:
    sale = Sale(session)
    sale.dispute("lost")
    sale.dispute("lost", reinstated=1950)
    assert sale.credits == 250
    sale.dispute("lost")  # told late
    assert sale.credits == 250


def test_the_share_counts_where_our_balance_has_another_currency(session: Session) -> None:
    sale = Sale(session)
    sale.dispute("lost", balance_transactions=[{"amount": -3500}, {"amount": 1750}])
    assert sale.credits == 250


def test_closed_before_created(session: Session) -> None:
    for status, left in (("won", 500), ("lost", 0)):
        sale = Sale(session)
        sale.dispute(status)
        sale.dispute("needs_response")
        assert sale.credits == left


def turns(amount: int = 3900, *signs: int) -> list[dict[str, int]]:
    """The dispute's balance transactions: away, back, away again."""
    return [{"amount": sign * amount} for sign in signs]


def test_lost_after_won_takes_again_what_won_gave_back(session: Session) -> None:
    sale = Sale(session)
    for status, signs, left in (
        ("needs_response", (-1,), 0),
        ("won", (-1, 1), 500),
        ("lost", (-1, 1, -1), 0),
        ("won", (-1, 1), 0),  # told late
        ("lost", (-1, 1, -1), 0),
        ("won", (-1, 1, -1, 1), 500),
        ("lost", (-1, 1, -1, 1, -1), 0),
    ):
        sale.dispute(status, balance_transactions=turns(3900, *signs))
        assert sale.credits == left, (status, signs)
    assert [amount for amount, _ in sale.entries] == [500, -500, 500, -500, 500, -500]
    assert verify(session) == []


def test_lost_after_won_takes_when_the_money_goes(session: Session) -> None:
    sale = Sale(session)
    sale.dispute("won")
    sale.dispute("lost", balance_transactions=turns(3900, -1, 1))
    assert sale.credits == 500
    sale.dispute("won", balance_transactions=turns(3900, -1, 1, -1))
    assert sale.credits == 0


def test_a_part_that_comes_back_after_the_second_loss_gives_its_share(session: Session) -> None:
    sale = Sale(session)
    sale.dispute("lost", balance_transactions=[*turns(3900, -1, 1, -1), {"amount": 1950}])
    assert sale.credits == 250


def test_exchange_rates_between_the_turns_do_not_matter(session: Session) -> None:
    sale = Sale(session)
    for moved, left in (((-3500, 3400), 500), ((-3500, 3400, -3450), 0), ((-3500, 3400, -3450, 3300), 500)):
        status = "won" if left else "lost"
        sale.dispute(status, balance_transactions=[{"amount": amount} for amount in moved])
        assert sale.credits == left, moved


def test_the_movements_are_read_in_the_order_in_which_they_were_made(session: Session) -> None:
    sale = Sale(session)
    moved = [{"amount": -3900, "created": 3}, {"amount": 3900, "created": 2}, {"amount": -3900, "created": 1}]
    sale.dispute("lost", balance_transactions=moved)
    assert sale.credits == 0


def test_lost_after_won_is_for_staff_when_no_money_tells_which_came_last(session: Session) -> None:
    """In the other order it is won: no letter makes a difference to the credits, whichever comes first."""
    away = turns(3900, -1)
    for statuses in (("won", "lost"), ("lost", "won")):
        sale = Sale(session)
        sale.dispute(statuses[0], balance_transactions=away)
        if statuses[1] == "lost":
            with pytest.raises(QuarantineError, match="not moved"):
                sale.dispute("lost", balance_transactions=away)
        else:
            sale.dispute("won", balance_transactions=away)
        assert sale.credits == 500


def test_won_before_anything_else_moves_nothing(session: Session) -> None:
    sale = Sale(session)
    sale.dispute("won")
    assert len(sale.entries) == 1


def test_before_the_grant_it_is_kept_for_it(session: Session) -> None:
    sale = Sale(session, is_paid=False)
    sale.dispute("needs_response")
    sale.pay()
    assert sale.credits == 0
    sale.dispute("won")
    assert sale.credits == 500


@pytest.mark.parametrize(
    ("refunded", "disputed", "taken"), [(1000, 2900, 499), (1000, 3900, 500), (7, 7, 0), (8, 8, 2)]
)
def test_refund_and_dispute_together_never_take_more_than_all(
    session: Session, refunded: int, disputed: int, taken: int
) -> None:
    """Each share is rounded down by itself, in the customer's favor."""
    sale = Sale(session)
    sale.refund(refunded)
    sale.dispute(amount=disputed)
    assert 500 - sale.credits == taken
    sale.dispute("won", amount=disputed)
    sale.refund(refunded, "failed")
    assert sale.credits == 500
    assert verify(session) == []


def test_two_disputes_of_one_payment_add_up(session: Session) -> None:
    sale = Sale(session)
    sale.dispute(id="dp_1", amount=1950)
    sale.dispute(id="dp_2", amount=1950)
    assert sale.credits == 0
    sale.dispute("won", id="dp_1", amount=1950)
    assert sale.credits == 250


def test_an_amount_that_grew_takes_more(session: Session) -> None:
    sale = Sale(session)
    sale.dispute(amount=1950)
    sale.dispute(amount=3900)
    sale.dispute(amount=1950)
    assert sale.credits == 0


def test_more_than_was_paid_takes_no_more_than_all(session: Session) -> None:
    """Exchange rates move: https://docs.stripe.com/api/disputes/object#dispute_object-amount"""
    sale = Sale(session)
    sale.dispute(amount=4100)
    assert sale.credits == 0


def test_a_strangers_dispute_is_not_ours(session: Session) -> None:
    sale = Sale(session)
    assert not sale.dispute(payment_intent="pi_of_a_stranger")
    assert not sale.dispute(id="dp_2", payment_intent=None)
    assert sale.credits == 500


@pytest.mark.parametrize(
    ("fields", "word"),
    [({"currency": "eur"}, "currency"), ({"livemode": True}, "livemode"), ({"status": "new"}, "new")],
)
def test_a_dispute_that_does_not_agree_is_quarantined(session: Session, fields: dict[str, object], word: str) -> None:
    sale = Sale(session)
    with pytest.raises(QuarantineError, match=word):
        sale.dispute(**fields)  # type: ignore[arg-type]
    assert sale.credits == 500
