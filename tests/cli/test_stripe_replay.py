"""flask stripe replay EVENT_ID, flask stripe dismiss EVENT_ID --note TEXT"""

from uuid import uuid4

from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.ledger.balances import get_balance
from payapp.stripe_types.objects import Event
from payapp.webhooks.inbox import record_failure
from tests.cli.conftest import RunCommand
from tests.factories import checkout_session_object, event_payload, make_purchase, make_user
from tests.stand_in import StandIn

COMPLETED = "checkout.session.completed"


def test_it_works(session: Session, run: RunCommand) -> None:
    purchase = make_purchase(session, make_user(session))
    event = Event.from_payload(event_payload(COMPLETED, checkout_session_object(purchase)))
    record_failure(session, event, QuarantineError("wrong amount"))
    session.commit()
    result = run("stripe", "replay", event.id)
    assert (result.exit_code, result.stdout) == (0, f"{event.id}: processed\n")
    session.rollback()
    assert get_balance(session, purchase.user_id).posted == 500


def test_it_says_what_still_does_not_agree(session: Session, run: RunCommand) -> None:
    purchase = make_purchase(session, make_user(session))
    event = Event.from_payload(event_payload(COMPLETED, checkout_session_object(purchase, amount_total=1)))
    record_failure(session, event, QuarantineError("wrong amount"))
    session.commit()
    result = run("stripe", "replay", event.id)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "does not agree" in result.stderr


def test_it_fetches_an_event_that_never_came(stripe: StandIn, session: Session, run: RunCommand) -> None:
    customer = stripe.post("/v1/customers", email=f"{uuid4().hex}@example.com")
    events = stripe.get("/v1/events", type="customer.created", limit="100")["data"]
    [event_id] = [event["id"] for event in events if event["data"]["object"]["id"] == customer["id"]]
    result = run("stripe", "replay", event_id)
    assert (result.exit_code, result.stdout) == (0, f"{event_id}: ignored\n")


def test_it_says_when_there_is_no_such_event(stripe: StandIn, session: Session, run: RunCommand) -> None:
    result = run("stripe", "replay", "evt_nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "evt_nowhere" in result.stderr


def test_it_dismisses_what_waits_for_staff(session: Session, run: RunCommand) -> None:
    purchase = make_purchase(session, make_user(session))
    event = Event.from_payload(event_payload(COMPLETED, checkout_session_object(purchase, amount_total=1)))
    record_failure(session, event, QuarantineError("wrong amount"))
    session.commit()
    result = run("stripe", "dismiss", event.id, "--note", "a test of ours")
    assert (result.exit_code, result.stdout) == (0, f"{event.id}: ignored\n")
    again = run("stripe", "dismiss", event.id, "--note", "again")
    assert (again.exit_code, "neither failed" in again.stderr) == (1, True)
    assert run("stripe", "dismiss", "evt_nowhere", "--note", "what?").exit_code == 1
