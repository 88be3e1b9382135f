"""GET /api/v1/entries. Who may enter: API keys."""

from dataclasses import asdict
from typing import Any

from flask import Response
from itsdangerous import BadData, URLSafeSerializer

from payapp.api.authentication import find_account
from payapp.api.blueprint import answer, blueprint, documents
from payapp.api.problems import ApiError
from payapp.api.schemas import EntriesQuery, EntriesSchema, EntrySchema
from payapp.extensions import db
from payapp.ledger.balances import list_entries as list_entries_of
from payapp.web.cookies import sign_by_sha256
from payapp.web.services import get_settings

SHOWN = tuple(EntrySchema().fields)


@blueprint.get("/entries")
@blueprint.arguments(EntriesQuery(), location="query")
@blueprint.response(200, EntriesSchema)
@documents("user_not_allowed", "user_not_found", "invalid_cursor", "invalid_request")
def list_entries(query: dict[str, Any]) -> Response:
    """What changed the account's balance, newest first, page by page."""
    user_id = find_account(query.get("user"))
    before_id = _read_cursor(query["cursor"], user_id) if "cursor" in query else None
    found = list_entries_of(db.session(), user_id, limit=query["limit"] + 1, before_id=before_id)
    page = found[: query["limit"]]
    next_cursor = _cursors(user_id).dumps(page[-1].id) if len(found) > len(page) else None
    entries = [{name: value for name, value in asdict(entry).items() if name in SHOWN} for entry in page]
    return answer(200, {"entries": entries, "next_cursor": next_cursor})


def _read_cursor(cursor: str, user_id: int) -> int:
    """Return the id it stands for. Raises ApiError for one that we did not make, exactly so, for this account."""
    cursors = _cursors(user_id)
    try:
        before_id: int = cursors.loads(cursor)
    except BadData as error:
        raise _invalid_cursor() from error
    # The last letter of a signature has two bits that count nothing.
    if cursors.dumps(before_id) != cursor:
        raise _invalid_cursor()
    return before_id


def _invalid_cursor() -> ApiError:
    errors = [{"field": "cursor", "message": "It is not a `next_cursor` of this account."}]
    return ApiError("invalid_cursor", errors=errors)


def _cursors(user_id: int) -> URLSafeSerializer:
    """Signed, because a cursor that was changed should be noticed; rows of others it can't reach in any case."""
    return URLSafeSerializer(
        get_settings().secret_key, salt=f"payapp.api.entries.{user_id}", signer_kwargs=sign_by_sha256()
    )
