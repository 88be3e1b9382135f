"""What the clock does by itself: bank debits settle, open sessions expire."""

import json
import threading
import traceback
from typing import TYPE_CHECKING

from payapp.fake_stripe.errors import JsonObject
from payapp.fake_stripe.resources import checkout_sessions
from payapp.fake_stripe.resources.charges import captured_fields
from payapp.fake_stripe.resources.checkout_blank import KIND as SESSION
from payapp.fake_stripe.work import Work

if TYPE_CHECKING:
    from payapp.fake_stripe.stand_in import StandIn

TICK_SECONDS = 0.25


class ClockWorker:
    """A thread that looks four times a second for what has become due."""

    def __init__(self, stand_in: "StandIn") -> None:
        self._stand_in = stand_in
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock-worker", daemon=True)

    def start(self) -> None:
        """Start looking; what became due while nothing ran is done at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the tick under way."""
        self._is_stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._is_stopping.wait(TICK_SECONDS):
            try:
                run_due(self._stand_in)
            except Exception:  # noqa: BLE001  (the clock goes on; the terminal shows what went wrong)
                traceback.print_exc()


def run_due(stand_in: "StandIn") -> None:
    """Do everything that is due now, each thing in a transaction of its own."""
    for row in stand_in.store.rows(
        "SELECT id, action, object_id FROM appointments WHERE due_at <= ? ORDER BY due_at", (stand_in.clock.now(),)
    ):
        with stand_in.store.transaction():
            stand_in.store.execute("DELETE FROM appointments WHERE id = ?", (row["id"],))
            settle(stand_in.work(), row["object_id"], is_success=row["action"] == "settles")
    for row in stand_in.store.rows(_OVERDUE_SESSIONS, (stand_in.clock.timestamp(),)):
        with stand_in.store.transaction():
            session = stand_in.work().get(SESSION, json.loads(row["body"])["id"], "session")
            if session["status"] == "open":
                checkout_sessions.expire(stand_in.work(), session)


_OVERDUE_SESSIONS = """
    SELECT body FROM objects WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open'
    AND json_extract(body, '$.expires_at') <= ?
"""


def settle(work: Work, session_id: str, *, is_success: bool) -> None:
    """Bring a bank debit to its end. https://docs.stripe.com/payments/checkout/fulfill-orders#delayed-notification"""
    session = work.get(SESSION, session_id, "session")
    intent = work.get("payment_intent", session["payment_intent"], "payment_intent")
    charge = work.get("charge", intent["latest_charge"], "charge")
    if is_success:
        _settle_well(work, session, intent, charge)
    else:
        _settle_badly(work, session, intent, charge)


def _settle_well(work: Work, session: JsonObject, intent: JsonObject, charge: JsonObject) -> None:
    work.emit("charge.succeeded", work.update(charge, captured_fields(work, charge["amount"])))
    succeeded = work.update(intent, {"amount_received": intent["amount"], "status": "succeeded"})
    work.emit("payment_intent.succeeded", succeeded)
    work.emit("checkout.session.async_payment_succeeded", work.update(session, {"payment_status": "paid"}))


def _settle_badly(work: Work, session: JsonObject, intent: JsonObject, charge: JsonObject) -> None:
    message = "The customer's bank account has insufficient funds."
    failure = {"failure_code": "insufficient_funds", "failure_message": message, "status": "failed"}
    work.emit("charge.failed", work.update(charge, failure))
    method = work.get("payment_method", intent["payment_method"], "payment_method")
    error = {
        "charge": charge["id"],
        "code": "payment_intent_payment_attempt_failed",
        "doc_url": "https://stripe.com/docs/error-codes/payment-intent-payment-attempt-failed",
        "message": message,
        "payment_method": method,
        "type": "invalid_request_error",
    }
    changes = {"last_payment_error": error, "payment_method": None, "status": "requires_payment_method"}
    work.emit("payment_intent.payment_failed", work.update(intent, changes))
    work.emit("checkout.session.async_payment_failed", session)
