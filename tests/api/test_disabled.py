"""A disabled account: no key opens it, its owner's or a service's, from the commit on; enabling brings all back."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.api.models import ApiRequest
from payapp.ledger.models import Hold
from payapp.staff.users import disable_user, enable_user
from tests.api.conftest import MakeProgram, code_of
from tests.factories import make_user
from tests.staff.desk import reason_of_staff

DISABLED = (403, "account_disabled")


@pytest.mark.parametrize("scope", ["read", "spend", "service"])
def test_no_key_opens_the_account(make_program: MakeProgram, session: Session, scope: str) -> None:
    user_id = make_user(session, credits=100).id
    program = make_program(scope, user_id=None if scope == "service" else user_id)
    whose: dict[str, Any] = {"user": user_id} if scope == "service" else {}
    for _ in range(3):  # the key is known to this process, and no longer looked up
        assert program.balance(**whose) == (100, 0, 100)
    hold_id = program.hold(5, **whose).get_json()["id"] if scope != "read" else 1
    reason = reason_of_staff(session)
    disable_user(session, reason, user_id)
    session.commit()
    before = count(session, ApiRequest), count(session, Hold)
    answers = [program.get(path, **whose) for path in ("/balance", "/entries", "/holds", f"/holds/{hold_id}")]
    if scope != "read":
        answers += [program.spend(5, **whose), program.hold(5, **whose)]
        answers += [program.post(f"/holds/{hold_id}/{ending}", whose) for ending in ("capture", "release")]
    assert {code_of(answer) for answer in answers} == {DISABLED}
    assert (count(session, ApiRequest), count(session, Hold)) == before
    enable_user(session, reason, user_id)
    session.commit()
    assert program.balance(**whose)[0] == 100
    assert scope == "read" or program.spend(5, **whose).status_code == 201


def test_a_service_goes_on_for_everybody_else(make_program: MakeProgram, session: Session) -> None:
    disabled, other = make_user(session, credits=9, email="d@example.com").id, make_user(session, credits=9).id
    program = make_program("service")
    disable_user(session, reason_of_staff(session), disabled)
    session.commit()
    assert code_of(program.spend(1, user="D@example.com")) == DISABLED
    assert code_of(program.spend(1, user=disabled)) == DISABLED
    assert program.spend(1, user=other).status_code == 201


def test_what_was_answered_before_is_not_told_again(make_program: MakeProgram, session: Session) -> None:
    program = make_program()
    assert program.spend(5, key="order-1").status_code == 201
    assert program.user_id is not None
    disable_user(session, reason_of_staff(session), program.user_id)
    session.commit()
    assert code_of(program.spend(5, key="order-1")) == DISABLED


def count(session: Session, model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0
