"""Idempotency keys of the API: the same request twice has one effect and one answer. Nothing is committed here.

The row of a request is inserted before its effect, in one transaction. So a twin waits at the unique index (on SQLite
already for the write lock) until the first has committed, and then finds what became of it; and a process that dies in
between leaves nothing behind that could be stuck.

What was carried out is told again from the entry or the hold that it made: those do not change. What was refused has
made nothing, so its answer is kept as it was given.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Engine, Table, bindparam, delete, exists, func, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from payapp.api.models import ApiRequest
from payapp.database.base import dialect_insert, table_of
from payapp.database.clock import utc_now
from payapp.database.one_statement import attempt
from payapp.ledger.makers import ANY_PROGRAM
from payapp.ledger.one_statement import Part

KEPT_FOR = timedelta(hours=72)
FORGET_BATCH = 1000
WAIT_MILLISECONDS = 5000
LOCK_NOT_AVAILABLE = (
    "55P03"  # PostgreSQL's lock_timeout. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
)

REQUESTS = table_of(ApiRequest)
COLUMNS = ("user_id", "maker", "idempotency_key", "operation", "body_hash", "status", "created_at")

# Built once, as in ledger/posting.py.
FIND = select(REQUESTS.c.operation, REQUESTS.c.body_hash, REQUESTS.c.status, REQUESTS.c.answer).where(
    REQUESTS.c.user_id == bindparam("user_id"),
    REQUESTS.c.idempotency_key == bindparam("idempotency_key"),
    REQUESTS.c.maker.in_([bindparam("maker"), ANY_PROGRAM]),
)
# Of the time before makers were written down: it stands for all of them.
EARLIER = REQUESTS.alias("earlier")
IS_NEW = ~exists().where(
    EARLIER.c.user_id == bindparam("user_id", type_=REQUESTS.c.user_id.type),
    EARLIER.c.idempotency_key == bindparam("idempotency_key", type_=REQUESTS.c.idempotency_key.type),
    EARLIER.c.maker == ANY_PROGRAM,
)
KEEP_REFUSAL = (
    update(REQUESTS)
    .where(REQUESTS.c.id == bindparam("request_id"))
    .values(status=bindparam("given_status"), answer=bindparam("given_answer"))
)
# The beginning of a statement of ledger/one_statement.py: the key of the caller is looked up once more, and whether the
# account is disabled, and the same row is written as by begin(). Why it can't be is told on the long way.
ASKED = f"""
    INSERT INTO api_requests (user_id, maker, idempotency_key, operation, body_hash, status, created_at)
    SELECT %(user_id)s, %(maker)s::varchar, %(idempotency_key)s::varchar, %(operation)s, %(body_hash)s, %(status)s,
           %(created_at)s
    FROM api_keys
    WHERE api_keys.id = %(key_id)s AND api_keys.revoked_at IS NULL
      AND NOT EXISTS (SELECT FROM users WHERE users.id = %(user_id)s AND users.disabled_at IS NOT NULL)
      AND set_config('lock_timeout', '{WAIT_MILLISECONDS}', true) IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM api_requests AS earlier
          WHERE earlier.user_id = %(user_id)s AND earlier.idempotency_key = %(idempotency_key)s::varchar
            AND earlier.maker = '{ANY_PROGRAM}'
      )
      AND {{is_possible}}
    ON CONFLICT DO NOTHING RETURNING id"""  # nosec B608  # only constants


class KeyReusedError(Exception):
    """The maker has used the key for another request about the account."""


class StillRunningError(Exception):
    """Another process is at work on the same request, and took longer than WAIT_MILLISECONDS."""


@dataclass(frozen=True)
class ApiCall:
    """A request with its key: `operation` names what it asks for, `body_hash` is the SHA-256 of its body.

    `maker` is who asks, one of ledger/makers.py: the key is the maker's, for this account.
    """

    user_id: int
    maker: str
    idempotency_key: str
    operation: str
    body_hash: str

    @property
    def cause(self) -> str:
        """What the ledger knows the maker's request by, for ever."""
        return f"api:{self.user_id}:{self.idempotency_key}"


@dataclass(frozen=True)
class Answer:
    """An answer as it was given: the status and the text of the body; no text where it is told from what was made."""

    status: int
    body: str | None


def begin_at_once(part: Part) -> str:
    """Return the statement that writes a request's row and does its work, or nothing."""
    return part.complete(ASKED.format(is_possible=part.is_possible))


def carry_out_at_once(
    engine: Engine, statement: str, call: ApiCall, status: int, values: Mapping[str, Any]
) -> Any | None:
    """Run a statement of begin_at_once(); return what it has made, None when nothing has happened.

    `values` are those of its part, and the `key_id` of the caller. Waits for a twin that is at work. Raises
    StillRunningError.
    """
    row = _describe(call, status)
    with _waiting_for_a_twin():
        return attempt(engine, statement, {**row, "cause": call.cause, "now": row["created_at"], **values})


def begin(session: Session, call: ApiCall, status: int) -> int | Answer:
    """Return the id of the new row, with the status that it will be answered, or what was answered to it before.

    Waits for a twin that is at work. Raises KeyReusedError and StillRunningError; the transaction is over then.
    """
    insert = _build_insert(dialect_insert(session))
    with _waiting_for_a_twin():
        request_id: int | None = session.execute(insert, _describe(call, status)).scalar()
    return request_id if request_id is not None else _find_answer(session, call)


def _describe(call: ApiCall, status: int) -> dict[str, Any]:
    """Return the request's row, by column."""
    return {
        "user_id": call.user_id,
        "maker": call.maker,
        "idempotency_key": call.idempotency_key,
        "operation": call.operation,
        "body_hash": call.body_hash,
        "status": status,
        "created_at": utc_now(),
    }


@contextmanager
def _waiting_for_a_twin() -> Iterator[None]:
    """Tell that it took too long as StillRunningError."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise StillRunningError from error


def keep_refusal(session: Session, request_id: int, answer: Answer) -> None:
    """Keep what is about to be answered instead of the work."""
    values = {"request_id": request_id, "given_status": answer.status, "given_answer": answer.body}
    session.execute(KEEP_REFUSAL, values)


def forget_old_requests(session: Session, limit: int = FORGET_BATCH) -> int:
    """Delete up to `limit` requests that are older than 72 hours, oldest first; return how many.

    Their effects stay, and with them that they are not repeated: the ledger keeps the key with the hold.
    """
    old = select(REQUESTS.c.id).where(REQUESTS.c.created_at < utc_now() - KEPT_FOR)
    batch = old.order_by(REQUESTS.c.created_at).limit(limit)
    deleted: Any = session.execute(delete(REQUESTS).where(REQUESTS.c.id.in_(batch)))
    return int(deleted.rowcount)


@cache
def _build_insert(insert: Callable[[Table], Any]) -> Any:
    """PostgreSQL learns in the same statement how long to wait: an extra one would be an extra round trip."""
    patience = func.set_config("lock_timeout", f"{WAIT_MILLISECONDS}", True).is_not(None)
    row = select(*(bindparam(name, type_=REQUESTS.c[name].type) for name in COLUMNS))
    row = row.where(patience if insert is postgresql_insert else true(), IS_NEW)
    return insert(REQUESTS).from_select(COLUMNS, row).on_conflict_do_nothing().returning(REQUESTS.c.id)


def _find_answer(session: Session, call: ApiCall) -> Answer:
    values = {"user_id": call.user_id, "maker": call.maker, "idempotency_key": call.idempotency_key}
    row = session.execute(FIND, values).one_or_none()
    if row is None:
        raise StillRunningError  # forgotten in this very moment, after 72 hours: the next try finds no row
    if (row.operation, row.body_hash) != (call.operation, call.body_hash):
        raise KeyReusedError
    return Answer(row.status, row.answer)
