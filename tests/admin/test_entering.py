"""Who may come to the desk: staff. Strangers log in first; to all others it is not there, whatever they send."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from payapp.audit import Actor, Reason
from payapp.staff.users import disable_user, end_admin
from payapp.web.staff_only import is_for_staff
from tests.people import Visitor, give_credits
from tests.staff.desk import acts_of, id_of

REASON = Reason(Actor(operator="test@host"), "a test")


def main_of(page: str) -> str:
    """Return what a page says; what stands above it has a token that is another each second."""
    return page.partition("<main")[2]


def method_of(rule: Rule) -> str:
    return "GET" if "GET" in (rule.methods or ()) else "POST"


def desk_addresses(app: Flask) -> Iterator[tuple[Rule, str]]:
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("admin."):
            arguments: dict[str, Any] = {name: 1 for name in rule.arguments}
            yield rule, adapter.build(rule.endpoint, arguments, method=method_of(rule))


def test_staff_enter_and_find_the_way(staff: Visitor) -> None:
    assert 'href="/admin/"' in staff.get("/dashboard/credits").text
    for path in ("/admin/", "/admin/events", "/admin/api-keys", "/admin/log", "/admin/search?q=x"):
        page = staff.get(path)
        assert page.status_code == 200, path
        assert page.headers["Cache-Control"] == "no-store"
    assert staff.get("/admin").location == "http://localhost/admin/"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_strangers_log_in_first(app: Flask) -> None:
    stranger = Visitor(app.test_client())
    for path in ("/admin", "/admin/", "/admin/users/1", "/admin/nothing"):
        assert stranger.get(path).location.startswith("/login?next=/admin"), path
    assert stranger.submit("/admin/users/1/disable", note="x").location.startswith("/login")


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_to_a_user_it_looks_like_nothing(app: Flask, visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 10)
    nothing = visitor.get("/nothing-here")
    assert "/admin" not in visitor.get("/dashboard/credits").text
    asked = 0
    for _, path in desk_addresses(app):
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
            for data in ({}, {"csrf_token": visitor.csrf_token(), "note": "x", "request_id": "1"}):
                answer = visitor.client.open(path, method=method, data=data)
                assert answer.status_code == 404, (method, path)
                if method == "GET":
                    assert main_of(answer.text) == main_of(nothing.text)
                asked += 1
    for path in ("/admin", "//admin/", "///admin", "/admin//users/1"):
        assert visitor.get("/", environ_overrides={"PATH_INFO": path}).status_code == 404, path
    assert asked > 200
    assert acts_of(session) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_page_of_staff_is_at_the_desk(app: Flask) -> None:
    """So none is left out by the guard, which goes by the address; and what only looks like it is not the desk."""
    assert all(is_for_staff(path) for _, path in desk_addresses(app))
    assert not any(is_for_staff(path) for path in ("/", "/administrator", "/dashboard/admin", "/adminx/"))


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_page_answers_whatever_number_it_is_asked_for(app: Flask, staff: Visitor) -> None:
    for rule, path in desk_addresses(app):
        for asked in (path, f"{path}?before=x&user=-1&staff={'9' * 30}&status=x&act=x&part=x&amount=x&q=%F0%9F"):
            answer = staff.get(asked) if method_of(rule) == "GET" else staff.submit(asked)
            assert answer.status_code in (200, 303, 404, 422), asked


def test_whose_flag_was_taken_away_is_out_at_once(staff: Visitor, session: Session, customer_id: int) -> None:
    assert staff.get(f"/admin/users/{customer_id}").status_code == 200
    end_admin(session, REASON, id_of(session, "staff@example.com"))
    session.commit()
    assert staff.submit(f"/admin/users/{customer_id}/disable", note="x").status_code == 404
    assert staff.get("/admin/").status_code == 404
    assert staff.get("/dashboard/credits").status_code == 200
    assert acts_of(session, user_id=customer_id) == []


def test_disabled_staff_are_out_at_once(staff: Visitor, session: Session, customer_id: int) -> None:
    disable_user(session, REASON, id_of(session, "staff@example.com"))
    session.commit()
    assert staff.submit(f"/admin/users/{customer_id}/disable", note="x").location.startswith("/login")
    assert acts_of(session, user_id=customer_id) == []


def test_a_tab_of_before_the_log_out_does_nothing(staff: Visitor, session: Session, customer_id: int) -> None:
    old_token = staff.csrf_token()
    staff.submit("/logout")
    path, form = f"/admin/users/{customer_id}/disable", {"note": "x", "csrf_token": old_token}
    assert staff.client.post(path, data=form).location.startswith("/login")
    staff.log_in("staff@example.com")
    assert staff.client.post(path, data=form).status_code == 400
    assert acts_of(session, user_id=customer_id) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_in_production_staff_show_a_second_factor(
    staff: Visitor, session: Session, customer_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(staff.client.application.extensions["payapp_settings"], is_production=True)
    monkeypatch.setitem(staff.client.application.extensions, "payapp_settings", settings)
    answer = staff.get("/admin/")
    assert (answer.status_code, answer.location) == (303, "/dashboard/account/factors")
    assert staff.submit(f"/admin/users/{customer_id}/disable", note="x").location == "/dashboard/account/factors"
    assert acts_of(session, user_id=customer_id) == []
