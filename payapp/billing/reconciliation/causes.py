"""Does every entry lead to what caused it? An entry's idempotency key says what that is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select
from sqlalchemy.orm import Session

from payapp.billing.reconciliation.discrepancy import Discrepancy
from payapp.billing.reconciliation.reading import read_rows
from payapp.billing.reconciliation.stripes_side import Side, disputes, fetch_or_none, refunds
from payapp.billing.returns.facts import CHARGES, DISPUTES, NAMED_BEGINNING, REFUNDS, name_in_key
from payapp.database.base import table_of
from payapp.ledger.models import LedgerEntry
from payapp.stripe_service import StripeService

ENTRIES = table_of(LedgerEntry)
GRANTS = ENTRIES.alias("grants")

# entry type → the beginnings of the idempotency keys that the house gives it.
RETURNS = ("refund:", "charge:", "dispute:", "purchase:", "repair:")
CAUSES: dict[str, tuple[str, ...]] = {
    "grant": ("purchase:",),
    "capture": ("capture:",),
    "clawback": RETURNS,
    "reinstatement": RETURNS,
    "reversal": ("reversal:",),
    "adjustment": ("adjustment:",),
    "expiration": ("expiration:",),
}
FACTS: dict[str, tuple[Table, str]] = {
    "refund": (REFUNDS, "stripe_refund_id"),
    "charge": (CHARGES, "stripe_charge_id"),
    "dispute": (DISPUTES, "stripe_dispute_id"),
}
COLUMNS = (ENTRIES.c.id, ENTRIES.c.user_id, ENTRIES.c.amount, ENTRIES.c.entry_type, ENTRIES.c.idempotency_key)
CORRECTIONS = select(*COLUMNS, GRANTS.c.idempotency_key.label("grant_key")).join(
    GRANTS, GRANTS.c.id == ENTRIES.c.corrects_entry_id
)


def find_unknown_causes(session: Session) -> Iterator[Discrepancy]:
    """Yield the entries whose key names no cause known to the house, and corrections of what no purchase granted."""
    known = [
        and_(ENTRIES.c.entry_type == entry_type, or_(*map(ENTRIES.c.idempotency_key.startswith, beginnings)))
        for entry_type, beginnings in CAUSES.items()
    ]
    for row in _read(session, select(*COLUMNS).where(~or_(*known))):
        yield _about(row, "has no cause known to us")
    for row in _read(session, CORRECTIONS.where(~GRANTS.c.idempotency_key.startswith("purchase:"))):
        yield _about(row, f"corrects {row.grant_key}, which is no purchase")


def find_lost_facts(session: Session, stripe: StripeService) -> Iterator[Discrepancy]:
    """Yield the corrections whose refund, dispute or charge we don't keep; one that Stripe knows can be kept again."""
    has_fact = or_(*(ENTRIES.c.idempotency_key.startswith(f"{kind}:") for kind in FACTS))
    for page in read_rows(session, CORRECTIONS.where(has_fact), ENTRIES.c.id):
        for lost in _find_lost(session, page):
            yield from _look_for(session, stripe, lost)


@dataclass(frozen=True)
class Lost:
    """An entry caused by an object of Stripe's that we don't keep."""

    row: Any
    kind: str
    stripe_id: str


def _read(session: Session, statement: Any) -> Iterator[Any]:
    for page in read_rows(session, statement, ENTRIES.c.id):
        yield from page


def _find_lost(session: Session, page: Sequence[Any]) -> list[Lost]:
    """Return those of a page of corrections whose fact is not kept; one statement a table."""
    caused = [Lost(row, *row.idempotency_key.split(":")[:2]) for row in page]
    kept: set[tuple[str, str]] = set()
    for kind, (table, id_name) in FACTS.items():
        wanted = {one.stripe_id for one in caused if one.kind == kind}
        ids = session.scalars(select(table.c[id_name]).where(_is_named(table.c[id_name], wanted))) if wanted else ()
        kept |= {(kind, name_in_key(stripe_id)) for stripe_id in ids}
    session.rollback()
    return [one for one in caused if (one.kind, one.stripe_id) not in kept]


def _is_named(column: ColumnElement[str], names: set[str]) -> ColumnElement[bool]:
    """Whether a key may name the object with this id: the keys of very long ids hold only their beginnings."""
    beginnings = [name[:NAMED_BEGINNING] for name in names if "~" in name]
    return or_(column.in_(names), *(column.startswith(beginning, autoescape=True) for beginning in beginnings))


def _look_for(session: Session, stripe: StripeService, lost: Lost) -> Iterator[Discrepancy]:
    sides: dict[str, Side[Any]] = {"refund": refunds(stripe), "dispute": disputes(stripe)}
    side = sides.get(lost.kind)
    now = fetch_or_none(side.fetch, lost.stripe_id) if side is not None else None
    found = side.compare(session, [now]) if side is not None and now is not None else []
    session.rollback()
    yield from found or [_about(lost.row, f"was caused by a {lost.kind} that neither we nor Stripe know")]


def _about(row: Any, what: str) -> Discrepancy:
    return Discrepancy(
        "unknown_cause",
        f"entry {row.id}",
        f"this {row.entry_type} ({row.idempotency_key}) {what}",
        user_id=row.user_id,
        credits=-row.amount,
    )
