"""flask purchases show ID, flask purchases refund ID"""

import pytest
from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from payapp.ledger.holds import spend
from payapp.stripe_types.objects import Event
from payapp.web.services import get_stripe
from payapp.webhooks.inbox import process_event
from tests.billing.returning import Sale
from tests.billing.shop import buy_growth
from tests.cli.conftest import RunCommand
from tests.factories import event_payload, make_user, refund_object
from tests.stand_in import StandIn


@pytest.fixture
def purchase_id(stripe: StandIn, session: Session) -> int:
    """A purchase of 500 credits, paid at the stand-in; 100 of them are spent."""
    user = make_user(session, email="ada.purchases@example.com", stripe_customer_id=None)
    purchase_id = buy_growth(session, get_stripe(), stripe, user.id)
    spend(session, user.id, 100, feature="test")
    session.commit()
    return purchase_id


def balance_of(session: Session, purchase_id: int) -> int:
    session.rollback()
    return get_balance(session, 1).posted


def test_it_refunds_what_is_left(purchase_id: int, session: Session, run: RunCommand) -> None:
    result = run("purchases", "refund", str(purchase_id))
    plan, made = result.stdout.splitlines()
    assert plan == "Refund $39.00 of purchase 1 to user 1: takes 500 credits back, -100 available afterwards, a debt"
    assert made.startswith("re_")
    assert made.endswith(": succeeded")
    assert (result.exit_code, balance_of(session, purchase_id)) == (0, -100)


def test_it_refunds_the_unspent_part(purchase_id: int, session: Session, run: RunCommand) -> None:
    result = run("purchases", "refund", str(purchase_id), "--unspent", "--yes")
    assert result.stdout.startswith("Refund $31.20 of purchase 1 to user 1: takes 400 credits back, 0 available")
    assert (result.exit_code, balance_of(session, purchase_id)) == (0, 0)


def test_a_dry_run_changes_nothing(purchase_id: int, session: Session, run: RunCommand) -> None:
    result = run("purchases", "refund", str(purchase_id), "--amount", "390", "--dry-run")
    assert result.stdout.startswith("Refund $3.90 of purchase 1 to user 1: takes 50 credits back")
    assert (result.exit_code, balance_of(session, purchase_id)) == (0, 400)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["404"], "no purchase 404"),
        (["1", "--amount", "3901"], "3900 of purchase 1 can be refunded, not 3901"),
        (["1", "--amount", "0"], "0 is not in the range"),
        (["1", "--amount", "1", "--unspent"], "exclude each other"),
    ],
)
@pytest.mark.usefixtures("purchase_id")
def test_it_says_why_it_refuses(run: RunCommand, arguments: list[str], message: str) -> None:
    result = run("purchases", "refund", *arguments)
    assert result.exit_code != 0
    assert message in result.stderr


def test_it_says_when_stripe_refuses(stripe: StandIn, purchase_id: int, session: Session, run: RunCommand) -> None:
    stripe.arm("POST /v1/refunds", "500", count=2)
    result = run("purchases", "refund", str(purchase_id))
    assert (result.exit_code, balance_of(session, purchase_id)) == (1, 400)


def test_it_tells_the_whole_story(session: Session, run: RunCommand) -> None:
    sale = Sale(session)
    session.commit()
    payload = event_payload("refund.created", refund_object(sale.purchase, "re_story", amount=1950))
    process_event(session, Event.from_payload(payload))
    sale.dispute("warning_needs_response")
    session.commit()
    result = run("purchases", "show", str(sale.purchase.id))
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        "Purchase 1: 500 credits for $39.00, fulfilled",
        "250 credits of it left: granted less what was taken back",
    ]
    for told in (
        "Checkout opened",
        "Paid",
        "+500 credits",
        "Refund: succeeded",
        "250 credits",
        "Inquiry: open",
    ):
        assert any(told in line for line in lines), told
    assert lines[-1].split()[1:] == ["refund.created", "processed"]


def test_it_knows_when_there_is_none(session: Session, run: RunCommand) -> None:
    result = run("purchases", "show", "404")
    assert (result.exit_code, result.stderr) == (1, "Error: no purchase 404\n")
