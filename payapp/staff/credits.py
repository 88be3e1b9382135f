"""Credits given and taken by hand."""

from hashlib import sha256

from sqlalchemy.orm import Session

from payapp.audit import Reason, write_down
from payapp.ledger.adjustments import adjust
from payapp.ledger.posting import PostedEntry


def adjust_credits(session: Session, reason: Reason, user_id: int, amount: int, cause: str) -> PostedEntry:
    """Give (or with a negative `amount` take) credits, once for each `cause`; the customer reads the reason's note.

    The same cause again changes nothing, and returns the entry of before with `is_new` False. Raises what adjust()
    raises.
    """
    key = f"adjustment:{sha256(cause.encode()).hexdigest()}"
    entry = adjust(session, user_id, amount, idempotency_key=key, note=reason.note.strip())
    if entry.is_new:
        write_down(
            session,
            reason,
            "credits_adjusted",
            user_id=user_id,
            subject=f"entry:{entry.id}",
            before={"credits": entry.balance_after - amount},
            after={"credits": entry.balance_after},
        )
    return entry
