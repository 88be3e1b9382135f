"""Finding whom or what somebody writes about, by whatever they name: each look-up reads an index, and hits exactly."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from payapp.auth.accounts import USERS, find_user_id
from payapp.auth.api_keys import KEYS
from payapp.billing.models import Purchase
from payapp.billing.returns.facts import CHARGES, DISPUTES, REFUNDS
from payapp.database.base import table_of
from payapp.webhooks.inbox import EVENTS

QUERY_LENGTH_MAX = 320  # an address has no more
NUMBER_MAX = 2**63 - 1
EVENTS_MAX = 20

Kind = Literal["user", "purchase", "event", "api-key"]
PURCHASES = table_of(Purchase)
# What the log calls things, and whoever reads it pastes: `purchase:41`.
NAMED = re.compile(r"(user|purchase|event|api-key):(\S+)")
KEY_SHAPE = re.compile(r"(payapp_[0-9a-f]{10})(_[0-9a-f]*)?")


@dataclass(frozen=True)
class Hit:
    """What was found: the id of a user or a purchase, Stripe's id of an event, the prefix of an API key."""

    kind: Kind
    id: str


def search(session: Session, query: str) -> list[Hit]:
    """Return what the text names: an address, an id of ours or of Stripe's, an API key or the beginning of one.

    A plain number may be a user and a purchase. Nothing is found by a part of an address or an id.
    """
    text = query.strip()
    if not text or len(text) > QUERY_LENGTH_MAX:
        return []
    named = NAMED.fullmatch(text)
    if named:
        return [hit for hit in search(session, named[2]) if hit.kind == named[1]]
    if text.isdecimal() and text.isascii():
        return list(_by_number(session, int(text)))
    if "@" in text:
        user_id = find_user_id(session, text)
        return [] if user_id is None else [Hit("user", str(user_id))]
    if key := KEY_SHAPE.fullmatch(text):
        return _hits(session, "api-key", select(KEYS.c.prefix).where(KEYS.c.prefix == key[1]))
    return _by_stripe_id(session, text)


def _by_number(session: Session, number: int) -> Iterator[Hit]:
    if number <= NUMBER_MAX:
        yield from _hits(session, "user", select(USERS.c.id).where(USERS.c.id == number))
        yield from _hits(session, "purchase", select(PURCHASES.c.id).where(PURCHASES.c.id == number))


def _by_stripe_id(session: Session, stripe_id: str) -> list[Hit]:
    """Whose it is; else the events that told of something that belongs to nobody here."""
    owners = _hits(session, "user", select(USERS.c.id).where(USERS.c.stripe_customer_id == stripe_id))
    for column in (PURCHASES.c.stripe_checkout_session_id, PURCHASES.c.stripe_payment_intent_id):
        owners += _hits(session, "purchase", select(PURCHASES.c.id).where(column == stripe_id))
    for table, name in ((REFUNDS, "refund"), (DISPUTES, "dispute"), (CHARGES, "charge")):
        paid = PURCHASES.c.stripe_payment_intent_id == table.c.stripe_payment_intent_id
        of_payment = select(PURCHASES.c.id).join(table, paid)
        owners += _hits(session, "purchase", of_payment.where(table.c[f"stripe_{name}_id"] == stripe_id))
    owners += _hits(session, "event", select(EVENTS.c.stripe_event_id).where(EVENTS.c.stripe_event_id == stripe_id))
    if owners:
        return owners
    told = select(EVENTS.c.stripe_event_id).where(EVENTS.c.stripe_object_id == stripe_id)
    return _hits(session, "event", told.order_by(EVENTS.c.id.desc()).limit(EVENTS_MAX))


def _hits(session: Session, kind: Kind, statement: Select[Any]) -> list[Hit]:
    return [Hit(kind, str(found)) for found in session.scalars(statement)]
