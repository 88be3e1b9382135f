"""Disputes as the API has them: https://docs.stripe.com/api/disputes (how they go: disputing.py)."""

from fake_stripe.clock.appointments import appointment
from fake_stripe.errors import JsonObject, StripeError, not_in_stand_in
from fake_stripe.money.disputing import escalate, lose, submit, win
from fake_stripe.resources.dispute_blank import KIND, TEXTS
from fake_stripe.resources.operations import Params, expandable, operation
from fake_stripe.resources.pagination import equals, list_objects
from fake_stripe.resources.shapes import changed_metadata, pick, refuse_others
from fake_stripe.work import Work

# What these words as `uncategorized_text` bring about: https://docs.stripe.com/testing#evidence
_DECIDED_BY = {
    "winning_evidence": "dispute_won",
    "losing_evidence": "dispute_lost",
    "escalate_inquiry_evidence": "inquiry_escalates",
}


_OVER = ("won", "lost", "warning_closed", "prevented")


@operation("GET", "/v1/disputes/<dispute_id>", "DisputeRetrieveParams")
def retrieve_dispute(work: Work, params: Params, dispute_id: str) -> JsonObject:
    """Return a dispute."""
    return work.get(KIND, dispute_id, "dispute", status=404)


@operation("POST", "/v1/disputes/<dispute_id>", "DisputeUpdateParams")
def update_dispute(work: Work, params: Params, dispute_id: str) -> JsonObject:
    """Change evidence and metadata. Evidence is sent to the bank at once, unless `submit` is false.

    Raises StripeError for evidence when no response is awaited.
    """
    refuse_others(params, "evidence", "submit")
    dispute = work.get(KIND, dispute_id, "dispute", status=404)
    if "metadata" in params:
        dispute = work.update(dispute, changed_metadata(dispute, params), "charge.dispute.updated")
    if "evidence" not in params and not params.get("submit"):
        return dispute
    if dispute["status"] in _OVER:
        raise StripeError("This dispute is already closed")
    if dispute["status"] not in ("needs_response", "warning_needs_response"):
        raise StripeError(f"This dispute is already {dispute['status']}: its evidence can't be changed.")
    evidence = _merge_evidence(dispute, params.get("evidence") or {})
    if params.get("submit", True):
        return _submit(work, dispute, evidence)
    details = {**dispute["evidence_details"], "has_evidence": True}
    return work.update(dispute, {"evidence": evidence, "evidence_details": details}, "charge.dispute.updated")


def _merge_evidence(dispute: JsonObject, sent: Params) -> JsonObject:
    for name in sent:
        if name not in TEXTS:
            raise not_in_stand_in(f"evidence[{name}]")
    return {**dispute["evidence"], **pick(sent, *TEXTS)}


def _submit(work: Work, dispute: JsonObject, evidence: JsonObject) -> JsonObject:
    dispute = submit(work, dispute, evidence)
    action = _DECIDED_BY.get(evidence["uncategorized_text"] or "")
    if action:
        work.schedule(action, dispute["id"], 0)
    return dispute


@operation("POST", "/v1/disputes/<dispute_id>/close", "DisputeCloseParams")
def close_dispute(work: Work, params: Params, dispute_id: str) -> JsonObject:
    """Give up: the dispute is lost. Raises StripeError unless it needs a response."""
    dispute = work.get(KIND, dispute_id, "dispute", status=404)
    if dispute["status"].startswith("warning_"):
        raise not_in_stand_in("closing an inquiry")
    if dispute["status"] != "needs_response":
        raise StripeError("This dispute is already closed" if dispute["status"] != "under_review" else _UNDER_REVIEW)
    return lose(work, dispute)


_UNDER_REVIEW = "This dispute is under review: it can't be closed."


@operation("GET", "/v1/disputes", "DisputeListParams")
def list_disputes(work: Work, params: Params) -> JsonObject:
    """Return a page of disputes."""
    refuse_others(params, *("charge", "created", "ending_before", "limit", "payment_intent", "starting_after"))
    return list_objects(work, KIND, "/v1/disputes", params, equals(params, "charge", "payment_intent"))


@appointment("dispute_won")
def win_as_promised(work: Work, dispute_id: str) -> None:
    """Decide for the evidence, unless a control call was faster."""
    dispute = work.get(KIND, dispute_id, "dispute")
    if dispute["status"] in ("under_review", "warning_under_review"):
        win(work, dispute)


@appointment("dispute_lost")
def lose_as_promised(work: Work, dispute_id: str) -> None:
    """Decide against the evidence; an inquiry can't be lost and goes on."""
    dispute = work.get(KIND, dispute_id, "dispute")
    if dispute["status"] == "under_review":
        lose(work, dispute)


@appointment("inquiry_escalates")
def escalate_as_promised(work: Work, dispute_id: str) -> None:
    """Turn an inquiry into a dispute."""
    dispute = work.get(KIND, dispute_id, "dispute")
    if dispute["status"] == "warning_under_review":
        escalate(work, dispute)


expandable(KIND, {"charge": "charge", "payment_intent": "payment_intent"})
