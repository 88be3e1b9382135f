"""Migration 0007: what was made through the API before makers were written down can be ended, and stays used up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from payapp.api.idempotency import Answer, ApiCall, begin
from payapp.extensions import db
from payapp.ledger.holds import capture_hold, place_hold, spend
from payapp.ledger.makers import USER, service
from payapp.ledger.verification import verify
from tests.migrations.earlier import database_at
from tests.migrations.test_migrations import TRIGGERS, names

NOW = "CURRENT_TIMESTAMP"
BEFORE = (
    "INSERT INTO users (id, email, password_hash, credits, credits_held, stripe_customer_key, created_at)"
    f" VALUES (1, 'ada@example.com', 'none', 100, 0, 'customer:1', {NOW})",
    "INSERT INTO ledger_entries (user_id, amount, balance_after, entry_type, idempotency_key, created_at)"
    f" VALUES (1, 100, 100, 'grant', 'purchase:1', {NOW})",
    "INSERT INTO holds (user_id, amount, status, captured_amount, feature, idempotency_key, expires_at, created_at)"
    f" VALUES (1, 5, 'captured', 5, 'spent', 'api:1:s', {NOW}, {NOW}),"
    f" (1, 6, 'open', NULL, 'held', 'api:1:h', '2099-01-01 00:00:00', {NOW}),"
    f" (1, 7, 'open', NULL, 'qr-code-batch', 'qr-code-batch:1:x', '2099-01-01 00:00:00', {NOW}),"
    f" (1, 8, 'released', NULL, 'qr-code', NULL, {NOW}, {NOW})",
    "UPDATE users SET credits = 95, credits_held = 13",
    "INSERT INTO ledger_entries (user_id, amount, balance_after, entry_type, idempotency_key, created_at)"
    f" VALUES (1, -5, 95, 'capture', 'capture:1', {NOW})",
    "INSERT INTO api_requests (user_id, idempotency_key, operation, body_hash, status, answer, created_at)"
    f" VALUES (1, 's', 'create_spend', 'hash', 201, 'the answer', {NOW})",
)
PROGRAMS = (USER, service("a"), service("b"))


@pytest.fixture
def engine(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database as it was before, in use."""
    with database_at("0006", engine_name, request, tmp_path) as engine:
        with engine.begin() as connection:
            for statement in BEFORE:
                connection.execute(text(statement))
        yield engine


@pytest.mark.usefixtures("engine")
def test_what_stands_goes_on() -> None:
    upgrade()
    session = db.session()
    makers = {row.id: row.maker for row in session.execute(text("SELECT id, maker FROM holds"))}
    assert makers == {1: "program", 2: "program", 3: "app", 4: "app"}
    for maker in PROGRAMS:
        assert begin(session, ApiCall(1, maker, "s", "create_spend", "hash"), 201) == Answer(201, "the answer")
        again = spend(session, 1, 5, feature="spent", maker=maker, idempotency_key="api:1:s")
        assert (again.id, again.is_new) == (2, False)
        assert place_hold(session, 1, 6, feature="held", maker=maker, idempotency_key="api:1:h").id == 2
    assert place_hold(session, 1, 7, feature="qr-code-batch", idempotency_key="qr-code-batch:1:x").id == 3
    assert capture_hold(session, 2, 6, maker=service("a")).amount == -6
    assert verify(session) == []


@pytest.mark.parametrize("maker", ["NULL", "'nobody'"])
def test_a_maker_is_needed_from_then_on(engine: Engine, engine_name: str, maker: str) -> None:
    guards = names(engine, TRIGGERS[engine_name])
    upgrade()
    assert names(engine, TRIGGERS[engine_name]) >= guards
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(f"UPDATE holds SET maker = {maker} WHERE status = 'open'"))


def test_it_goes_back_though_makers_share_a_key(engine: Engine, engine_name: str) -> None:
    guards = names(engine, TRIGGERS[engine_name])
    upgrade()
    session = db.session()
    for maker in PROGRAMS:
        spend(session, 1, 1, feature="test", maker=maker, idempotency_key="api:1:k")
        begin(session, ApiCall(1, maker, "k", "create_spend", "hash"), 201)
    session.commit()
    session.close()
    downgrade(revision="0006")
    assert names(engine, TRIGGERS[engine_name]) == guards
    assert "maker" not in {column["name"] for column in inspect(engine).get_columns("holds")}
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT COUNT(*) FROM holds WHERE idempotency_key = 'api:1:k'")) == 1
        assert connection.scalar(text("SELECT COUNT(*) FROM api_requests WHERE idempotency_key = 'k'")) == 1
