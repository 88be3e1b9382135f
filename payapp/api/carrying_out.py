"""Carrying out a POST: its Idempotency-Key, its effect and its answer, in one transaction."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from flask import Response, g, request
from sqlalchemy.orm import Session

from payapp.api.authentication import confirm_key, find_maker, require_enabled
from payapp.api.blueprint import answer_text, write_json
from payapp.api.idempotency import (
    Answer,
    ApiCall,
    KeyReusedError,
    StillRunningError,
    begin,
    carry_out_at_once,
    keep_refusal,
)
from payapp.api.problems import ApiError, refusal_of
from payapp.api.strict_json import read_body
from payapp.database.base import turn_to_writing
from payapp.extensions import db
from payapp.ledger.errors import IdempotencyConflictError, LedgerError

KEY = re.compile(r"[\x21-\x7e]{1,255}")

Work = Callable[[Session, ApiCall], Any]


@dataclass(frozen=True)
class Operation:
    """What a POST asks for: its `name` in the request's row, the `status` of its answer, and the input of its `use`.

    `statement` does it at once on PostgreSQL, with the `use` as its values. `work` does it step by step. `recall` finds
    what it has made, when it is asked for again. `show` makes the answer of what any of the three return.
    """

    name: str
    status: int
    use: Mapping[str, Any]
    statement: str
    work: Work
    recall: Work
    show: Callable[[Any], Mapping[str, Any]]


def carry_out(user_id: int, operation: Operation) -> Response:
    """Do the work and answer with what it has made; a repeated request gets its first answer again.

    What the ledger refuses (not enough credits, a hold that has ended) is an answer like another, and kept, as Stripe
    does it: who wants another try takes another key. What was refused before that (the key, the limit, the input) is
    not kept. Raises ApiError.
    """
    call = ApiCall(user_id, find_maker(), _read_key(), operation.name, sha256(read_body()).hexdigest())
    made = _carry_out_at_once(call, operation)
    if made is not None:
        return answer_text(operation.status, write_json(operation.show(made)))
    return _carry_out_step_by_step(call, operation)


def _carry_out_at_once(call: ApiCall, operation: Operation) -> Any | None:
    """Return what one statement has made; None where it could not, and nothing has happened."""
    values = {"key_id": g.api_key.id, **operation.use}
    try:
        return carry_out_at_once(db.engine, operation.statement, call, operation.status, values)
    except StillRunningError as error:
        raise _in_progress() from error


def _carry_out_step_by_step(call: ApiCall, operation: Operation) -> Response:
    session = db.session()
    confirm_key()
    turn_to_writing(session)
    require_enabled(call.user_id)
    begun = _begin(session, call, operation.status)
    if isinstance(begun, Answer):
        response = _replay(session, call, operation, begun)
        session.rollback()
        return response
    given = _work(session, call, operation)
    if given.status >= 400:
        keep_refusal(session, begun, given)
    session.commit()
    return answer_text(given.status, given.body or "")


def _read_key() -> str:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise ApiError("idempotency_key_missing")
    if not KEY.fullmatch(key):
        raise ApiError("idempotency_key_invalid")
    return key


def _begin(session: Session, call: ApiCall, status: int) -> int | Answer:
    try:
        return begin(session, call, status)
    except KeyReusedError as error:
        raise ApiError("idempotency_key_reused") from error
    except StillRunningError as error:
        raise _in_progress() from error


def _in_progress() -> ApiError:
    return ApiError("request_in_progress", headers={"Retry-After": "1"})


def _work(session: Session, call: ApiCall, operation: Operation) -> Answer:
    """Return what to answer. Whatever the ledger refuses has changed nothing, so the transaction goes on."""
    try:
        return Answer(operation.status, write_json(operation.show(operation.work(session, call))))
    except IdempotencyConflictError as error:
        raise ApiError("idempotency_key_reused") from error  # older than 72 hours; the hold remembers
    except LedgerError as error:
        refusal = refusal_of(error)
    except ApiError as error:
        refusal = error
    return Answer(refusal.kind.status, json.dumps(refusal.document))


def _replay(session: Session, call: ApiCall, operation: Operation, answer: Answer) -> Response:
    body = answer.body or write_json(operation.show(operation.recall(session, call)))
    response = answer_text(answer.status, body)
    response.headers["Idempotency-Replayed"] = "true"
    return response
