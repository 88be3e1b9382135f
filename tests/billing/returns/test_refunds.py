"""What a refund does to the credits, each ruling one test. Every order: tests/webhooks/test_return_orders.py."""

import pytest
from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import InsufficientCreditsError
from payapp.ledger.holds import capture_hold, place_hold, spend
from payapp.ledger.verification import verify
from tests.billing.returning import Sale


def test_a_full_refund_takes_all_credits_back(session: Session) -> None:
    noise, sale = Sale(session), Sale(session)
    assert sale.refund(3900)
    assert sale.entries == [(500, f"purchase:{sale.purchase.id}"), (-500, "refund:re_1")]
    assert noise.credits == 500
    assert verify(session) == []


@pytest.mark.parametrize(
    ("amount", "taken"), [(1, 0), (7, 0), (8, 1), (390, 50), (1950, 250), (3899, 499), (3900, 500)]
)
def test_a_partial_refund_takes_its_share_rounded_down(session: Session, amount: int, taken: int) -> None:
    sale = Sale(session)
    sale.refund(amount)
    assert sale.credits == 500 - taken


def test_the_split_does_not_matter(session: Session) -> None:
    """300 times 13 cents is the same as 39 dollars at once: nothing is lost by rounding each."""
    sale = Sale(session)
    for number in range(300):
        sale.refund(13, refund_id=f"re_{number}")
    assert sale.credits == 0
    assert verify(session) == []


@pytest.mark.parametrize("status", ["pending", "requires_action"])
def test_a_refund_under_way_counts(session: Session, status: str) -> None:
    sale = Sale(session)
    sale.refund(3900, status)
    assert sale.credits == 0
    sale.refund(3900, "succeeded")
    assert len(sale.entries) == 2


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_refund_that_fails_or_is_canceled_gives_back(session: Session, status: str) -> None:
    sale = Sale(session)
    sale.refund(3900, "pending")
    sale.refund(3900, status)
    assert sale.entries[1:] == [(-500, "refund:re_1"), (500, f"refund:re_1:{status}")]
    sale.refund(3900, "succeeded")  # told late: states never go back
    assert sale.credits == 500


def test_a_refund_that_succeeded_may_still_fail(session: Session) -> None:
    sale = Sale(session)
    for status in ("succeeded", "failed"):
        sale.refund(1000, status)
    assert sale.credits == 500


def test_another_refund_after_a_failed_one_takes_again(session: Session) -> None:
    sale = Sale(session)
    sale.refund(3900, "failed", "re_1")
    sale.charge(3900)
    sale.refund(3900, "succeeded", "re_2")
    assert sale.credits == 0


def test_the_charge_alone_tells_enough(session: Session) -> None:
    sale = Sale(session)
    assert sale.charge(1950)
    assert sale.charge(3900)
    assert sale.charge(1950)  # late: the most counts
    assert [amount for amount, _ in sale.entries] == [500, -250, -250]


def test_charge_and_refund_tell_the_same_story(session: Session) -> None:
    sale = Sale(session)
    sale.charge(1950)
    sale.refund(1950, "pending")
    sale.refund(1950, "succeeded")
    sale.charge(1950)
    assert sale.credits == 250


def test_what_the_charge_told_of_a_failed_refund_is_no_more(session: Session) -> None:
    sale = Sale(session)
    sale.charge(1950)
    sale.refund(1950, "failed")
    assert sale.credits == 500


def test_a_refund_before_the_grant_is_kept_for_it(session: Session) -> None:
    sale = Sale(session, is_paid=False)
    assert not sale.refund(1950)
    assert sale.entries == []
    sale.pay()
    purchase_id = sale.purchase.id
    assert sale.entries == [(500, f"purchase:{purchase_id}"), (-250, f"purchase:{purchase_id}:returned")]
    assert sale.refund(1950)
    assert sale.credits == 250


def test_after_the_credits_were_spent_it_is_a_debt(session: Session) -> None:
    sale = Sale(session)
    spend(session, sale.user_id, 400, feature="test")
    sale.refund(3900)
    assert get_balance(session, sale.user_id).available == -400
    with pytest.raises(InsufficientCreditsError):
        spend(session, sale.user_id, 1, feature="test")
    assert verify(session) == []


def test_while_a_hold_is_open_the_hold_stands(session: Session) -> None:
    """The work is under way: what was set aside for it may still be captured."""
    sale = Sale(session)
    hold = place_hold(session, sale.user_id, 300, feature="test")
    sale.refund(3900)
    balance = get_balance(session, sale.user_id)
    assert (balance.posted, balance.held, balance.available) == (0, 300, -300)
    assert capture_hold(session, hold.id).balance_after == -300
    assert verify(session) == []


def test_a_refund_of_a_strangers_payment_is_not_ours(session: Session) -> None:
    sale = Sale(session)
    assert not sale.refund(3900, payment_intent="pi_of_a_stranger")
    assert not sale.refund(3900, refund_id="re_2", payment_intent=None)
    assert not sale.charge(3900, id="ch_other", payment_intent=None)
    assert sale.credits == 500


@pytest.mark.parametrize(
    ("fields", "word"),
    [({"currency": "eur"}, "currency"), ({"amount": 3901}, "amount"), ({"status": "unheard_of"}, "unheard_of")],
)
def test_a_refund_that_does_not_agree_is_quarantined(session: Session, fields: dict[str, object], word: str) -> None:
    sale = Sale(session)
    with pytest.raises(QuarantineError, match=word):
        sale.refund(**({"amount": 3900} | fields))  # type: ignore[arg-type]
    assert sale.credits == 500


@pytest.mark.parametrize(("fields", "word"), [({"currency": "eur"}, "currency"), ({"livemode": True}, "livemode")])
def test_a_charge_that_does_not_agree_is_quarantined(session: Session, fields: dict[str, object], word: str) -> None:
    sale = Sale(session)
    with pytest.raises(QuarantineError, match=word):
        sale.charge(3900, **fields)
    assert sale.credits == 500


def test_a_refund_that_contradicts_itself_is_quarantined(session: Session) -> None:
    sale = Sale(session)
    sale.refund(1000)
    with pytest.raises(QuarantineError, match="contradicts"):
        sale.refund(2000)
    with pytest.raises(QuarantineError, match="contradicts"):
        sale.refund(1000, payment_intent="pi_other")


def test_what_was_told_before_the_grant_and_does_not_agree_moves_nothing(session: Session) -> None:
    """A payment of ours is in our currency: this waits for staff, and the customer has the credits meanwhile."""
    sale = Sale(session, is_paid=False)
    sale.refund(3900, currency="eur")
    sale.pay()
    assert sale.credits == 500
