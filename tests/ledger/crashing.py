"""Programs that are killed: they change the book in a process of their own and tell the test how far they came."""

import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from sqlalchemy.orm import Session

from payapp.ledger.holds import capture_hold, expire_holds, place_hold, release_hold, spend
from payapp.ledger.posting import grant
from tests.ledger.racing import engine_for

DEEDS: dict[str, Callable[[Session, int, int], object]] = {
    "grant": lambda session, user_id, _: grant(session, user_id, 500, idempotency_key="purchase:1"),
    "spend": lambda session, user_id, _: spend(session, user_id, 5, feature="test"),
    "place": lambda session, user_id, _: place_hold(session, user_id, 5, feature="test"),
    "capture": lambda session, _, hold_id: capture_hold(session, hold_id),
    "release": lambda session, _, hold_id: release_hold(session, hold_id),
    "expire": lambda session, _user_id, _hold_id: expire_holds(session),
}


def do_and_hang(database_url: str, user_id: int, hold_ids: dict[str, int], progress: Connection) -> None:
    """Do everything in one transaction, say so, and never commit."""
    with engine_for(database_url) as engine, Session(engine) as session:
        for name, deed in DEEDS.items():
            deed(session, user_id, hold_ids.get(name, 0))
        progress.send("done")
        time.sleep(60)


def spend_for_ever(database_url: str, user_id: int, progress: Connection) -> None:
    """Spend one credit a transaction, and tell of each that is committed."""
    with engine_for(database_url) as engine, Session(engine) as session:
        while True:
            spend(session, user_id, 1, feature="test")
            session.commit()
            progress.send("spent")
