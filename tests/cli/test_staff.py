"""flask users make-admin, end-admin, disable, enable; and that every command of staff writes down what it does."""

import pytest
from sqlalchemy.orm import Session

from payapp.auth.accounts import find_user
from payapp.billing.models import Purchase
from tests.cli.conftest import RunCommand
from tests.cli.test_purchases import purchase_id
from tests.factories import make_user
from tests.staff.desk import acts_of, audit_of
from tests.stand_in import StandIn

__all__ = ["purchase_id"]

ADA = "ada@example.com"


@pytest.fixture
def user_id(session: Session) -> int:
    return make_user(session, email=ADA).id


@pytest.mark.usefixtures("user_id")
def test_it_makes_and_ends_staff(session: Session, run: RunCommand) -> None:
    made = run("users", "make-admin", "Ada@Example.com", "--note", "joined")
    assert (made.exit_code, made.stdout) == (0, "Ada@Example.com is staff now.\n")
    assert is_staff(session)
    again = run("users", "make-admin", ADA)
    assert (again.exit_code, again.stdout) == (0, f"{ADA} is staff already.\n")
    assert run("users", "end-admin", ADA).stdout == f"{ADA} is no longer staff.\n"
    assert not is_staff(session)
    assert run("users", "end-admin", ADA).stdout == f"{ADA} is not staff.\n"
    assert [(entry.act, entry.note) for entry in audit_of(session)] == [
        ("admin_ended", "no reason given"),
        ("admin_made", "joined"),
    ]


@pytest.mark.usefixtures("user_id")
def test_it_disables_and_enables(session: Session, run: RunCommand) -> None:
    assert run("users", "disable", ADA, "--note", "stolen card").stdout == f"{ADA} is disabled.\n"
    assert run("users", "disable", ADA, "--note", "stolen card").stdout == f"{ADA} is disabled already.\n"
    assert run("users", "enable", ADA, "--note", "cleared up").stdout == f"{ADA} is enabled.\n"
    assert acts_of(session) == ["user_enabled", "user_disabled"]
    assert "Missing option '--note'" in run("users", "disable", ADA).stderr


@pytest.mark.parametrize("verb", ["make-admin", "end-admin", "disable", "enable"])
def test_it_knows_when_there_is_nobody(session: Session, run: RunCommand, verb: str) -> None:
    result = run("users", verb, ADA, "--note", "x")
    assert (result.exit_code, result.stderr) == (1, f"Error: there is no user {ADA}\n")
    assert audit_of(session) == []


def test_keys_are_written_down(session: Session, run: RunCommand, user_id: int) -> None:
    secret = run("api-keys", "create", ADA, "--note", "asked by phone").stdout.splitlines()[-1]
    prefix = secret.rpartition("_")[0]
    run("api-keys", "create-service", "back end")
    run("api-keys", "rotate", prefix)
    run("api-keys", "revoke", prefix, "--note", "leaked")
    assert run("api-keys", "revoke", prefix).exit_code == 1
    revoked, rotated, service, made = audit_of(session)
    assert (made.subject, made.user_id, made.note) == (f"api-key:{prefix}", user_id, "asked by phone")
    assert (service.user_id, service.after) == (None, {"name": "back end", "scope": "service"})
    assert (rotated.subject, rotated.user_id) == (f"api-key:{prefix}", user_id)
    assert (revoked.note, revoked.before, revoked.after) == ("leaked", {"is_revoked": False}, {"is_revoked": True})
    assert not any(secret in f"{entry}" for entry in audit_of(session))


def test_a_refund_is_written_down_before_and_after(
    stripe: StandIn,
    session: Session,
    run: RunCommand,
    purchase_id: int,
) -> None:
    run("purchases", "refund", str(purchase_id), "--dry-run")
    assert audit_of(session) == []
    run("purchases", "refund", str(purchase_id), "--amount", "390", "--note", "ticket 7")
    made, asked = audit_of(session)
    assert (asked.act, made.act, made.note) == ("refund_asked", "refund_made", "ticket 7")
    assert asked.after == {"amount": 390, "currency": "usd", "credits_to_take": 50}
    assert (asked.before, made.before, made.after["credits"]) == ({"credits": 400}, {"credits": 400}, 350)
    assert made.subject == f"purchase:{purchase_id}"
    assert len(stripe.list_requests("POST /v1/refunds")) == 1


def test_a_refund_that_stripe_refuses_is_written_down_as_that(
    stripe: StandIn,
    session: Session,
    run: RunCommand,
    purchase_id: int,
) -> None:
    purchase = session.get_one(Purchase, purchase_id)
    stripe.post("/v1/refunds", payment_intent=str(purchase.stripe_payment_intent_id))  # and nobody tells us
    assert run("purchases", "refund", str(purchase_id)).exit_code == 1
    assert acts_of(session) == ["refund_refused", "refund_asked"]


def test_a_refund_whose_answer_was_lost_is_asked_for_once(
    stripe: StandIn,
    session: Session,
    run: RunCommand,
    purchase_id: int,
) -> None:
    stripe.arm("POST /v1/refunds", "500", count=2)
    assert run("purchases", "refund", str(purchase_id)).exit_code == 1
    assert acts_of(session) == ["refund_asked"]
    assert run("purchases", "refund", str(purchase_id)).exit_code == 0
    assert acts_of(session) == ["refund_made", "refund_asked"]


def is_staff(session: Session) -> bool:
    session.rollback()
    user = find_user(session, ADA)
    return bool(user and user.is_staff)
