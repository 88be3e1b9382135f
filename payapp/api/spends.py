"""POST /api/v1/spends. Who may enter: API keys that may spend."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from payapp.api.authentication import find_account, looks_its_key_up
from payapp.api.blueprint import blueprint, documents
from payapp.api.carrying_out import Operation, carry_out
from payapp.api.idempotency import ApiCall, begin_at_once
from payapp.api.schemas import EntrySchema, SpendBody
from payapp.ledger.hold_views import get_hold_of_request
from payapp.ledger.holds import HOLD_SECONDS, spend
from payapp.ledger.one_statement import SPEND
from payapp.ledger.posting import PostedEntry, get_capture

STATEMENT = begin_at_once(SPEND)


@blueprint.post("/spends")
@blueprint.arguments(SpendBody())
@blueprint.response(201, EntrySchema)
@documents("insufficient_credits")
@looks_its_key_up
def create_spend(body: dict[str, Any]) -> Response:
    """Use credits at once, and answer with the entry."""
    user_id = find_account(body.get("user"))
    amount, words = body["amount"], {"feature": body["feature"], "note": body.get("note")}

    def work(session: Session, call: ApiCall) -> PostedEntry:
        return spend(session, user_id, amount, maker=call.maker, idempotency_key=call.cause, **words)

    def recall(session: Session, call: ApiCall) -> PostedEntry:
        return get_capture(session, get_hold_of_request(session, call.cause, call.maker).id)

    use = {"amount": amount, **words, "expires_in_seconds": HOLD_SECONDS}
    return carry_out(user_id, Operation("create_spend", 201, use, STATEMENT, work, recall, show_entry))


def show_entry(entry: Any) -> Mapping[str, Any]:
    """Return a capture's entry, or a row with its columns, as the list of entries shows it."""
    shown = {name: getattr(entry, name) for name in ("id", "created_at", "amount", "balance_after", "note")}
    return shown | {"entry_type": "capture"}
