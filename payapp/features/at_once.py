"""A feature's hold and its capture, each as one PostgreSQL statement; see database/one_statement.py.

Each commits by itself. Where it could not, nothing has happened, and the ledger's own functions find out why. Not while
the session's transaction is open: what the view or the work has written there is committed together with its charge.
"""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from payapp.database.clock import utc_now
from payapp.database.one_statement import attempt
from payapp.features.use import Use
from payapp.ledger.makers import APP
from payapp.ledger.one_statement import CAPTURE, PLACE, Part
from payapp.ledger.posting import require_amount


def _without_request(part: Part) -> str:
    """Return the statement of an operation that no program has asked for: there is no request to keep."""
    return part.complete(f"SELECT 1 WHERE {part.is_possible}")


STATEMENT_PLACE, STATEMENT_CAPTURE = _without_request(PLACE), _without_request(CAPTURE)


def place_at_once(session: Session, use: Use) -> int | None:
    """Hold the use's cost; return the hold's id, None where it could not. Raises InvalidAmountError."""
    require_amount(use.cost)
    values = {
        "user_id": use.user_id,
        "amount": use.cost,
        "feature": use.feature,
        "note": use.note,
        "cause": use.idempotency_key,
        "maker": APP,
        "expires_in_seconds": use.expires_in_seconds,
        "now": utc_now(),
    }
    engine = _free_engine(session)
    hold = attempt(engine, STATEMENT_PLACE, values) if engine else None
    return hold.id if hold else None


def capture_at_once(session: Session, use: Use, hold_id: int, amount: int) -> bool:
    """Make an entry of `amount` credits of the use's hold; return False where it could not."""
    values = {"user_id": use.user_id, "hold_id": hold_id, "wanted": amount, "maker": APP, "now": utc_now()}
    engine = _free_engine(session)
    return engine is not None and attempt(engine, STATEMENT_CAPTURE, values) is not None


def _free_engine(session: Session) -> Engine | None:
    """Return the engine, None while the session is in a transaction."""
    engine = session.get_bind()
    return engine if isinstance(engine, Engine) and not session.in_transaction() else None
