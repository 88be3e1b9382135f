"""Everything that is kept about a user, as one JSON document. Read and written in pieces: it may be long.

Without secrets and their hashes. Who keeps something new about people adds it to SECTIONS; the first column of a
statement is the id.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, FromClause, Select, and_, select, tuple_
from sqlalchemy.orm import Session

from payapp.audit.models import AuditEntry
from payapp.auth.accounts import USERS
from payapp.auth.api_keys import KEYS
from payapp.auth.factors.passkeys import PASSKEYS
from payapp.auth.factors.totp import SECRETS as TOTP_SECRETS
from payapp.auth.login_sessions import LOGINS
from payapp.billing.checkout.fulfillment import PURCHASES
from payapp.billing.returns.facts import DISPUTES, REFUNDS
from payapp.database.base import table_of
from payapp.database.clock import utc_now
from payapp.features.qr_batches import BATCHES
from payapp.ledger.balances import ENTRIES
from payapp.ledger.hold_views import HOLDS
from payapp.mail.outbox import MAILS

PAGE_SIZE = 1000
# Secrets, and what only our own machinery means something by.
LEFT_OUT = {
    *("user_id", "password_hash", "token_hash", "key_hash", "archive"),
    *("sealed_secret", "last_step", "credential_id", "public_key", "user_handle", "sign_count"),
    *("stripe_customer_key", "stripe_checkout_key", "stripe_customer_requested_at", "stripe_customer_email"),
}
# Who of the staff it was is theirs.
AUDIT = table_of(AuditEntry).c
TOLD_OF_ACTS = ("id", "created_at", "act", "subject", "note")


def _columns(table: FromClause) -> list[ColumnElement[Any]]:
    return [column for column in table.c if column.name not in LEFT_OUT]


def _returned(table: FromClause) -> Select[Any]:
    """Return refunds or disputes beside the purchase whose payment they are of."""
    payment = PURCHASES.c.stripe_payment_intent_id == table.c.stripe_payment_intent_id
    return select(*_columns(table), PURCHASES.c.id.label("purchase_id")).join_from(table, PURCHASES, payment)


@dataclass(frozen=True)
class Section:
    """What is kept in one table. `owner` says whose a row is; a `long` one has an index of owner and id."""

    statement: Select[Any]
    owner: ColumnElement[int]
    is_long: bool = False

    def read(self, session: Session, user_id: int) -> Iterator[Sequence[Any]]:
        """Yield the user's rows in pages, oldest first; no transaction is open at a yield."""
        key = self.statement.selected_columns[0]
        last_id: int | None = 0
        while last_id is not None:
            page = self.statement.where(self._is_after(session, key, user_id, last_id)).order_by(self.owner, key)
            rows = session.execute(page.limit(PAGE_SIZE) if self.is_long else page).mappings().all()
            session.rollback()
            yield rows
            last_id = rows[-1]["id"] if self.is_long and rows else None

    def _is_after(self, session: Session, key: Any, user_id: int, last_id: int) -> ColumnElement[bool]:
        """So written that each engine reads on in the index from the right place; see LIST_ENTRIES in balances.py."""
        if not self.is_long:
            return self.owner == user_id
        if session.get_bind().dialect.name == "sqlite":
            return and_(self.owner == user_id, key > last_id)
        return and_(self.owner <= user_id, tuple_(self.owner, key) > tuple_(user_id, last_id))


SECTIONS: dict[str, Section] = {
    "logins": Section(select(*_columns(LOGINS)), LOGINS.c.user_id),
    "authenticator_app": Section(select(*_columns(TOTP_SECRETS)), TOTP_SECRETS.c.user_id),
    "passkeys": Section(select(*_columns(PASSKEYS)), PASSKEYS.c.user_id),
    "api_keys": Section(select(*_columns(KEYS)), KEYS.c.user_id),
    "purchases": Section(select(*_columns(PURCHASES)), PURCHASES.c.user_id, is_long=True),
    "refunds": Section(_returned(REFUNDS), PURCHASES.c.user_id),
    "disputes": Section(_returned(DISPUTES), PURCHASES.c.user_id),
    "holds": Section(select(*_columns(HOLDS)), HOLDS.c.user_id, is_long=True),
    "entries": Section(select(*_columns(ENTRIES)), ENTRIES.c.user_id, is_long=True),
    "qr_code_batches": Section(select(*_columns(BATCHES)).where(BATCHES.c.texts.is_not(None)), BATCHES.c.user_id),
    "acts_of_staff": Section(select(*(AUDIT[name] for name in TOLD_OF_ACTS)), AUDIT.user_id),
    "mails": Section(select(*_columns(MAILS)), MAILS.c.user_id),
}


def stream_user(engine: Engine, user_id: int) -> Iterator[str]:
    """Yield the document of export_user() after the request is done: by a session of its own, closed at the end."""
    with Session(engine) as session:
        yield from export_user(session, user_id)


def export_user(session: Session, user_id: int) -> Iterator[str]:
    """Yield the document in pieces. No transaction is open while one is sent: the reader's line may be slow.

    Each page is what stands there when it is read; a line written meanwhile is in it or not.
    """
    account = session.execute(select(*_columns(USERS)).where(USERS.c.id == user_id)).mappings().one()
    session.rollback()
    yield f'{{"exported_at": {_write(utc_now())},\n"account": {_write(dict(account))}'
    for name, section in SECTIONS.items():
        yield f',\n"{name}": ['
        separator = "\n"
        for rows in filter(None, section.read(session, user_id)):
            yield separator + ",\n".join(_write(dict(row)) for row in rows)
            separator = ",\n"
        yield "]"
    yield "}\n"


def _write(value: Any) -> str:
    return json.dumps(value, default=_write_moment, ensure_ascii=False)


def _write_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
