"""GET /api/v1/entries"""

from typing import Any

import pytest

from tests.api.conftest import MakeProgram, Program, code_of


def pages(program: Program, **query: Any) -> list[list[int]]:
    """Return the ids of every page."""
    found: list[list[int]] = []
    cursor: dict[str, str] = {}
    while True:
        page = program.get("/entries", **query, **cursor).get_json()
        found.append([entry["id"] for entry in page["entries"]])
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def test_it_works(program: Program) -> None:
    program.spend(5, note="five")
    newest, oldest = program.get("/entries").get_json()["entries"]
    assert newest | {"id": 0, "created_at": ""} == {
        "id": 0,
        "created_at": "",
        "entry_type": "capture",
        "amount": -5,
        "balance_after": 95,
        "note": "five",
    }
    assert (oldest["entry_type"], oldest["amount"]) == ("grant", 100)
    assert newest["created_at"].endswith("Z")


def test_pages_hold_every_entry_once(program: Program) -> None:
    made = [program.spend().get_json()["id"] for _ in range(6)]
    found = pages(program, limit=3)
    assert [len(page) for page in found] == [3, 3, 1]
    assert [each for page in found for each in page][:6] == made[::-1]


def test_a_full_last_page_is_the_last(program: Program) -> None:
    program.spend()
    assert [len(page) for page in pages(program, limit=1)] == [1, 1]


def test_entries_that_come_meanwhile_shift_nothing(program: Program) -> None:
    made = [program.spend().get_json()["id"] for _ in range(3)]
    first = program.get("/entries", limit=2).get_json()
    program.spend()
    second = program.get("/entries", limit=2, cursor=first["next_cursor"]).get_json()
    assert [entry["id"] for page in (first, second) for entry in page["entries"]][:3] == made[::-1]


def test_twenty_five_at_once_unless_told_otherwise(program: Program) -> None:
    for _ in range(26):
        program.spend()
    assert len(program.get("/entries").get_json()["entries"]) == 25
    assert len(program.get("/entries", limit=100).get_json()["entries"]) == 27


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1.5", "x", "", "1" * 5000, "true", "\0"])
def test_a_page_has_one_to_a_hundred(program: Program, limit: str) -> None:
    assert program.get("/entries", limit=limit).status_code in (400, 422)


def test_a_cursor_that_was_changed_is_refused(program: Program) -> None:
    for _ in range(3):
        program.spend()
    cursor = program.get("/entries", limit=1).get_json()["next_cursor"]
    assert program.get("/entries", cursor=cursor).status_code == 200
    for place in range(len(cursor)):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert code_of(program.get("/entries", cursor=changed)) == (422, "invalid_cursor")


@pytest.mark.parametrize("cursor", ["", ".", "x", "1", "LTE.x", "é", "a" * 80, "\ud83c\udf88", "W10.AAAA", "..", "-"])
def test_what_is_no_cursor_is_refused(program: Program, cursor: str) -> None:
    query = cursor.encode("utf-16", "surrogatepass").decode("utf-16")
    assert code_of(program.get("/entries", cursor=query)) == (422, "invalid_cursor")


def test_the_refusal_names_the_cursor(program: Program) -> None:
    document = program.get("/entries", cursor="zzz").get_json()
    assert [error["field"] for error in document["errors"]] == ["cursor"]
    assert "cursor" in document["detail"]


def test_a_cursor_is_of_one_account(make_program: MakeProgram, program: Program) -> None:
    program.spend()
    cursor = program.get("/entries", limit=1).get_json()["next_cursor"]
    stranger = make_program()
    assert code_of(stranger.get("/entries", cursor=cursor)) == (422, "invalid_cursor")
    service = make_program("service")
    assert service.get("/entries", cursor=cursor, user=program.user_id).status_code == 200
    assert code_of(service.get("/entries", cursor=cursor, user=stranger.user_id)) == (422, "invalid_cursor")


def test_everybody_sees_their_own(make_program: MakeProgram, program: Program) -> None:
    other = make_program("read", credits=7)
    assert [entry["amount"] for entry in other.get("/entries").get_json()["entries"]] == [7]
    assert [entry["amount"] for entry in program.get("/entries").get_json()["entries"]] == [100]
