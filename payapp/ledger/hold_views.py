"""Reading holds. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, case, literal_column, or_, select
from sqlalchemy.orm import Session

from payapp.database.base import table_of
from payapp.database.sql_functions import database_now
from payapp.ledger.makers import ANY_PROGRAM
from payapp.ledger.models import Hold, HoldStatus

HOLDS = table_of(Hold)


@dataclass(frozen=True)
class HoldView:
    """A hold as it stands: `amount` and `captured_amount` in credits, `expires_at` by the database's clock.

    `maker` is one of makers.py: who alone may end it.
    """

    id: int
    user_id: int
    amount: int
    captured_amount: int | None
    status: HoldStatus
    feature: str
    note: str | None
    created_at: datetime
    expires_at: datetime
    maker: str


IS_OVERDUE = and_(HOLDS.c.status == "open", HOLDS.c.expires_at <= database_now())
STATUS_NOW = case((IS_OVERDUE, "expired"), else_=HOLDS.c.status).label("status")
HOLD_COLUMNS = [STATUS_NOW if name == "status" else HOLDS.c[name] for name in HoldView.__dataclass_fields__]

# Built once, as in posting.py.
FIND_OWN = select(*HOLD_COLUMNS).where(HOLDS.c.id == bindparam("hold_id"), HOLDS.c.user_id == bindparam("user_id"))
IS_OF_MAKER = or_(HOLDS.c.maker == bindparam("by"), HOLDS.c.maker == literal_column(f"'{ANY_PROGRAM}'"))
FIND_BY_KEY = select(*HOLD_COLUMNS).where(HOLDS.c.idempotency_key == bindparam("idempotency_key"), IS_OF_MAKER)
# 'open' stands in the statement, not beside it: else no engine uses the index of open holds.
LIST_OPEN = (
    select(*(HOLDS.c[name] for name in HoldView.__dataclass_fields__))
    .where(
        HOLDS.c.user_id == bindparam("user_id"),
        HOLDS.c.status == literal_column("'open'"),
        HOLDS.c.expires_at > database_now(),
    )
    .order_by(HOLDS.c.id.desc())
)


def find_hold(session: Session, user_id: int, hold_id: int) -> HoldView | None:
    """Return the hold if it is this user's, else None; `expired` as soon as its time is over."""
    row = session.execute(FIND_OWN, {"user_id": user_id, "hold_id": hold_id}).one_or_none()
    return HoldView(*row) if row else None


def find_hold_of_request(session: Session, idempotency_key: str, maker: str) -> HoldView | None:
    """Return the hold that the maker placed under this key; None if there is none."""
    row = session.execute(FIND_BY_KEY, {"idempotency_key": idempotency_key, "by": maker}).one_or_none()
    return HoldView(*row) if row else None


def get_hold_of_request(session: Session, idempotency_key: str, maker: str) -> HoldView:
    """Return the hold that the maker placed under this key. Raises sqlalchemy's NoResultFound."""
    return HoldView(*session.execute(FIND_BY_KEY, {"idempotency_key": idempotency_key, "by": maker}).one())


def list_open_holds(session: Session, user_id: int) -> list[HoldView]:
    """Return the user's open holds, newest first; not those whose time is over. Placing keeps them few."""
    return [HoldView(*row) for row in session.execute(LIST_OPEN, {"user_id": user_id})]
