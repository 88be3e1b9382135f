"""Every route for everybody who may ask, by real requests: what access_table.py says, cell by cell."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.effort import pick
from tests.test_architecture import access_of
from tests.web.access_table import ACCESS_OF_KIND, CALLERS, KINDS, ROUTES, Row
from tests.web.callers import KEYS, PEOPLE, World, let_known_user_in

ONLY_LOOK = ("GET", "HEAD", "OPTIONS")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
LOOKS = [pytest.param(row, id=row.name) for row in ROUTES if row.method in ONLY_LOOK]
ACTS = [pytest.param(row, id=row.name) for row in ROUTES if row.method not in ONLY_LOOK]
OF_PROGRAMS = {"readers", "read-own", "spenders", "end-own"}
LED_TO = {"home": "/dashboard/credits", "login": "/login", "again": "/login/again"}
LED_TO |= {"factor": "/dashboard/account/factors"}

one_engine = pytest.mark.parametrize("shared_app", ["sqlite"], indirect=True)  # what these ask is no database's matter


@pytest.fixture(scope="module")
def world(shared_app: Flask) -> World:
    """Everybody, for all requests that only look."""
    settings = shared_app.extensions["payapp_settings"]
    # Only there a second factor is asked of staff.
    shared_app.extensions["payapp_settings"] = replace(settings, is_production=True)
    return World(shared_app)


def fits(word: str, row: Row, answer: TestResponse) -> bool:
    """Whether the answer is what a cell of the table says."""
    where = (answer.location or "").removeprefix("http://localhost")
    if word == "in":
        is_turned_away = where.startswith("/login") and ACCESS_OF_KIND[row.kind] != "anyone"
        return answer.status_code == row.status and not is_turned_away
    if word in LED_TO:
        return answer.status_code == 303 and where.partition("?")[0] == LED_TO[word]
    return answer.status_code == int(word)


def describe(answer: TestResponse) -> str:
    return f"{answer.status_code} {answer.location or ''}".strip()


# ---- the table


def methods_of(app: Flask) -> set[tuple[str, str]]:
    """Return every route with each method that somebody has written down for it."""
    return {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - ({"HEAD", "OPTIONS"} if rule.methods != {"HEAD"} else set())
    }


@one_engine
def test_every_route_has_a_row_and_every_row_a_route(shared_app: Flask) -> None:
    in_table = [(row.endpoint, row.method) for row in ROUTES]
    assert methods_of(shared_app) == set(in_table), "write who may do what into tests/web/access_table.py"
    assert len(in_table) == len(set(in_table))


@one_engine
def test_a_route_without_a_row_is_noticed(shared_app: Flask) -> None:
    """Even one that an extension, or a careless hand, has added."""
    rules = len(list(shared_app.url_map.iter_rules()))
    assert len(methods_of(shared_app)) >= rules
    assert ("auth.log_in", "POST") in methods_of(shared_app)
    assert ("auth.log_in", "PUT") not in methods_of(shared_app)


@one_engine
def test_blueprints_say_the_same_as_the_table(shared_app: Flask) -> None:
    rules = {rule.endpoint: rule for rule in shared_app.url_map.iter_rules()}
    others = {
        row.name: access_of(shared_app, rules[row.endpoint])
        for row in ROUTES
        if access_of(shared_app, rules[row.endpoint]) != ACCESS_OF_KIND[row.kind]
    }
    assert others == {}


def test_every_caller_is_somebody() -> None:
    assert {"anonymous", *PEOPLE, *KEYS} == set(CALLERS)
    assert set(KINDS) == set(ACCESS_OF_KIND) == {row.kind for row in ROUTES}


# ---- its cells


def wrong_among(answers: Mapping[str, TestResponse], row: Row) -> dict[str, str]:
    return {who: describe(answer) for who, answer in answers.items() if not fits(row.expected[who], row, answer)}


def look(world: World, row: Row, method: str) -> dict[str, TestResponse]:
    return {caller: world.look(row.endpoint, method, caller) for caller in CALLERS}


@one_engine
@pytest.mark.parametrize("row", LOOKS)
def test_who_may_look(world: World, row: Row) -> None:
    assert wrong_among(look(world, row, row.method), row) == {}, row.expected


@pytest.mark.long
@pytest.mark.parametrize("shared_app", ["postgresql"], indirect=True)
@pytest.mark.parametrize("row", LOOKS[:: pick(3, 1)])
def test_looks_are_the_same_on_postgresql(world: World, row: Row) -> None:
    test_who_may_look(world, row)


@pytest.mark.long
@pytest.mark.parametrize("shared_app", ["postgresql"], indirect=True)
@pytest.mark.parametrize("row", ACTS[:: pick(3, 1)])
def test_acts_are_the_same_on_postgresql(world: World, row: Row) -> None:
    test_who_may_act(world, row)


@one_engine
@pytest.mark.parametrize("row", LOOKS)
def test_head_is_as_get_without_a_body(world: World, row: Row) -> None:
    answers = look(world, row, "HEAD")
    assert wrong_among(answers, row) == {}, row.expected
    assert {answer.data for answer in answers.values()} == {b""}


@one_engine
@pytest.mark.parametrize("row", ACTS)
def test_who_may_act(world: World, row: Row) -> None:
    """Whoever may not has changed nothing, in no table."""
    let_known_user_in(world.app)
    world = World(world.app)
    refused = [who for who in CALLERS if row.expected[who] != "in"]
    deeds = world.act(row.endpoint, row.method, refused, is_fresh=False)
    assert wrong_among(deeds.answers, row) == {}, row.expected
    assert not deeds.have_changed_something, refused
    allowed = [who for who in CALLERS if who not in refused]
    answers = {who: world.act(row.endpoint, row.method, [who]).answers[who] for who in allowed}
    assert wrong_among(answers, row) == {}, row.expected


@one_engine
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROUTES])
def test_options_tells_methods_and_nothing_else(world: World, row: Row) -> None:
    """Of programs it asks for a key that is good; there is no desk; and which objects there are it tells nobody."""
    kind = "readers" if row.kind in OF_PROGRAMS else "desk" if row.kind == "desk" else "anyone"
    asked = Row(row.endpoint, "OPTIONS", kind, 200)
    answers = look(world, asked, "OPTIONS")
    assert wrong_among(answers, asked) == {}, asked.expected
    told = [answer for answer in answers.values() if answer.status_code == 200]
    assert all(answer.data == b"" and row.method in answer.headers["Allow"] for answer in told)


@one_engine
def test_no_other_method_does_anything(world: World) -> None:
    app = world.app
    taken: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        taken.setdefault(rule.rule, set()).update(rule.methods or set())
    headers = {caller: world.log_in(caller) for caller in ("staff", "spend key")}
    for rule in app.url_map.iter_rules():
        caller = "spend key" if rule.rule.startswith("/api/v1") else "staff"
        for method in METHODS - taken[rule.rule]:
            answer = world.client.open(world.address(rule.endpoint, caller), method=method, headers=headers[caller])
            # 404: `disable` where another route has the name of a list.
            assert answer.status_code in (404, 405), (rule.rule, method)


# ---- whether the cells can fail


@one_engine
def test_a_wrong_answer_is_noticed(world: World) -> None:
    row = Row("credits.show_credits", "GET", "users", 200)
    stranger, user = world.look(row.endpoint, "GET", "anonymous"), world.look(row.endpoint, "GET", "user")
    assert (fits("login", row, stranger), fits("in", row, stranger), fits("404", row, stranger)) == (True, False, False)
    assert (fits("login", row, user), fits("in", row, user), fits("home", row, user)) == (False, True, False)


@one_engine
def test_a_change_is_noticed(world: World) -> None:
    assert world.act("api_keys.create", "POST", ["user"]).have_changed_something
    assert not world.act("features.price_qr_code_batch", "POST", ["user", "staff"]).have_changed_something
