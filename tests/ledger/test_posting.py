"""grant() and the entries it writes."""

from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from payapp.ledger.posting import grant
from tests.factories import make_user


def test_it_works(session: Session) -> None:
    user = make_user(session)
    entry = grant(session, user.id, 500, idempotency_key="purchase:1")
    session.commit()
    assert (entry.amount, entry.balance_after, entry.is_new) == (500, 500, True)
    assert get_balance(session, user.id).available == 500


def test_it_grants_once_for_a_key(session: Session) -> None:
    user = make_user(session)
    first = grant(session, user.id, 500, idempotency_key="purchase:1")
    again = grant(session, user.id, 500, idempotency_key="purchase:1")
    session.commit()
    assert (again.id, again.is_new) == (first.id, False)
    assert get_balance(session, user.id).posted == 500
