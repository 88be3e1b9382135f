"""Carrying out a POST: its Idempotency-Key, its effect and its answer, in one transaction."""

import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from payapp.api.authentication import find_maker
from payapp.api.blueprint import answer_text, write_json
from payapp.api.idempotency import Answer, ApiCall, KeyReusedError, StillRunningError, begin, keep_answer
from payapp.api.problems import ApiError, refusal_of
from payapp.api.strict_json import read_body
from payapp.database.base import turn_to_writing
from payapp.extensions import db
from payapp.ledger.errors import IdempotencyConflictError, LedgerError

KEY = re.compile(r"[\x21-\x7e]{1,255}")

Work = Callable[[Session, ApiCall], Mapping[str, Any]]


def carry_out(user_id: int, operation: str, work: Work, *, status: int = 200) -> Response:
    """Do the work and answer `status` with what it returns; a repeated request gets its first answer again.

    `work` is given the session and the call: who makes it, and its cause. What it refuses once it is at work (not
    enough credits, a hold that has ended) is an answer like another, and kept, as Stripe does it: who wants another try
    takes another key. What was refused before that (the key, the limit, the input) is not kept. Raises ApiError.
    """
    call = ApiCall(user_id, find_maker(), _read_key(), operation, sha256(read_body()).hexdigest())
    session = db.session()
    turn_to_writing(session)
    begun = _begin(session, call)
    if isinstance(begun, Answer):
        session.rollback()
        return _replay(begun)
    given = _work(session, call, work, status)
    keep_answer(session, begun, given)
    session.commit()
    return answer_text(given.status, given.body)


def _read_key() -> str:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise ApiError("idempotency_key_missing")
    if not KEY.fullmatch(key):
        raise ApiError("idempotency_key_invalid")
    return key


def _begin(session: Session, call: ApiCall) -> int | Answer:
    try:
        return begin(session, call)
    except KeyReusedError as error:
        raise ApiError("idempotency_key_reused") from error
    except StillRunningError as error:
        raise ApiError("request_in_progress", headers={"Retry-After": "1"}) from error


def _work(session: Session, call: ApiCall, work: Work, status: int) -> Answer:
    """Return what to answer. Whatever the ledger refuses has changed nothing, so the transaction goes on."""
    try:
        return Answer(status, write_json(work(session, call)))
    except IdempotencyConflictError as error:
        raise ApiError("idempotency_key_reused") from error  # older than 72 hours; the hold remembers
    except LedgerError as error:
        refusal = refusal_of(error)
    except ApiError as error:
        refusal = error
    return Answer(refusal.kind.status, json.dumps(refusal.document))


def _replay(answer: Answer) -> Response:
    response = answer_text(answer.status, answer.body)
    response.headers["Idempotency-Replayed"] = "true"
    return response
