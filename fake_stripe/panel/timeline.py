"""What happened to the money of a payment, told by its events: the steps of a drawing, oldest first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fake_stripe.errors import JsonObject
from fake_stripe.money.currencies import format_money
from fake_stripe.panel.pages import MINUS


@dataclass(frozen=True)
class Step:
    """One step. `mark` is what its dot shows: `in`, `out`, `good`, `bad`, `wait` or `dot`; `money` has its sign."""

    title: str
    mark: str
    created: int
    event_id: str
    money: str | None = None
    detail: str | None = None


# Title, mark, signed amount in minor units (None when no money moves), detail.
_Told = tuple[str, str, int | None, str | None]


def steps_of(events: Iterable[JsonObject]) -> list[Step]:
    """Return a step for each event that says something about the money."""
    return [step for event in events if (step := _step(event))]


def _step(event: JsonObject) -> Step | None:
    tell = _TELL.get(event["type"])
    told = tell(event["data"]["object"], event["data"].get("previous_attributes", {})) if tell else None
    if told is None:
        return None
    title, mark, amount, detail = told
    money = None if amount is None else _signed(amount, event["data"]["object"]["currency"])
    return Step(title, mark, event["created"], event["id"], money, detail)


def _signed(amount: int, currency: str) -> str:
    return f"{'+' if amount >= 0 else MINUS}{format_money(abs(amount), currency)}"


def _session_completed(session: JsonObject, previous: JsonObject) -> _Told:
    return "Checkout completed", "dot", None, None if session["payment_status"] == "paid" else "not paid yet"


def _charge_succeeded(charge: JsonObject, previous: JsonObject) -> _Told:
    method = charge["payment_method_details"]
    last4 = (method or {}).get((method or {}).get("type"), {}).get("last4")
    return "Charged", "in", charge["amount"], f"•••• {last4}" if last4 else None


def _refund_created(refund: JsonObject, previous: JsonObject) -> _Told:
    return "Refunded", "out", -refund["amount"], None if refund["status"] == "succeeded" else "pending"


def _refund_updated(refund: JsonObject, previous: JsonObject) -> _Told | None:
    if "status" not in previous or refund["status"] == "failed":
        return None  # only its reference arrived; a failure has an event of its own
    if refund["status"] == "canceled":
        return "Refund canceled", "in", refund["amount"], None
    return f"Refund {refund['status']}", "good", None, None


def _dispute_opened(dispute: JsonObject, previous: JsonObject) -> _Told:
    title = {"warning_needs_response": "Inquiry opened", "prevented": "Dispute prevented"}
    reason = dispute["reason"].replace("_", " ")
    return title.get(dispute["status"], "Disputed"), "bad", None, reason


def _dispute_updated(dispute: JsonObject, previous: JsonObject) -> _Told | None:
    if "status" not in previous:
        return None
    if dispute["status"].endswith("under_review"):
        return "Evidence submitted", "wait", None, None
    return "Inquiry became a dispute", "bad", None, None


def _dispute_closed(dispute: JsonObject, previous: JsonObject) -> _Told:
    endings = {"won": ("Dispute won", "good"), "lost": ("Dispute lost", "bad")}
    title, mark = endings.get(dispute["status"], ("Inquiry closed", "dot"))
    return title, mark, None, None


def _withdrawn(dispute: JsonObject, previous: JsonObject) -> _Told:
    return "Money withdrawn", "out", dispute["balance_transactions"][-1]["amount"], _fee(dispute)


def _reinstated(dispute: JsonObject, previous: JsonObject) -> _Told:
    return "Money reinstated", "in", dispute["balance_transactions"][-1]["amount"], _fee(dispute)


def _fee(dispute: JsonObject) -> str | None:
    fee = dispute["balance_transactions"][-1]["fee"]
    return f"fee {_signed(-fee, dispute['currency'])}" if fee else None


_TELL: dict[str, Callable[[JsonObject, JsonObject], _Told | None]] = {
    "payment_intent.created": lambda intent, _: ("Payment begun", "dot", None, None),
    "payment_intent.requires_action": lambda intent, _: ("The bank asks the customer", "wait", None, None),
    "payment_intent.canceled": lambda intent, _: ("Payment canceled", "dot", None, None),
    "charge.pending": lambda charge, _: ("Bank debit under way", "wait", None, None),
    "charge.failed": lambda charge, _: ("Declined", "bad", None, charge["failure_message"]),
    "charge.succeeded": _charge_succeeded,
    "checkout.session.completed": _session_completed,
    "checkout.session.expired": lambda session, _: ("Session expired", "dot", None, None),
    "refund.created": _refund_created,
    "refund.updated": _refund_updated,
    "refund.failed": lambda refund, _: ("Refund failed", "in", refund["amount"], refund["failure_reason"]),
    "charge.dispute.created": _dispute_opened,
    "charge.dispute.updated": _dispute_updated,
    "charge.dispute.closed": _dispute_closed,
    "charge.dispute.funds_withdrawn": _withdrawn,
    "charge.dispute.funds_reinstated": _reinstated,
}
