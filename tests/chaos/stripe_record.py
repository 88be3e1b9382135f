"""Stripe's side of the story, from the stand-in: payments and where their money is, events and their deliveries."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.chaos.oracle import Money

CUSTOMERS = "SELECT id, json_extract(body, '$.customer') FROM objects WHERE kind = 'payment_intent'"


@dataclass(frozen=True)
class Payment:
    """One payment intent through which money moved."""

    id: str
    customer_id: str
    money: Money


@dataclass(frozen=True)
class Deliveries:
    """How far the webhooks are."""

    delivered: int
    attempts: int
    pending: int


class StripeRecord:
    """Reads a stand-in's state, alive or dead, and asks the living one where the money is."""

    def __init__(self, url: str, state_path: Path) -> None:
        self._url = url
        self._state_path = state_path

    def list_payments(self) -> list[Payment]:
        """Return every payment by which money moved, from `GET /_control/money`."""
        answer = requests.get(f"{self._url}/_control/money", timeout=60)
        answer.raise_for_status()
        sums = answer.json()["payment_intents"]
        customers = dict(self._rows(CUSTOMERS))
        names = Money.__dataclass_fields__
        return [Payment(id, customers[id], Money(**{name: one[name] for name in names})) for id, one in sums.items()]

    def count_deliveries(self) -> Deliveries:
        sql = "SELECT total(status = 'delivered'), total(attempts), total(status = 'pending') FROM deliveries"
        ((delivered, attempts, pending),) = self._rows(sql)
        return Deliveries(int(delivered), int(attempts), int(pending))

    def list_event_ids(self) -> set[str]:
        """Return the ids of all events that were to be delivered."""
        return {event_id for (event_id,) in self._rows("SELECT DISTINCT event_id FROM deliveries")}

    def list_undelivered(self) -> list[tuple[str, str]]:
        """Return (event, last answer) for each event of which no delivery was ever answered 2xx."""
        sql = """SELECT event_id, coalesce(max(error), max(response_status), 'no attempt') FROM deliveries
                 GROUP BY event_id HAVING NOT max(status = 'delivered')"""
        return [(str(event_id), str(answer)) for event_id, answer in self._rows(sql)]

    def next_moment(self) -> float | None:
        """Return when the next delivery or appointment is due, None when all is done. An inquiry may lapse later."""
        sql = """SELECT min(moment) FROM (
                   SELECT next_attempt_at AS moment FROM deliveries WHERE status = 'pending'
                   UNION ALL SELECT due_at FROM appointments WHERE action <> 'inquiry_lapses')"""
        ((moment,),) = self._rows(sql)
        return None if moment is None else float(moment)

    def _rows(self, sql: str) -> list[Any]:
        with self._reading() as connection:
            return connection.execute(sql).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"file:{self._state_path}?mode=ro", uri=True, timeout=20)) as connection:
            yield connection
