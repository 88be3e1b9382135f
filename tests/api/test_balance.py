"""GET /api/v1/balance"""

from tests.api.conftest import MakeProgram, Program, code_of


def test_it_works(program: Program) -> None:
    answer = program.get("/balance")
    assert (answer.status_code, answer.json) == (200, {"posted": 100, "held": 0, "available": 100})
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_shows_what_is_held_apart(program: Program) -> None:
    program.spend(10)
    program.hold(20)
    assert program.balance() == (90, 20, 70)


def test_a_key_that_may_only_read_is_enough(make_program: MakeProgram) -> None:
    assert make_program("read").balance() == (100, 0, 100)


def test_a_service_key_names_the_user(make_program: MakeProgram, program: Program) -> None:
    service = make_program("service")
    assert service.balance(user=program.user_id) == (100, 0, 100)
    assert code_of(service.get("/balance")) == (422, "invalid_request")
    assert code_of(service.get("/balance", user=2**62)) == (404, "user_not_found")
    assert code_of(service.get("/balance", user="nobody@example.com")) == (404, "user_not_found")


def test_another_key_may_not(program: Program) -> None:
    assert code_of(program.get("/balance", user=program.user_id)) == (403, "user_not_allowed")


def test_it_refuses_what_it_does_not_know(program: Program) -> None:
    assert code_of(program.get("/balance", cursor="x")) == (422, "invalid_request")


def test_it_refuses_a_name_that_stands_twice(make_program: MakeProgram, program: Program) -> None:
    service = make_program("service")
    for path in ("/balance", "/entries", "/holds/1"):
        answer = service.get(path, user=[program.user_id, program.user_id])
        assert code_of(answer) == (422, "invalid_request")
        assert [error["field"] for error in answer.get_json()["errors"]] == ["user"]
    assert code_of(program.get("/entries", limit=[5, 6])) == (422, "invalid_request")


def test_only_who_has_a_key_is_told_so(program: Program) -> None:
    program.secret = "unknown"
    assert code_of(program.get("/balance", user=[1, 2])) == (401, "api_key_invalid")
