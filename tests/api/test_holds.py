"""/api/v1/holds: placing, looking, capturing, releasing."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from payapp.database.clock import utc_now
from payapp.ledger.holds import OPEN_HOLDS_MAX
from payapp.ledger.verification import verify
from tests.api.conftest import MakeProgram, Program, code_of


def test_it_works(program: Program, session: Session) -> None:
    placed = program.hold(20, note="a video")
    assert placed.status_code == 201
    hold = placed.get_json()
    assert (hold["status"], hold["amount"], hold["captured_amount"]) == ("open", 20, None)
    assert (hold["feature"], hold["note"]) == ("test", "a video")
    assert program.get(f"/holds/{hold['id']}").get_json() == hold
    captured = program.post(f"/holds/{hold['id']}/capture", {"amount": 15})
    assert (captured.status_code, captured.get_json()["amount"]) == (200, -15)
    assert captured.get_json()["balance_after"] == 85
    assert program.balance() == (85, 0, 85)
    now = program.get(f"/holds/{hold['id']}").get_json()
    assert (now["status"], now["captured_amount"]) == ("captured", 15)
    assert program.get("/entries", limit=1).get_json()["entries"] == [captured.get_json()]
    assert verify(session) == []


def test_all_of_it_is_captured_unless_told_otherwise(program: Program) -> None:
    bodies: tuple[object, ...] = (None, {})
    for body in bodies:
        hold_id = program.hold(20).get_json()["id"]
        assert program.post(f"/holds/{hold_id}/capture", body).get_json()["amount"] == -20


@pytest.mark.parametrize("body", [None, {}])
def test_a_release_gives_all_of_it_back(program: Program, body: object) -> None:
    hold_id = program.hold(20).get_json()["id"]
    answer = program.post(f"/holds/{hold_id}/release", body)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "released")
    assert program.get(f"/holds/{hold_id}").get_json() == answer.get_json()
    assert program.balance() == (100, 0, 100)


def test_it_expires(program: Program, session: Session) -> None:
    hold = program.hold(20, expires_in_seconds=60).get_json()
    left = datetime.fromisoformat(hold["expires_at"]) - utc_now()
    assert timedelta(seconds=55) < left <= timedelta(seconds=60)
    past = str(utc_now() - timedelta(days=1)).replace("+00:00", "")
    session.execute(text("UPDATE holds SET expires_at = :past"), {"past": past})
    session.commit()
    assert program.balance() == (100, 0, 100)
    assert program.get(f"/holds/{hold['id']}").get_json()["status"] == "expired"
    answer = program.post(f"/holds/{hold['id']}/capture")
    assert code_of(answer) == (409, "hold_not_open")
    assert answer.get_json()["hold_status"] == "expired"


@pytest.mark.parametrize("seconds", [0, -1, 1.5, "60", True, None, 7 * 24 * 3600 + 1, 2**63])
def test_it_expires_after_whole_seconds(program: Program, seconds: object) -> None:
    assert code_of(program.hold(1, expires_in_seconds=seconds)) == (422, "invalid_request")


@pytest.mark.parametrize("first", ["capture", "release"])
@pytest.mark.parametrize("second", ["capture", "release"])
def test_it_ends_once(program: Program, first: str, second: str) -> None:
    hold_id = program.hold(20).get_json()["id"]
    program.post(f"/holds/{hold_id}/{first}")
    balance = program.balance()
    answer = program.post(f"/holds/{hold_id}/{second}")
    assert code_of(answer) == (409, "hold_not_open")
    assert answer.get_json()["hold_status"] == {"capture": "captured", "release": "released"}[first]
    assert program.balance() == balance


def test_no_more_is_captured_than_was_held(program: Program) -> None:
    hold_id = program.hold(20).get_json()["id"]
    answer = program.post(f"/holds/{hold_id}/capture", {"amount": 21})
    assert code_of(answer) == (409, "capture_too_large")
    assert answer.get_json()["held"] == 20
    assert program.balance() == (100, 20, 80)


@pytest.mark.parametrize("amount", [0, -1, 1.5, "1", True, None, 10**9 + 1])
def test_a_capture_is_of_whole_credits(program: Program, amount: object) -> None:
    hold_id = program.hold(20).get_json()["id"]
    assert code_of(program.post(f"/holds/{hold_id}/capture", {"amount": amount})) == (422, "invalid_request")


def test_no_more_is_held_than_is_available(program: Program) -> None:
    assert program.hold(100).status_code == 201
    assert code_of(program.hold(1)) == (402, "insufficient_credits")


def test_other_peoples_holds_do_not_exist(make_program: MakeProgram, program: Program) -> None:
    hold_id = program.hold(20).get_json()["id"]
    stranger = make_program()
    assert code_of(stranger.get(f"/holds/{hold_id}")) == (404, "hold_not_found")
    assert code_of(stranger.post(f"/holds/{hold_id}/capture")) == (404, "hold_not_found")
    assert code_of(stranger.post(f"/holds/{hold_id}/release")) == (404, "hold_not_found")
    service = make_program("service")
    for user_id, seen, ended in ((program.user_id, 200, 403), (stranger.user_id, 404, 404)):
        assert service.get(f"/holds/{hold_id}", user=user_id).status_code == seen
        assert service.post(f"/holds/{hold_id}/release", {"user": user_id}).status_code == ended
    assert program.balance() == (100, 20, 80)


@pytest.mark.parametrize(
    "hold_id", ["0", "999999", str(2**63 - 1), str(2**63), "9" * 5000, "-1", "x", "1.5", "%00", chr(0xFF11)]
)
def test_what_is_no_hold_is_not_found(program: Program, hold_id: str) -> None:
    assert program.get(f"/holds/{hold_id}").status_code in (400, 404)
    assert program.post(f"/holds/{hold_id}/capture").status_code in (400, 404)


def test_an_account_has_so_many_open_holds_at_most(make_program: MakeProgram) -> None:
    program = make_program(credits=2 * OPEN_HOLDS_MAX)
    ids = [program.hold(1).get_json()["id"] for _ in range(OPEN_HOLDS_MAX)]
    answer = program.hold(1)
    assert code_of(answer) == (409, "too_many_holds")
    assert answer.get_json()["limit"] == OPEN_HOLDS_MAX
    assert [hold["id"] for hold in program.get("/holds").get_json()["holds"]] == ids[::-1]
    assert program.balance() == (200, 100, 100)
    assert program.spend(1).status_code == 201
    program.post(f"/holds/{ids[0]}/release")
    assert program.hold(1).status_code == 201
    assert code_of(program.hold(1)) == (409, "too_many_holds")
    assert make_program().hold(1).status_code == 201


def test_open_holds_are_listed_newest_first(program: Program) -> None:
    assert program.get("/holds").get_json() == {"holds": []}
    first, released, last = (program.hold(amount).get_json() for amount in (1, 2, 3))
    program.post(f"/holds/{released['id']}/release")
    assert program.get("/holds").get_json() == {"holds": [last, first]}
    assert program.get("/holds", status="open").get_json() == {"holds": [last, first]}


@pytest.mark.parametrize("query", [{"status": "captured"}, {"status": ""}, {"status": ["open", "open"]}, {"limit": 5}])
def test_no_others_are_listed(program: Program, query: dict[str, object]) -> None:
    assert code_of(program.get("/holds", **query)) == (422, "invalid_request")


def test_everybody_lists_their_own_holds(make_program: MakeProgram, program: Program) -> None:
    hold = program.hold(1).get_json()
    reader, service = make_program("read"), make_program("service")
    assert reader.get("/holds").get_json() == {"holds": []}
    assert service.get("/holds", user=program.user_id).get_json() == {"holds": [hold]}
    assert service.get("/holds", user=reader.user_id).get_json() == {"holds": []}
    assert code_of(service.get("/holds")) == (422, "invalid_request")
    assert code_of(service.get("/holds", user=2**62)) == (404, "user_not_found")
    assert code_of(program.get("/holds", user=program.user_id)) == (403, "user_not_allowed")
