"""/api/v1/holds: credits set aside for work under way. Who may enter: API keys; changing needs one that may spend."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from payapp.api.authentication import find_account
from payapp.api.blueprint import answer, blueprint, documents
from payapp.api.carrying_out import carry_out
from payapp.api.idempotency import ApiCall
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
from payapp.ledger.hold_views import HoldView, find_hold, list_open_holds

SHOWN = tuple(HoldSchema().fields)


@blueprint.post("/holds")
@blueprint.arguments(HoldBody())
@blueprint.response(201, HoldSchema)
@documents("insufficient_credits", "too_many_holds")
def create_hold(body: dict[str, Any]) -> Response:
    """Set credits aside: they are no longer available, and nobody else can use them. Then do the work and capture.

    The hold is its maker's alone: only the same service, or for a user's key any key of this user, can end it.
    """
    user_id = find_account(body.get("user"))

    def work(session: Session, call: ApiCall) -> Mapping[str, Any]:
        seconds = body.get("expires_in_seconds", holds.HOLD_SECONDS)
        use = {"feature": body["feature"], "note": body.get("note"), "expires_in_seconds": seconds}
        amount, maker = body["amount"], call.maker
        return _show(holds.place_hold(session, user_id, amount, maker=maker, idempotency_key=call.cause, **use))

    return carry_out(user_id, "create_hold", work, status=201)


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
def capture_hold(body: dict[str, Any], hold_id: int) -> Response:
    """Use the credits that were set aside, or fewer, and answer with the entry. The rest is available again at once."""
    user_id = find_account(body.get("user"))

    def work(session: Session, call: ApiCall) -> Mapping[str, Any]:
        entry = holds.capture_hold(session, hold_id, body.get("amount"), maker=call.maker, owner_id=user_id)
        return show_entry(entry)

    return carry_out(user_id, f"capture_hold {hold_id}", work)


@blueprint.post("/holds/<int:hold_id>/release")
@blueprint.arguments(AccountBody(), required=False)
@blueprint.response(200, HoldSchema)
@documents("hold_not_found", "hold_belongs_to_another", "hold_not_open")
def release_hold(body: dict[str, Any], hold_id: int) -> Response:
    """End the hold: nothing is used, and all of its credits are available again."""
    user_id = find_account(body.get("user"))

    def work(session: Session, call: ApiCall) -> Mapping[str, Any]:
        hold = _get(session, user_id, hold_id)
        if holds.release_hold(session, hold_id, maker=call.maker) == "expired":
            raise ApiError("hold_not_open", hold_status="expired")
        return _show(replace(hold, status="released"))

    return carry_out(user_id, f"release_hold {hold_id}", work)


def _get(session: Session, user_id: int, hold_id: int) -> HoldView:
    """Return the account's hold. Raises ApiError for another's: whether it exists is none of the caller's business."""
    hold = find_hold(session, user_id, hold_id)
    if hold is None:
        raise ApiError("hold_not_found")
    return hold


def _show(hold: HoldView) -> Mapping[str, Any]:
    return {name: getattr(hold, "maker" if name == "made_by" else name) for name in SHOWN}
