"""POST /api/v1/spends. Who may enter: API keys that may spend."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from payapp.api.authentication import find_account
from payapp.api.blueprint import blueprint, documents
from payapp.api.carrying_out import carry_out
from payapp.api.idempotency import ApiCall
from payapp.api.schemas import EntrySchema, SpendBody
from payapp.ledger.holds import spend
from payapp.ledger.posting import PostedEntry


@blueprint.post("/spends")
@blueprint.arguments(SpendBody())
@blueprint.response(201, EntrySchema)
@documents("insufficient_credits")
def create_spend(body: dict[str, Any]) -> Response:
    """Use credits at once, and answer with the entry."""
    user_id = find_account(body.get("user"))

    def work(session: Session, call: ApiCall) -> Mapping[str, Any]:
        use = {"feature": body["feature"], "note": body.get("note")}
        entry = spend(session, user_id, body["amount"], maker=call.maker, idempotency_key=call.cause, **use)
        return show_entry(entry)

    return carry_out(user_id, "create_spend", work, status=201)


def show_entry(entry: PostedEntry) -> Mapping[str, Any]:
    """Return a capture's entry as the list of entries shows it."""
    shown = {name: getattr(entry, name) for name in ("id", "created_at", "amount", "balance_after", "note")}
    return shown | {"entry_type": "capture"}
