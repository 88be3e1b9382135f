"""POST /api/v1/spends"""

import io
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.ledger.models import LedgerEntry
from payapp.ledger.verification import verify
from tests.api.conftest import MakeProgram, Program, code_of

AMOUNTS = [
    *("0", "-1", "1.5", '"1"', "1.0", "1e0", "true", "false", "null", "1e400", "-1e400", "NaN", "Infinity", "[]", "{}"),
    *("1000000001", str(2**63), str(2**64), "-" + "9" * 30, "9" * 5000, "1" + "0" * 400 + ".5"),
]


def test_it_works(program: Program, session: Session) -> None:
    answer = program.spend(30, note="a translation")
    assert answer.status_code == 201
    entry = answer.get_json()
    kept = session.scalars(select(LedgerEntry).where(LedgerEntry.id == entry["id"])).one()
    assert (kept.user_id, kept.amount, kept.entry_type, kept.note) == (program.user_id, -30, "capture", "a translation")
    assert (entry["amount"], entry["balance_after"], entry["entry_type"]) == (-30, 70, "capture")
    assert program.balance() == (70, 0, 70)
    assert program.get("/entries", limit=1).get_json()["entries"] == [entry]


def test_the_feature_stands_where_no_note_is_given(program: Program) -> None:
    assert program.spend(1).get_json()["note"] == "test"
    assert program.spend(1, note=None).get_json()["note"] == "test"


def test_too_little_is_told_with_the_package_that_helps(program: Program) -> None:
    answer = program.spend(650)
    assert code_of(answer) == (402, "insufficient_credits")
    problem = answer.get_json()
    assert (problem["required"], problem["available"]) == (650, 100)
    assert problem["detail"] == "650 credits are needed, 100 are available."
    assert problem["package"] == {"id": "pro", "name": "Pro", "credits": 1500, "unit_amount": 9900, "currency": "usd"}
    assert program.balance() == (100, 0, 100)


def test_the_largest_package_is_named_where_none_is_enough(program: Program) -> None:
    assert program.spend(1_000_000_000).get_json()["package"]["id"] == "pro"


def test_one_credit_is_told_as_one(make_program: MakeProgram) -> None:
    program = make_program(credits=2)
    assert program.spend(1).status_code == 201
    assert program.spend(2).get_json()["detail"] == "2 credits are needed, 1 is available."
    program.spend(1)
    assert program.spend(1).get_json()["detail"] == "1 credit is needed, 0 are available."


@pytest.mark.parametrize("path", ["/spends", "/holds", "/holds/1/capture", "/holds/1/release"])
@pytest.mark.parametrize("name", ["user", "amount", "x" * 5000])
def test_a_post_has_no_query(program: Program, path: str, name: str) -> None:
    body = {"amount": 1, "feature": "x"} if path in ("/spends", "/holds") else {}
    answer = program.post(path, body, query_string={name: "1"})
    assert code_of(answer) == (422, "invalid_request")
    assert answer.get_json()["errors"] == [{"field": name[:80], "message": "A POST has its fields in the body."}]
    assert program.balance() == (100, 0, 100)


def test_the_first_field_that_is_not_valid_is_told(program: Program) -> None:
    problem = program.send("/spends", b'{"amount": 0, "feature": "x"}').get_json()
    assert problem["detail"] == f"`amount`: {problem['errors'][0]['message']}"


def test_a_name_that_stands_twice_is_named(program: Program) -> None:
    answer = program.send("/spends", b'{"amount": 1, "amount": 1, "feature": "x"}')
    assert code_of(answer) == (400, "invalid_json")
    assert answer.get_json()["detail"] == "The name `amount` stands twice in it."


def test_what_is_held_can_not_be_spent(program: Program) -> None:
    program.hold(60)
    assert program.spend(41).status_code == 402
    assert program.spend(40).status_code == 201


@pytest.mark.parametrize("amount", AMOUNTS, ids=lambda amount: amount[:12])
def test_an_amount_is_a_whole_number_of_credits(program: Program, amount: str) -> None:
    answer = program.send("/spends", f'{{"amount": {amount}, "feature": "test"}}')
    assert code_of(answer) == (422, "invalid_request")
    assert [error["field"] for error in answer.get_json()["errors"]] == ["amount"]
    assert program.balance() == (100, 0, 100)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{", (400, "invalid_json")),
        (b"\xff\xfe", (400, "invalid_json")),
        (b'\xef\xbb\xbf{"amount": 1, "feature": "x"}', (400, "invalid_json")),
        (b'{"amount": 1, "amount": 2, "feature": "x"}', (400, "invalid_json")),
        (b'{"amount": 1, "feature": "x", "note": {"a": 1, "a": 2}}', (400, "invalid_json")),
        (b"[" * 100_000, (400, "invalid_json")),
        (b'{"a":' * 100_000, (400, "invalid_json")),
        (b"[" * 500 + b"]" * 500, (422, "invalid_request")),
        (b"[]", (422, "invalid_request")),
        (b"5", (422, "invalid_request")),
        (b"null", (422, "invalid_request")),
        (b"{}", (422, "invalid_request")),
        (b'{"amount": 1}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": ""}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": 7}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": null}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "a\\u0000b"}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "\\ud800"}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "x", "note": "\\udfff"}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "x", "note": "a\\u0000"}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "x", "\\ud800": 1}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "x", "ammount": 1}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "' + b"x" * 81 + b'"}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "x", "note": "' + b"x" * 501 + b'"}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "x", "expires_in_seconds": 5}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "x", "' + b"y" * 10_000 + b'": 1}', (422, "invalid_request")),
        (b'{"amount": 1, "feature": "x", "note": "' + b"x" * 1024 * 1024 + b'"}', (413, "body_too_large")),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else "",
)
def test_it_refuses(program: Program, text: bytes, code: tuple[int, str]) -> None:
    answer = program.send("/spends", text)
    assert code_of(answer) == code
    assert len(answer.data) < 4000
    assert program.balance() == (100, 0, 100)


@pytest.mark.parametrize("feature", ["x" * 80, "ünïcödé 🎈", "translation: de → en"])
def test_features_and_notes_are_any_text(program: Program, feature: str) -> None:
    answer = program.post("/spends", {"amount": 1, "feature": feature, "note": "é" * 500})
    assert (answer.status_code, answer.get_json()["note"]) == (201, "é" * 500)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_is_sent_as_json(program: Program, kind: str) -> None:
    answer = program.post("/spends", data='{"amount": 1, "feature": "x"}', content_type=kind)
    assert code_of(answer) == (415, "unsupported_media_type")


def test_a_body_without_a_length_is_limited_too(program: Program) -> None:
    stream = io.BytesIO(b'{"amount": 1, "feature": "x", "note": "' + b"x" * 2 * 1024 * 1024 + b'"}')
    answer = program.post(
        "/spends",
        input_stream=stream,
        content_type="application/json",
        environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
    )
    assert code_of(answer) == (413, "body_too_large")


def test_a_service_key_spends_for_its_customers(make_program: MakeProgram, session: Session) -> None:
    service, customer, other = make_program("service"), make_program(), make_program()
    email = session.scalars(select(User.email).where(User.id == customer.user_id)).one()
    references: list[Any] = [customer.user_id, str(customer.user_id), email, email.upper()]
    for reference in references:
        assert service.spend(10, user=reference).status_code == 201
    assert (customer.balance(), other.balance()) == ((60, 0, 60), (100, 0, 100))
    assert verify(session) == []


@pytest.mark.parametrize("user", [0, -1, True, 1.0, None, "", [], {}, 2**63, 2**70, "9" * 30, "a\0b", "x" * 321])
def test_a_service_key_names_somebody(make_program: MakeProgram, user: Any) -> None:
    status, code = code_of(make_program("service").spend(1, user=user))
    assert (status, code) in [(422, "invalid_request"), (404, "user_not_found")]


def test_a_service_key_must_say_for_whom(make_program: MakeProgram) -> None:
    service = make_program("service")
    assert code_of(service.spend(1)) == (422, "invalid_request")
    assert code_of(service.spend(1, user="nobody@example.com")) == (404, "user_not_found")


def test_nobody_else_may_name_a_user(make_program: MakeProgram, program: Program) -> None:
    other = make_program()
    for user in (other.user_id, program.user_id):
        assert code_of(program.spend(1, user=user)) == (403, "user_not_allowed")
    assert (program.balance(), other.balance()) == ((100, 0, 100), (100, 0, 100))
