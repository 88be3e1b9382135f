"""Idempotency-Key: the same request twice has one effect and one answer."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from payapp.api.idempotency import KEPT_FOR, forget_old_requests
from payapp.api.models import ApiRequest
from payapp.database.clock import utc_now
from payapp.ledger.models import Hold, LedgerEntry
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from tests.api.conftest import MakeProgram, Program, code_of

POSTS = ["/spends", "/holds", "/holds/1/capture", "/holds/1/release"]


def captures(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).where(LedgerEntry.entry_type == "capture")) or 0


def forget(session: Session) -> None:
    """Let 72 hours pass for every stored answer."""
    session.execute(update(ApiRequest).values(created_at=utc_now() - KEPT_FOR - timedelta(seconds=1)))
    session.commit()
    assert forget_old_requests(session) > 0
    session.commit()


def test_it_works(program: Program, session: Session) -> None:
    first = program.spend(5, key="order-41")
    again = program.spend(5, key="order-41")
    assert (again.status_code, again.data, again.mimetype) == (201, first.data, first.mimetype)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert captures(session) == 1
    assert program.balance() == (95, 0, 95)


def test_holds_their_captures_and_releases_happen_once(program: Program, session: Session) -> None:
    first = program.hold(5, key="h")
    assert program.hold(5, key="h").data == first.data
    hold_id = first.get_json()["id"]
    capture = program.post(f"/holds/{hold_id}/capture", {"amount": 3}, key="c")
    again = program.post(f"/holds/{hold_id}/capture", {"amount": 3}, key="c")
    assert (again.status_code, again.data) == (200, capture.data)
    other = program.hold(5).get_json()["id"]
    release = program.post(f"/holds/{other}/release", key="r")
    assert program.post(f"/holds/{other}/release", key="r").data == release.data
    assert program.balance() == (97, 0, 97)
    assert captures(session) == 1


@pytest.mark.parametrize("path", POSTS)
def test_every_post_needs_a_key(program: Program, path: str) -> None:
    program.hold(1)
    body = {"amount": 1, "feature": "x"} if path in POSTS[:2] else {}
    assert code_of(program.post(path, body, key=None)) == (400, "idempotency_key_missing")
    assert program.balance() == (100, 1, 99)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é", "\x7f", "a\tb", "\x00", "\xa0"])
def test_a_key_is_visible_ascii(program: Program, key: str) -> None:
    program.headers = {"Idempotency-Key": key}
    assert code_of(program.post("/spends", {"amount": 1, "feature": "x"}, key=None)) == (400, "idempotency_key_invalid")
    assert program.balance() == (100, 0, 100)


@pytest.mark.parametrize("key", ["!", "~" * 255, "'; DROP TABLE users; --", '{}[]"\\%'])
def test_any_visible_ascii_is_a_key(program: Program, key: str) -> None:
    key = key.replace(" ", "_")
    assert program.spend(key=key).status_code == 201
    assert program.spend(key=key).headers["Idempotency-Replayed"] == "true"


def test_another_body_or_address_is_another_request(program: Program) -> None:
    hold_id = program.hold(5).get_json()["id"]
    program.spend(5, key="k")
    for answer in (
        program.spend(6, key="k"),
        program.spend(5, key="k", note="x"),
        program.hold(5, key="k"),
        program.post(f"/holds/{hold_id}/capture", key="k"),
    ):
        assert code_of(answer) == (422, "idempotency_key_reused")
    assert program.balance() == (95, 5, 90)


def test_another_hold_is_another_request(program: Program) -> None:
    first, second = (program.hold(5).get_json()["id"] for _ in range(2))
    assert program.post(f"/holds/{first}/release", key="k").status_code == 200
    assert code_of(program.post(f"/holds/{second}/release", key="k")) == (422, "idempotency_key_reused")


def test_the_same_key_of_another_account_is_another_request(make_program: MakeProgram) -> None:
    ada, bob = make_program(), make_program()
    assert ada.spend(5, key="k").status_code == 201
    assert "Idempotency-Replayed" not in bob.spend(5, key="k").headers
    service = make_program("service")
    assert service.spend(5, key="s", user=ada.user_id).status_code == 201
    assert "Idempotency-Replayed" not in service.spend(5, key="s", user=bob.user_id).headers
    assert (ada.balance()[0], bob.balance()[0]) == (90, 90)


def test_two_keys_of_one_account_share_its_requests(make_program: MakeProgram, program: Program) -> None:
    """So a key can be rotated between a request and its repetition."""
    first = program.spend(5, key="k")
    rotated = make_program(user_id=program.user_id)
    assert rotated.spend(5, key="k").data == first.data
    assert program.balance() == (95, 0, 95)


def test_refusals_of_the_ledger_are_answers_too(program: Program, session: Session) -> None:
    refused = program.spend(500, key="k")
    grant(session, program.user_id or 0, 1000, idempotency_key="more")
    session.commit()
    again = program.spend(500, key="k")
    assert (again.status_code, again.data) == (402, refused.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.mimetype == "application/problem+json"
    assert program.spend(500, key="new").status_code == 201


def test_ended_and_unknown_holds_are_answers_too(program: Program) -> None:
    hold_id = program.hold(5).get_json()["id"]
    program.post(f"/holds/{hold_id}/release")
    for path, status in ((f"/holds/{hold_id}/capture", 409), ("/holds/999/capture", 404)):
        first, again = (program.post(path, key=path) for _ in range(2))
        assert (first.status_code, again.status_code) == (status, status)
        assert again.headers["Idempotency-Replayed"] == "true"


def test_what_was_refused_before_the_work_is_not_kept(program: Program, session: Session) -> None:
    assert program.spend("five", key="k").status_code == 422
    assert program.send("/spends", b"{").status_code == 400
    assert session.scalar(select(func.count()).select_from(ApiRequest)) == 0
    assert program.spend(5, key="k").status_code == 201


def test_a_crash_of_ours_is_not_kept(program: Program, session: Session) -> None:
    program.client.application.testing = False
    session.execute(text("ALTER TABLE ledger_entries RENAME TO away"))
    session.commit()
    assert program.spend(5, key="k").status_code >= 500
    session.execute(text("ALTER TABLE away RENAME TO ledger_entries"))
    session.commit()
    assert program.balance() == (100, 0, 100)
    answer = program.spend(5, key="k")
    assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, None)


def test_answers_are_kept_for_72_hours(program: Program, session: Session) -> None:
    program.spend(5, key="k")
    with time_machine.travel(utc_now() + KEPT_FOR - timedelta(minutes=1)):
        assert forget_old_requests(session) == 0
    with time_machine.travel(utc_now() + KEPT_FOR + timedelta(minutes=1)):
        assert forget_old_requests(session, limit=1) == 1
        assert forget_old_requests(session) == 0


def test_the_job_deletes_them_all(
    app: Flask, program: Program, session: Session, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    from payapp.jobs import tasks as jobs  # looks at the environment when it is imported

    monkeypatch.setattr(jobs, "_app", lambda: app)
    for _ in range(5):
        program.spend()
    session.execute(update(ApiRequest).values(created_at=utc_now() - KEPT_FOR - timedelta(seconds=1)))
    program.spend()
    jobs.forget_old_api_requests.call_local()
    session.rollback()
    assert session.scalar(select(func.count()).select_from(ApiRequest)) == 1
    assert program.balance() == (94, 0, 94)


def test_a_spend_happens_once_for_ever(program: Program, session: Session) -> None:
    first = program.spend(5, key="k", note="n")
    forget(session)
    again = program.spend(5, key="k", note="n")
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert captures(session) == 1
    assert program.balance() == (95, 0, 95)
    assert verify(session) == []


def test_a_spend_of_all_credits_happens_once_for_ever(program: Program, session: Session) -> None:
    """There is nothing left to spend again, and it is answered with what stands all the same."""
    first = program.spend(100, key="k")
    forget(session)
    assert program.spend(100, key="k").get_json() == first.get_json()
    assert program.balance() == (0, 0, 0)


def test_a_hold_is_placed_once_for_ever(program: Program, session: Session) -> None:
    hold = program.hold(60, key="k").get_json()
    forget(session)
    assert program.hold(60, key="k").get_json() == hold
    program.post(f"/holds/{hold['id']}/capture", {"amount": 10})
    forget(session)
    again = program.hold(60, key="k")
    assert (again.status_code, again.get_json()["status"], again.get_json()["id"]) == (201, "captured", hold["id"])
    assert session.scalar(select(func.count()).select_from(Hold)) == 1
    assert program.balance() == (90, 0, 90)
    assert verify(session) == []


def test_a_key_belongs_to_its_request_for_ever(program: Program, session: Session) -> None:
    program.spend(5, key="s")
    program.hold(5, key="h")
    forget(session)
    for answer in (program.spend(6, key="s"), program.hold(6, key="s"), program.spend(5, key="h")):
        assert code_of(answer) == (422, "idempotency_key_reused")
    assert program.balance() == (95, 5, 90)


def test_a_capture_happens_once_for_ever(program: Program, session: Session) -> None:
    hold_id = program.hold(5).get_json()["id"]
    program.post(f"/holds/{hold_id}/capture", key="c")
    forget(session)
    assert code_of(program.post(f"/holds/{hold_id}/capture", key="c")) == (409, "hold_not_open")
    assert captures(session) == 1
