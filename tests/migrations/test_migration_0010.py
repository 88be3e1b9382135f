"""Migration 0010: how often the money of the disputes kept so far has moved."""

from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from tests.migrations.earlier import database_at

DISPUTE = """
    INSERT INTO disputes (stripe_dispute_id, stripe_payment_intent_id, status, reason, amount, reinstated_amount,
                          currency, livemode, created_at, updated_at)
    VALUES (:id, 'pi_1', :status, 'fraudulent', 3900, :reinstated, 'usd', false,
            '2026-01-01 00:00:00', '2026-01-01 00:00:00')
"""
KEPT = {
    "dp_inquiry": ("warning_closed", 0, 0, 0),
    "dp_open": ("needs_response", 0, 1, 0),
    "dp_lost": ("lost", 0, 1, 0),
    "dp_in_part": ("lost", 1950, 2, 1950),
    "dp_closed_only": ("won", 0, 1, 3900),
    "dp_won": ("won", 3900, 2, 3900),
}


def test_it_fills_in_what_can_have_moved(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with database_at("0006", engine_name, request, tmp_path) as engine:
        with engine.begin() as connection:
            for stripe_id, (status, reinstated, *_) in KEPT.items():
                connection.execute(text(DISPUTE), {"id": stripe_id, "status": status, "reinstated": reinstated})
        upgrade(revision="0010")
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT stripe_dispute_id, movements, reinstated_amount FROM disputes"))
            assert {row[0]: tuple(row[1:]) for row in rows} == {one: kept[2:] for one, kept in KEPT.items()}
        downgrade(revision="0006")
        assert "movements" not in {column["name"] for column in inspect(engine).get_columns("disputes")}
