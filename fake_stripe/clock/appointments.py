"""What will happen by itself: a bank debit settles, a pending refund succeeds, a session expires."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from fake_stripe.resources import checkout_sessions
from fake_stripe.resources.checkout_blank import KIND as SESSION
from fake_stripe.work import Work

if TYPE_CHECKING:
    from fake_stripe.stand_in import StandIn

AppointmentFunction = Callable[[Work, str], None]

ACTIONS: dict[str, AppointmentFunction] = {}


def appointment(action: str) -> Callable[[AppointmentFunction], AppointmentFunction]:
    """Declare what happens to an object when an appointment of this name, made with `work.schedule`, is due."""

    def register(function: AppointmentFunction) -> AppointmentFunction:
        ACTIONS[action] = function
        return function

    return register


def run_due(stand_in: "StandIn") -> None:
    """Do everything that is due now, each thing in a transaction of its own and once."""
    now = stand_in.clock.now()
    for row in stand_in.store.rows("SELECT * FROM appointments WHERE due_at <= ? ORDER BY due_at, id", (now,)):
        with stand_in.store.transaction():
            # Another thread may have kept the appointment since it was read.
            if stand_in.store.execute("DELETE FROM appointments WHERE id = ?", (row["id"],)).rowcount:
                ACTIONS[row["action"]](stand_in.work(), row["object_id"])
    for row in stand_in.store.rows(_OVERDUE_SESSIONS, (stand_in.clock.timestamp(),)):
        with stand_in.store.transaction():
            session = stand_in.work().get(SESSION, json.loads(row["body"])["id"], "session")
            if session["status"] == "open":
                checkout_sessions.expire(stand_in.work(), session)


def move_clock(stand_in: "StandIn", seconds: float) -> None:
    """Go forward, stopping at each appointment on the way, so that all happens in order and is stamped with its time.

    An appointment that is made on the way and is due before the end is kept too.
    """
    end = stand_in.clock.now() + seconds
    while True:
        due_at = stand_in.store.rows(_NEXT_DUE)[0]["due_at"]
        stand_in.clock.move_to(end if due_at is None else min(due_at, end))
        if due_at is None or due_at > end:
            return
        run_due(stand_in)


_OVERDUE_SESSIONS = """
    SELECT body FROM objects WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open'
    AND json_extract(body, '$.expires_at') <= ?
"""
_NEXT_DUE = """
    SELECT min(due_at) AS due_at FROM (
        SELECT due_at FROM appointments UNION ALL
        SELECT json_extract(body, '$.expires_at') FROM objects
        WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open'
    )
"""
