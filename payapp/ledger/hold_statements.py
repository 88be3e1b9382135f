"""The statements that place, capture, spend and end. Built once, as in posting.py; who runs them: holds.py."""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
    update,
)

from payapp.database.sql_functions import database_now
from payapp.ledger.hold_views import HOLDS, IS_OF_MAKER, HoldView
from payapp.ledger.makers import ANY_PROGRAM
from payapp.ledger.models import accounts

IS_AVAILABLE = accounts.c.credits - accounts.c.credits_held >= bindparam("amount")
SET_ASIDE = (
    update(accounts)
    .where(accounts.c.id == bindparam("user_id"), IS_AVAILABLE)
    .values(credits_held=accounts.c.credits_held + bindparam("amount"))
    .returning(accounts.c.id)
)
CAPTURED = func.coalesce(bindparam("wanted", type_=HOLDS.c.amount.type), HOLDS.c.amount)
CAPTURE = (
    update(HOLDS)
    .where(
        HOLDS.c.id == bindparam("hold_id"),
        HOLDS.c.user_id == func.coalesce(bindparam("owner_id", type_=HOLDS.c.user_id.type), HOLDS.c.user_id),
        IS_OF_MAKER,
        HOLDS.c.status == "open",
        HOLDS.c.expires_at > database_now(),
        HOLDS.c.amount >= CAPTURED,
    )
    .values(status="captured", captured_amount=CAPTURED, ended_at=bindparam("now"))
    .returning(HOLDS.c.user_id, HOLDS.c.amount, HOLDS.c.captured_amount, HOLDS.c.feature, HOLDS.c.note)
)

RELEASE = (
    update(HOLDS)
    .where(HOLDS.c.id == bindparam("hold_id"), IS_OF_MAKER, HOLDS.c.status == "open")
    .values(status=case((HOLDS.c.expires_at > database_now(), "released"), else_="expired"), ended_at=bindparam("now"))
    .returning(HOLDS.c.user_id, HOLDS.c.amount, HOLDS.c.status)
)

FREE = (
    update(accounts)
    .where(accounts.c.id == bindparam("user_id"))
    .values(credits_held=accounts.c.credits_held - bindparam("amount"))
)

IS_OVERDUE = and_(HOLDS.c.status == literal_column("'open'"), HOLDS.c.expires_at <= database_now())
FIND_OVERDUE = (
    select(HOLDS.c.user_id, HOLDS.c.id).where(IS_OVERDUE).order_by(HOLDS.c.expires_at).limit(bindparam("batch"))
)
FIND_OVERDUE_OF_USER = select(HOLDS.c.user_id, HOLDS.c.id).where(HOLDS.c.user_id == bindparam("user_id"), IS_OVERDUE)
LOCK_ACCOUNTS = (
    select(accounts.c.id)
    .where(accounts.c.id.in_(bindparam("user_ids", expanding=True)))
    .order_by(accounts.c.id)
    .with_for_update(key_share=True)
)
LOCKED = (
    select(HOLDS.c.id)
    .where(HOLDS.c.id.in_(bindparam("hold_ids", expanding=True)), HOLDS.c.status == "open")
    .with_for_update(skip_locked=True)
)
EXPIRE = (
    update(HOLDS)
    .where(HOLDS.c.id.in_(LOCKED))
    .values(status="expired", ended_at=bindparam("now"))
    .returning(HOLDS.c.user_id, HOLDS.c.amount)
)

OTHERS = HOLDS.alias("others")
HAS_ROOM = select(func.count()).where(
    OTHERS.c.user_id == bindparam("user_id"), OTHERS.c.status == literal_column("'open'")
).scalar_subquery() < bindparam("open_holds_max")

EARLIER = HOLDS.alias("earlier")
IS_NEW = ~exists().where(
    EARLIER.c.idempotency_key == bindparam("idempotency_key", type_=HOLDS.c.idempotency_key.type),
    EARLIER.c.maker == literal_column(f"'{ANY_PROGRAM}'"),
)

GIVEN = ("user_id", "amount", "feature", "note", "maker", "idempotency_key", "created_at")
EXPIRES_AT = database_now(bindparam("expires_in_seconds", type_=Float))


@cache
def build_insert_open(insert: Callable[[Table], Any]) -> Any:
    """No row comes back when the account has as many open holds as it may have, or the key stands."""
    columns = {name: _given(name) for name in GIVEN} | {"status": literal_column("'open'"), "expires_at": EXPIRES_AT}
    statement = insert(HOLDS).from_select([*columns], select(*columns.values()).where(HAS_ROOM, IS_NEW))
    return statement.on_conflict_do_nothing().returning(*(HOLDS.c[name] for name in HoldView.__dataclass_fields__))


@cache
def build_insert_captured(insert: Callable[[Table], Any]) -> Any:
    """No row comes back when fewer credits are available, or the key stands.

    Locks the account's row, as an UPDATE of it would: whoever comes second weighs what the first has left.
    """
    columns = {name: _given(name) for name in GIVEN} | {
        "status": literal_column("'captured'"),
        "captured_amount": _given("amount"),
        "expires_at": EXPIRES_AT,
        "ended_at": _given("created_at"),
    }
    row = select(*columns.values()).where(accounts.c.id == bindparam("user_id"), IS_AVAILABLE, IS_NEW)
    statement = insert(HOLDS).from_select([*columns], row.with_for_update(key_share=True))
    return statement.on_conflict_do_nothing().returning(HOLDS.c.id)


def _given(column: str) -> ColumnElement[Any]:
    return bindparam(column, type_=HOLDS.c[column].type)
