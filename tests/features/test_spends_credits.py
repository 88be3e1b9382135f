"""spends_credits(): hold, work, capture; release if the work fails."""

import pytest
from sqlalchemy.orm import Session

from payapp.features import FEATURES, spends_credits
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import InsufficientCreditsError
from tests.factories import make_user

COST = FEATURES["qr-code"].cost


def test_it_works(session: Session) -> None:
    user = make_user(session, credits=5)
    with spends_credits(session, user.id, "qr-code") as feature:
        assert get_balance(session, user.id).held == feature.cost
    balance = get_balance(session, user.id)
    assert (balance.posted, balance.held) == (5 - COST, 0)


def test_it_has_committed_the_hold_while_the_work_runs(session: Session) -> None:
    user = make_user(session, credits=5)
    with spends_credits(session, user.id, "qr-code"):
        assert not session.in_transaction()


def test_it_releases_when_the_work_fails(session: Session) -> None:
    user = make_user(session, credits=5)
    with pytest.raises(ZeroDivisionError), spends_credits(session, user.id, "qr-code"):
        raise ZeroDivisionError
    balance = get_balance(session, user.id)
    assert (balance.posted, balance.held) == (5, 0)


def test_it_does_not_begin_the_work_without_credits(session: Session) -> None:
    user = make_user(session)
    with pytest.raises(InsufficientCreditsError) as caught, spends_credits(session, user.id, "qr-code"):
        pytest.fail("the work began")
    assert (caught.value.required, caught.value.available) == (COST, 0)


def test_it_rejects_an_unknown_feature(session: Session) -> None:
    user = make_user(session, credits=5)
    with pytest.raises(KeyError), spends_credits(session, user.id, "unknown"):
        pytest.fail("the work began")
