"""Ledger entries as lines of the activity table. Reads the book and the purchases, two statements a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from payapp.billing.checkout.purchases import PurchaseView, list_purchases
from payapp.ledger.balances import EntryView, list_entries

# entry type → (label, tone)
LABELS = {
    "grant": ("Granted", "plain"),
    "capture": ("Used", "plain"),
    "clawback": ("Taken back", "wait"),
    "reinstatement": ("Given back", "ok"),
    "reversal": ("Corrected", "plain"),
    "adjustment": ("Adjusted", "plain"),
    "expiration": ("Expired", "plain"),
}


@dataclass(frozen=True)
class EntryLine:
    """One line: `amount` and `balance_after` in credits, `money` in minor units of `currency` where money moved."""

    created_at: datetime
    description: str
    detail: str
    label: str
    tone: str
    amount: int
    money: int | None
    currency: str | None
    balance_after: int
    purchase_id: int | None


def list_activity(session: Session, user_id: int, *, limit: int) -> list[EntryLine]:
    """Return the account's newest entries as lines, newest first."""
    entries = list_entries(session, user_id, limit=limit)
    purchases = list_purchases(session, _purchase_ids(entries))
    return [_line(entry, purchases.get(_purchase_id(entry) or 0)) for entry in entries]


def _purchase_id(entry: EntryView) -> int | None:
    """Return the purchase that caused an entry, or the grant that it corrects."""
    cause, _, number = (entry.corrected_key or entry.idempotency_key).partition(":")
    return int(number) if cause == "purchase" and number.isdecimal() else None


def _purchase_ids(entries: Sequence[EntryView]) -> list[int]:
    return [found for entry in entries if (found := _purchase_id(entry)) is not None]


def _line(entry: EntryView, purchase: PurchaseView | None) -> EntryLine:
    is_paid = purchase is not None and entry.entry_type == "grant"
    label, tone = ("Paid", "ok") if is_paid else LABELS[entry.entry_type]
    return EntryLine(
        created_at=entry.created_at,
        description=entry.note or label,
        detail=_detail(purchase, is_paid=is_paid),
        label=label,
        tone=tone,
        amount=entry.amount,
        money=purchase.amount_total if purchase and is_paid else None,
        currency=purchase.currency if purchase and is_paid else None,
        balance_after=entry.balance_after,
        purchase_id=purchase.id if purchase else None,
    )


def _detail(purchase: PurchaseView | None, *, is_paid: bool) -> str:
    if purchase is None:
        return ""
    return f"{purchase.credits:,} credits" if is_paid else f"{purchase.package_name} package"
