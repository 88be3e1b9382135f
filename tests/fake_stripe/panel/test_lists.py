"""The lists of the panel: cut by cursors, and as many queries for a full page as for one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fake_stripe.server import create_stand_in
from fake_stripe.settings import StandInSettings
from fake_stripe.stand_in import StandIn
from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.objects import create_customer
from tests.fake_stripe.panel_pages import ROOT, Panel

PAGE = 25


def test_it_turns_pages_forth_and_back(start_stand_in: StartStandIn) -> None:
    stand_in = start_stand_in()
    for number in range(60):
        create_customer(stand_in.client(), f"{number}@example.com")
    panel, path, seen = Panel(stand_in), "/events", list[list[str]]()
    while path:
        page = panel.show(path)
        seen.append(titles(page))
        path = link(page, "Older")
    assert [len(one) for one in seen] == [25, 25, 10]
    assert [email for one in seen for email in one] == [f"{number}@example.com" for number in reversed(range(60))]
    newer = link(page, "Newer")
    assert titles(panel.show(newer)) == seen[1]
    assert titles(panel.show(link(panel.show(newer), "Newer"))) == seen[0]
    assert link(panel.show("/events"), "Newer") == ""


def titles(page: str) -> list[str]:
    """Return the e-mails on a page, in order."""
    return [part.partition("<")[0] for part in page.split('class="cell-email">')[1:]]


def link(page: str, word: str) -> str:
    """Return where a link of the pager leads, below the panel; nothing without it."""
    before, found, _ = page.partition(f">{word}</a>")
    return before.rpartition(f'href="{ROOT}')[2].rstrip('"').replace("&amp;", "&") if found else ""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """A stand-in in this process, so that its queries can be counted."""
    app = create_stand_in(StandInSettings("http://localhost", str(tmp_path / "state.sqlite3")))
    yield app
    app.extensions["stand_in"].close()


@contextmanager
def counted(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note every statement that is run meanwhile."""
    statements: list[str] = []
    with monkeypatch.context() as patch:
        for name in ("rows", "execute"):
            original = getattr(stand_in.store, name)

            def note(sql: str, arguments: Any = (), original: Any = original) -> Any:
                statements.append(sql)
                return original(sql, arguments)

            patch.setattr(stand_in.store, name, note)
        yield statements


def play(app: Flask) -> str:
    """Sell, refund a part, open a dispute; return the payment's id."""
    client = app.test_client()
    headers = {"Authorization": "Bearer sk_test_1"}
    customer = client.post("/v1/customers", data={"email": "a@example.com"}, headers=headers).get_json()["id"]
    fields = {"mode": "payment", "success_url": "http://x.test/", "customer": customer, "line_items[0][quantity]": "1"}
    price = {"currency": "usd", "unit_amount": "900", "product_data][name": "Starter"}
    fields |= {f"line_items[0][price_data][{name}]": value for name, value in price.items()}
    session = client.post("/v1/checkout/sessions", data=fields, headers=headers).get_json()["id"]
    intent = str(client.post(f"/_control/sessions/{session}/pay").get_json()["payment_intent"])
    client.post("/_control/refunds", json={"payment_intent": intent, "amount": 100})
    client.post("/_control/disputes", json={"payment_intent": intent})
    return intent


def test_a_full_page_takes_no_more_queries_than_one_line(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    intent = play(app)
    paths = ["", "/sessions", "/payments", "/refunds", "/disputes", "/events", f"/payments/{intent}"]
    few = queries_by_path(app, paths, monkeypatch)
    for _ in range(PAGE):
        play(app)
    assert queries_by_path(app, paths, monkeypatch) == few
    assert max(few.values()) < 30


def queries_by_path(app: Flask, paths: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    counts = {}
    for path in paths:
        with counted(app.extensions["stand_in"], monkeypatch) as statements:
            assert app.test_client().get(f"{ROOT}{path}").status_code == 200
        counts[path] = len(statements)
    return counts


def test_the_queries_about_one_payment_use_their_indexes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    intent = play(app)
    stand_in: StandIn = app.extensions["stand_in"]
    with counted(stand_in, monkeypatch) as statements:
        app.test_client().get(f"{ROOT}/payments/{intent}")
    about = next(sql for sql in statements if "events_by_object" in sql and "SELECT" in sql)
    plan = stand_in.store.rows(f"EXPLAIN QUERY PLAN {about}", ("a",) * (about.count("?") - 1) + (1,))
    searches = [row["detail"] for row in plan if "objects" in row["detail"]]
    assert all("events_by_" in search for search in searches)
    assert len(searches) == 2
