"""/api/v1/holds: credits set aside for work under way. Who may enter: API keys; changing needs one that may spend."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from payapp.api.authentication import find_account, looks_its_key_up
from payapp.api.blueprint import answer, blueprint, documents
from payapp.api.carrying_out import Operation, carry_out
from payapp.api.idempotency import ApiCall, begin_at_once
from payapp.api.problems import ApiError
from payapp.api.schemas import (
    AccountBody,
    AccountQuery,
    CaptureBody,
    EntrySchema,
    HoldBody,
    HoldSchema,
    HoldsQuery,
    HoldsSchema,
)
from payapp.api.spends import show_entry
from payapp.extensions import db
from payapp.ledger import holds
from payapp.ledger.hold_views import HoldView, find_hold, get_hold_of_request, list_open_holds
from payapp.ledger.one_statement import CAPTURE, PLACE, RELEASE
from payapp.ledger.posting import PostedEntry, get_capture

PLACE_AT_ONCE, CAPTURE_AT_ONCE, RELEASE_AT_ONCE = (begin_at_once(part) for part in (PLACE, CAPTURE, RELEASE))
SHOWN = tuple(HoldSchema().fields)


@blueprint.post("/holds")
@blueprint.arguments(HoldBody())
@blueprint.response(201, HoldSchema)
@documents("insufficient_credits", "too_many_holds")
@looks_its_key_up
def create_hold(body: dict[str, Any]) -> Response:
    """Set credits aside: they are no longer available, and nobody else can use them. Then do the work and capture.

    The hold is its maker's alone: only the same service, or for a user's key any key of this user, can end it.
    """
    user_id = find_account(body.get("user"))
    words: dict[str, Any] = {"feature": body["feature"], "note": body.get("note")}
    words["expires_in_seconds"] = body.get("expires_in_seconds", holds.HOLD_SECONDS)

    def work(session: Session, call: ApiCall) -> HoldView:
        amount, maker = body["amount"], call.maker
        return holds.place_hold(session, user_id, amount, maker=maker, idempotency_key=call.cause, **words)

    def recall(session: Session, call: ApiCall) -> HoldView:
        return replace(get_hold_of_request(session, call.cause, call.maker), status="open", captured_amount=None)

    use = {"amount": body["amount"], **words}
    return carry_out(user_id, Operation("create_hold", 201, use, PLACE_AT_ONCE, work, recall, _show))


@blueprint.get("/holds")
@blueprint.arguments(HoldsQuery(), location="query")
@blueprint.response(200, HoldsSchema)
@documents("user_not_allowed", "user_not_found", "invalid_request")
def list_holds(query: dict[str, Any]) -> Response:
    """The account's open holds, whoever has made them, newest first; those whose time is over are left out."""
    found = list_open_holds(db.session(), find_account(query.get("user")))
    return answer(200, {"holds": [_show(hold) for hold in found]})


@blueprint.get("/holds/<int:hold_id>")
@blueprint.arguments(AccountQuery(), location="query")
@blueprint.response(200, HoldSchema)
@documents("user_not_allowed", "user_not_found", "hold_not_found", "invalid_request")
def show_hold(query: dict[str, Any], hold_id: int) -> Response:
    """A hold as it stands; `expired` as soon as its time is over."""
    return answer(200, _show(_get(db.session(), find_account(query.get("user")), hold_id)))


@blueprint.post("/holds/<int:hold_id>/capture")
@blueprint.arguments(CaptureBody(), required=False)
@blueprint.response(200, EntrySchema)
@documents("hold_not_found", "hold_belongs_to_another", "hold_not_open", "capture_too_large")
@looks_its_key_up
def capture_hold(body: dict[str, Any], hold_id: int) -> Response:
    """Use the credits that were set aside, or fewer, and answer with the entry. The rest is available again at once."""
    user_id, amount = find_account(body.get("user")), body.get("amount")

    def work(session: Session, call: ApiCall) -> PostedEntry:
        return holds.capture_hold(session, hold_id, amount, maker=call.maker, owner_id=user_id)

    def recall(session: Session, call: ApiCall) -> PostedEntry:
        return get_capture(session, hold_id)

    use = {"hold_id": hold_id, "wanted": amount}
    name = f"capture_hold {hold_id}"
    return carry_out(user_id, Operation(name, 200, use, CAPTURE_AT_ONCE, work, recall, show_entry))


@blueprint.post("/holds/<int:hold_id>/release")
@blueprint.arguments(AccountBody(), required=False)
@blueprint.response(200, HoldSchema)
@documents("hold_not_found", "hold_belongs_to_another", "hold_not_open")
@looks_its_key_up
def release_hold(body: dict[str, Any], hold_id: int) -> Response:
    """End the hold: nothing is used, and all of its credits are available again."""
    user_id = find_account(body.get("user"))

    def work(session: Session, call: ApiCall) -> HoldView:
        hold = _get(session, user_id, hold_id)
        if holds.release_hold(session, hold_id, maker=call.maker) == "expired":
            raise ApiError("hold_not_open", hold_status="expired")
        return replace(hold, status="released")

    def recall(session: Session, call: ApiCall) -> HoldView:
        return _get(session, user_id, hold_id)

    use = {"hold_id": hold_id}
    name = f"release_hold {hold_id}"
    return carry_out(user_id, Operation(name, 200, use, RELEASE_AT_ONCE, work, recall, _show))


def _get(session: Session, user_id: int, hold_id: int) -> HoldView:
    """Return the account's hold. Raises ApiError for another's: whether it exists is none of the caller's business."""
    hold = find_hold(session, user_id, hold_id)
    if hold is None:
        raise ApiError("hold_not_found")
    return hold


def _show(hold: Any) -> Mapping[str, Any]:
    return {name: getattr(hold, "maker" if name == "made_by" else name) for name in SHOWN}
