"""Stripe's lists, page by page, against our rows; and then our rows that were on none of the pages.

Stripe is never asked while a transaction is open, and what staff must decide is asked for once more before it is
told: between Stripe's answer and our reading a webhook may have come.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Table, select
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import expire_purchase
from payapp.billing.models import Purchase
from payapp.billing.reconciliation.discrepancy import Discrepancy, about_purchase
from payapp.billing.reconciliation.reading import SeenIds, read_rows
from payapp.billing.reconciliation.returns import compare_disputes, compare_refunds, weigh
from payapp.billing.reconciliation.sessions import compare_checkout_sessions
from payapp.billing.returns.facts import DISPUTES, REFUNDS
from payapp.database.base import table_of
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import Page, StripeRefusedError

PURCHASES = table_of(Purchase)
REFUND_IS_OPEN = ("requires_action", "pending")
DISPUTE_IS_CLOSED = ("won", "lost", "warning_closed", "prevented")
# A request each: the newest are asked for, because those that never end are the oldest.
UNFINISHED_MAX = 1000

Item = TypeVar("Item")
OnProgress = Callable[[int], None]


@dataclass(frozen=True)
class Side(Generic[Item]):
    """One kind of Stripe's objects: how to list, fetch and compare them, and which of our rows speak of them.

    `unfinished`: rows that Stripe has more to tell about, sooner or later.
    """

    list_pages: Callable[[datetime | None], Iterator[Page[Item]]]
    fetch: Callable[[str], Item]
    compare: Callable[[Session, Sequence[Item]], list[Discrepancy]]
    rows: Select[Any]
    table: Table
    id_name: str
    unfinished: ColumnElement[bool]
    describe_unknown: Callable[[Any], Discrepancy]


def checkout_sessions(stripe: StripeService) -> Side[Any]:
    """Return the side of the Checkout sessions. A purchase that failed or expired is not missed at Stripe."""
    matters = PURCHASES.c.status.in_(("pending", "fulfilled")) & (PURCHASES.c.livemode == stripe.is_livemode)
    return Side(
        list_pages=stripe.list_checkout_sessions,
        fetch=partial(stripe.get_checkout_session, with_payment=True),
        compare=compare_checkout_sessions,
        rows=select(PURCHASES).where(matters, PURCHASES.c.stripe_checkout_session_id.is_not(None)),
        table=PURCHASES,
        id_name="stripe_checkout_session_id",
        unfinished=PURCHASES.c.status == "pending",
        describe_unknown=_unknown_checkout_session,
    )


def refunds(stripe: StripeService) -> Side[Any]:
    """Return the side of the refunds."""
    return Side(
        list_pages=stripe.list_refunds,
        fetch=stripe.get_refund,
        compare=partial(compare_refunds, livemode=stripe.is_livemode),
        rows=_returns_of_ours(REFUNDS, stripe.is_livemode),
        table=REFUNDS,
        id_name="stripe_refund_id",
        unfinished=REFUNDS.c.status.in_(REFUND_IS_OPEN),
        describe_unknown=partial(_unknown_return, REFUNDS, "stripe_refund_id"),
    )


def disputes(stripe: StripeService) -> Side[Any]:
    """Return the side of the disputes."""
    return Side(
        list_pages=stripe.list_disputes,
        fetch=stripe.get_dispute,
        compare=compare_disputes,
        rows=_returns_of_ours(DISPUTES, stripe.is_livemode),
        table=DISPUTES,
        id_name="stripe_dispute_id",
        unfinished=DISPUTES.c.status.not_in(DISPUTE_IS_CLOSED),
        describe_unknown=partial(_unknown_return, DISPUTES, "stripe_dispute_id"),
    )


def compare_side(
    session: Session, side: Side[Any], since: datetime | None, on_progress: OnProgress
) -> Iterator[Discrepancy]:
    """Yield every discrepancy between Stripe's list and our rows; `since` is when Stripe made its objects.

    With a `since`, our older rows that Stripe has more to tell about are looked at one by one.
    """
    seen = SeenIds()
    for page in side.list_pages(since):
        found = side.compare(session, page.items) + _compare_unreadable(session, side, page.unreadable)
        session.rollback()
        for stripe_id in (*(one.id for one in page.items), *page.unreadable):
            seen.add(stripe_id)
        for discrepancy in found:
            yield from _ask_again(session, side, discrepancy)
        on_progress(len(page.items) + len(page.unreadable))
    yield from _find_unknown(session, side, since, seen)
    if since is not None:
        yield from _look_at_unfinished(session, side, since, seen)


def fetch_or_none(fetch: Callable[[str], Item], stripe_id: str) -> Item | None:
    """Return the object as it is now; None when Stripe knows none with this id. Raises what the wall raises."""
    try:
        return fetch(stripe_id)
    except StripeRefusedError as error:
        if error.code != "resource_missing":
            raise
        return None


def _returns_of_ours(table: Table, livemode: bool) -> Select[Any]:
    worth = [PURCHASES.c[name] for name in ("user_id", "credits", "amount_total", "currency")]
    return (
        select(*table.c, PURCHASES.c.id.label("purchase_id"), *(column.label(f"of_{column.key}") for column in worth))
        .join(PURCHASES, PURCHASES.c.stripe_payment_intent_id == table.c.stripe_payment_intent_id)
        .where(PURCHASES.c.livemode == livemode)
    )


def _compare_unreadable(session: Session, side: Side[Any], stripe_ids: Sequence[str]) -> list[Discrepancy]:
    """An object that can't be read is ours if we have kept its id; of one that we never heard of nothing is known."""
    if not stripe_ids:
        return []
    ids = side.table.c[side.id_name]
    known = session.scalars(select(ids).where(ids.in_(stripe_ids)))
    return [Discrepancy("unreadable", one, "Stripe's answer about it can't be read") for one in known]


def _ask_again(session: Session, side: Side[Any], discrepancy: Discrepancy) -> Iterator[Discrepancy]:
    if discrepancy.remedy is not None or discrepancy.kind == "unreadable":
        yield discrepancy
        return
    now = side.fetch(discrepancy.about)
    found = side.compare(session, [now])
    session.rollback()
    yield from found


def _find_unknown(session: Session, side: Side[Any], since: datetime | None, seen: SeenIds) -> Iterator[Discrepancy]:
    """Yield our rows that Stripe does not know. One made while the list was read is on no page, but can be fetched."""
    rows = side.rows if since is None else side.rows.where(side.table.c.created_at >= since)
    for page in read_rows(session, rows, side.table.c.id):
        for row in page:
            stripe_id = getattr(row, side.id_name)
            if stripe_id not in seen and fetch_or_none(side.fetch, stripe_id) is None:
                yield side.describe_unknown(row)


def _look_at_unfinished(session: Session, side: Side[Any], since: datetime, seen: SeenIds) -> Iterator[Discrepancy]:
    rows = side.rows.where(side.table.c.created_at < since, side.unfinished)
    newest = session.execute(rows.order_by(side.table.c.id.desc()).limit(UNFINISHED_MAX)).all()
    session.rollback()
    for row in newest:
        stripe_id = getattr(row, side.id_name)
        if stripe_id in seen:
            continue
        now = fetch_or_none(side.fetch, stripe_id)
        found = side.compare(session, [now]) if now is not None else [side.describe_unknown(row)]
        session.rollback()
        yield from found


def _unknown_checkout_session(purchase: Any) -> Discrepancy:
    about = purchase.stripe_checkout_session_id
    if purchase.status == "fulfilled":
        sentence = "granted, but Stripe knows no such Checkout session"
        return about_purchase("unknown_at_stripe", about, sentence, purchase, credits=-purchase.credits)
    sentence = "pending, and Stripe knows no such Checkout session"
    expire = partial(expire_purchase, purchase_id=purchase.id)
    return about_purchase("stuck_pending", about, sentence, purchase, remedy=expire)


def _unknown_return(table: Table, id_name: str, row: Any) -> Discrepancy:
    money = weigh(table, row._mapping)
    credits = row.of_credits * min(money, row.of_amount_total) // row.of_amount_total
    return Discrepancy(
        "unknown_at_stripe",
        getattr(row, id_name),
        "we keep it, and Stripe knows no such object",
        purchase_id=row.purchase_id,
        user_id=row.of_user_id,
        amount=money,
        currency=row.of_currency,
        credits=credits,
    )
