"""Whose hold it is, through the API: every maker of a hold against everybody who may try to end it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.api.idempotency import KEPT_FOR, forget_old_requests
from payapp.api.models import ApiRequest
from payapp.auth.api_keys import rotate_by_prefix
from payapp.database.clock import utc_now
from payapp.ledger.holds import OPEN_HOLDS_MAX, place_hold, spend
from payapp.ledger.makers import ANY_PROGRAM
from payapp.ledger.models import Hold
from payapp.ledger.verification import verify
from tests.api.conftest import MakeProgram, Program, code_of

ENDS = ("capture", "release")


@dataclass
class Cast:
    """Everybody who may come: `ada` owns the account, and has two keys; service `a` has been rotated."""

    ada: Program
    ada_again: Program
    bob: Program
    a: Program
    a_rotated: Program
    b: Program

    def about(self, program: Program) -> dict[str, Any]:
        """Return what the program says in its body, so that it is about Ada's account."""
        return {"user": self.ada.user_id} if program.user_id is None else {}

    def end(self, program: Program, hold_id: int, ending: str, key: str = "") -> TestResponse:
        return program.post(f"/holds/{hold_id}/{ending}", self.about(program), key=key)

    def place(self, session: Session, maker: str, **terms: Any) -> int:
        """Place a hold of 20 in Ada's account: as `app`, or by one of the programs."""
        if maker == "app":
            hold_id = place_hold(session, self.ada.user_id or 0, 20, feature="test").id
            session.commit()
            return hold_id
        program: Program = getattr(self, maker)
        placed: int = program.hold(20, **self.about(program), **terms).get_json()["id"]
        return placed


@pytest.fixture
def cast(make_program: MakeProgram, session: Session) -> Cast:
    ada, a = make_program(), make_program("service", name="a")
    new = rotate_by_prefix(session, a.secret.rpartition("_")[0])
    session.commit()
    return Cast(
        ada,
        make_program(user_id=ada.user_id),
        make_program(),
        a,
        replace(a, secret=new.secret),
        make_program("service", name="b"),
    )


# maker of the hold → (`made_by`, who can end it)
RIGHTS = {
    "app": ("app", set[str]()),
    "ada": ("user", {"ada", "ada_again"}),
    "a": ("service:a", {"a", "a_rotated"}),
    "b": ("service:b", {"b"}),
}
EVERYBODY = ("ada", "ada_again", "a", "a_rotated", "b", "bob")


@pytest.mark.parametrize("ending", ENDS)
@pytest.mark.parametrize("maker", RIGHTS)
def test_only_its_maker_ends_a_hold(cast: Cast, session: Session, maker: str, ending: str) -> None:
    made_by, may_end = RIGHTS[maker]
    hold_id = cast.place(session, maker)
    for name in sorted(set(EVERYBODY) - may_end):
        answer = cast.end(getattr(cast, name), hold_id, ending)
        if name == "bob":
            assert code_of(answer) == (404, "hold_not_found")
        else:
            assert code_of(answer) == (403, "hold_belongs_to_another"), name
            assert answer.get_json()["made_by"] == made_by
        assert cast.ada.balance() == (100, 20, 80)
    for name in sorted(may_end):
        assert cast.end(getattr(cast, name), cast.place(session, maker), ending).status_code == 200
    assert cast.ada.get(f"/holds/{hold_id}").get_json()["status"] == "open"
    assert verify(session) == []


@pytest.mark.parametrize("amount", [1, 20, 21])
def test_work_is_not_had_for_a_fraction_of_its_price(cast: Cast, session: Session, amount: int) -> None:
    cast.place(session, "app")
    (hold,) = cast.ada.get("/holds", status="open").get_json()["holds"]
    answer = cast.ada.post(f"/holds/{hold['id']}/capture", {"amount": amount})
    assert code_of(answer) == (403, "hold_belongs_to_another")
    assert cast.ada.balance() == (100, 20, 80)


@pytest.mark.parametrize("ending", ENDS)
def test_whose_it_is_is_told_after_its_end_too(cast: Cast, session: Session, ending: str) -> None:
    ended = cast.place(session, "a")
    cast.end(cast.a, ended, "capture")
    overdue = cast.place(session, "a")
    session.execute(update(Hold).where(Hold.id == overdue).values(expires_at=utc_now() - timedelta(seconds=1)))
    session.commit()
    for hold_id in (ended, overdue):
        assert code_of(cast.end(cast.ada, hold_id, ending)) == (403, "hold_belongs_to_another")
        assert code_of(cast.end(cast.a_rotated, hold_id, ending)) == (409, "hold_not_open")


def test_everybody_sees_who_made_it(cast: Cast, session: Session) -> None:
    expected = {cast.place(session, maker): made_by for maker, (made_by, _) in RIGHTS.items()}
    for name in ("ada", "a", "b"):
        program = getattr(cast, name)
        listed = program.get("/holds", **cast.about(program)).get_json()["holds"]
        assert {hold["id"]: hold["made_by"] for hold in listed} == expected
        for hold_id, made_by in expected.items():
            shown = program.get(f"/holds/{hold_id}", **cast.about(program)).get_json()
            assert shown["made_by"] == made_by
    assert cast.bob.get("/holds").get_json() == {"holds": []}


@pytest.mark.parametrize("forgotten", [False, True])
def test_nobody_uses_up_anothers_keys(cast: Cast, session: Session, forgotten: bool) -> None:
    """Neither while the answers are kept nor later."""
    entries = {}
    for name in ("ada", "a", "b", "bob"):
        program = getattr(cast, name)
        answer = program.spend(5, key="order-7", **cast.about(program))
        assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (201, False), name
        entries[name] = answer.get_json()["id"]
    assert len(set(entries.values())) == 4
    if forgotten:
        forget(session)
    for name, first in (("ada_again", "ada"), ("a_rotated", "a"), ("b", "b")):
        program = getattr(cast, name)
        assert program.spend(5, key="order-7", **cast.about(program)).get_json()["id"] == entries[first]
    assert cast.ada.balance() == (85, 0, 85)


@pytest.mark.parametrize("ending", ENDS)
def test_nobody_uses_up_the_key_that_ends_anothers_hold(cast: Cast, session: Session, ending: str) -> None:
    hold_id = cast.place(session, "a")
    for name in ("ada", "b"):
        assert cast.end(getattr(cast, name), hold_id, ending, key="end").status_code == 403
    first = cast.end(cast.a, hold_id, ending, key="end")
    assert (first.status_code, "Idempotency-Replayed" in first.headers) == (200, False)
    again = cast.end(cast.a_rotated, hold_id, ending, key="end")
    assert (again.status_code, again.data, again.headers["Idempotency-Replayed"]) == (200, first.data, "true")


def forget(session: Session) -> None:
    session.execute(update(ApiRequest).values(created_at=utc_now() - KEPT_FOR - timedelta(seconds=1)))
    assert forget_old_requests(session) > 0
    session.commit()


# ---- what was made before makers were written down


def test_an_old_answer_is_given_again_to_whoever_asks(cast: Cast, session: Session) -> None:
    first = cast.ada.spend(5, key="order-7")
    session.execute(text("UPDATE api_requests SET maker = 'program'"))
    session.commit()
    again = cast.ada_again.spend(5, key="order-7")
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert code_of(cast.a.spend(5, key="order-7", user=cast.ada.user_id)) == (422, "idempotency_key_reused")
    assert cast.bob.spend(5, key="order-7").status_code == 201
    assert cast.ada.balance() == (95, 0, 95)


@pytest.mark.parametrize("name", ["ada", "a", "b"])
def test_what_an_old_key_has_done_is_not_done_again(cast: Cast, session: Session, name: str) -> None:
    user_id = cast.ada.user_id or 0
    spent = spend(session, user_id, 5, feature="test", maker=ANY_PROGRAM, idempotency_key=f"api:{user_id}:s")
    hold = place_hold(session, user_id, 20, feature="test", maker=ANY_PROGRAM, idempotency_key=f"api:{user_id}:h")
    session.commit()
    program = getattr(cast, name)
    assert program.spend(5, key="s", **cast.about(program)).get_json()["id"] == spent.id
    found = program.hold(20, key="h", **cast.about(program)).get_json()
    assert (found["id"], found["made_by"]) == (hold.id, "program")
    assert code_of(program.spend(6, key="h", **cast.about(program))) == (422, "idempotency_key_reused")
    assert cast.end(program, hold.id, "capture").status_code == 200
    assert cast.ada.balance() == (75, 0, 75)


# ---- what is overdue binds nothing, with no worker


def let_time_pass(session: Session) -> None:
    session.execute(update(Hold).where(Hold.status == "open").values(expires_at=utc_now() - timedelta(seconds=1)))
    session.commit()


@pytest.mark.parametrize("act", [Program.spend, Program.hold])
def test_overdue_credits_are_there_without_a_worker(
    program: Program, session: Session, act: Callable[..., TestResponse]
) -> None:
    program.hold(90)
    assert code_of(act(program, 20)) == (402, "insufficient_credits")
    let_time_pass(session)
    assert program.balance() == (100, 0, 100)
    assert program.get("/holds").get_json() == {"holds": []}
    assert act(program, 20).status_code == 201
    assert verify(session) == []


def test_overdue_holds_take_no_place_without_a_worker(program: Program, session: Session) -> None:
    for _ in range(OPEN_HOLDS_MAX):
        place_hold(session, program.user_id or 0, 1, feature="test")
    session.commit()
    let_time_pass(session)
    assert program.hold(100).status_code == 201
    assert program.balance() == (100, 100, 0)
    assert verify(session) == []
