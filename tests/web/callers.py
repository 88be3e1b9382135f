"""Everybody who may ask for a route, with what is theirs, and the requests they send. See access_table.py."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, cast
from uuid import uuid4

import pyotp
from flask import Flask
from flask import session as flask_session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth.accounts import find_user_id
from payapp.auth.api_keys import create_api_key, revoke_by_prefix
from payapp.auth.api_keys.models import ApiKey, Scope
from payapp.auth.factors.models import Passkey
from payapp.auth.factors.sealing import Sealer
from payapp.auth.factors.totp import begin_totp, confirm_totp, find_new_secret
from payapp.auth.login_sessions import begin_login
from payapp.auth.models import LoginSession, User
from payapp.auth.second_step.pending_logins import begin_pending_login
from payapp.database.base import expect_writes
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.features.qr_batches import keep_batch
from payapp.ledger.holds import place_hold
from payapp.ledger.makers import USER
from payapp.mail.kinds import KINDS as KINDS_OF_MAIL
from payapp.mail.links import make_link
from payapp.webhooks.models import StripeEvent
from tests.factories import event_payload, make_purchase, make_user
from tests.quick_hashes import QUICK_HASHER
from tests.web.access_table import PASSWORD, SENT

# The people among the callers: how their rows begin.
PEOPLE: dict[str, dict[str, Any]] = {
    "half logged in": {"email_verified_at": utc_now()},
    "user": {"email_verified_at": utc_now()},
    "user of long ago": {"email_verified_at": utc_now()},
    "other user": {"email_verified_at": utc_now()},
    "disabled user": {"email_verified_at": utc_now()},  # disabled once the login has begun
    "unverified user": {"email_verified_at": None},
    "staff without factor": {"email_verified_at": utc_now(), "is_staff": True},
    "staff": {"email_verified_at": utc_now(), "is_staff": True},
}
WITH_FACTOR = ("staff",)  # who has shown a second factor at the login
KEYS: dict[str, tuple[str | None, Scope]] = {
    "read key": ("user", "read"),
    "spend key": ("user", "spend"),
    "service key": (None, "service"),
    "revoked key": ("user", "spend"),
    "other user's key": ("other user", "spend"),
    "disabled user's key": ("disabled user", "spend"),
}
OWN_THEIR_OBJECTS = ("user", "unverified user", "disabled user")  # everybody else asks for the user's
CREDITS = 100
LONG_AGO = timedelta(hours=1)
SEALER = Sealer(("a key for tests only",))
PASSWORD_HASH = QUICK_HASHER.hash(PASSWORD)

_numbers = count(1)


def _make_hold(session: Session, owner: User) -> int:
    return place_hold(session, owner.id, 1, feature="a test", maker=USER).id


def _make_key(session: Session, owner: User) -> int:
    prefix = create_api_key(session, owner.id, "a program", "read").prefix
    return session.execute(select(ApiKey.id).where(ApiKey.prefix == prefix)).scalar_one()


def _make_purchase(session: Session, owner: User) -> int:
    """One that is over: a pending one would be asked about at Stripe."""
    return make_purchase(session, owner, status="expired").id


def _make_batch(session: Session, owner: User) -> int:
    hold = place_hold(session, owner.id, 2, feature="qr-code-batch")
    return keep_batch(session, owner.id, hold.id, ["a", "b"])


def _make_passkey(session: Session, owner: User) -> int:
    unique = {name: uuid4().bytes for name in ("credential_id", "public_key", "user_handle")}
    passkey = Passkey(user_id=owner.id, name="a device", sign_count=0, created_at=utc_now(), **unique)
    session.add(passkey)
    session.flush()
    return passkey.id


def _make_login(session: Session, owner: User) -> int:
    begin_login(session, owner.id, "another browser")
    newest = select(LoginSession.id).where(LoginSession.user_id == owner.id).order_by(LoginSession.id.desc())
    return session.execute(newest.limit(1)).scalar_one()


def _make_link(session: Session, owner: User, endpoint: str) -> str:
    kind = KINDS_OF_MAIL[MAILED[endpoint]].link
    assert kind is not None
    address = f"moved-{next(_numbers)}@example.com" if kind.purpose == "change" else owner.email
    return make_link(session, owner.id, kind, address)


def _set_up_app(session: Session, owner: User) -> None:
    """Give somebody an authenticator app, the usual second factor."""
    begin_totp(session, SEALER, owner.id)
    secret = find_new_secret(session, SEALER, owner.id)
    assert secret is not None
    assert confirm_totp(session, SEALER, owner.id, pyotp.TOTP(secret).now())


def _make_event(session: Session, owner: User) -> str:
    """One that was quarantined."""
    event = StripeEvent(
        stripe_event_id=f"evt_{uuid4().hex}",
        event_type="customer.updated",
        payload=event_payload("customer.updated", {"object": "customer", "id": "cus_1"}),
        status="quarantined",
        created_at=utc_now(),
    )
    session.add(event)
    return event.stripe_event_id


# What an argument in an address names: something that belongs to somebody …
OBJECTS: dict[str, Callable[[Session, User], int | str]] = {
    "hold_id": _make_hold,
    "key_id": _make_key,
    "purchase_id": _make_purchase,
    "batch_id": _make_batch,
    "passkey_id": _make_passkey,
    "login_id": _make_login,
    "user_id": lambda session, owner: owner.id,
    "event_id": _make_event,
    "prefix": lambda session, owner: create_api_key(session, owner.id, "a program", "read").prefix,
}
# … or that was mailed to the user, and is a key for whoever has it: what a route calls `token` …
MAILED: dict[str, str] = {
    "by_mail.verify_email": "verify",
    "by_mail.reset": "reset",
    "by_mail.change_email": "change-address",
}
# … or nothing that anybody owns.
WORDS: dict[str, Callable[[Flask], str]] = {
    "cost": lambda app: "1",
    "name": lambda app: "app.css",
    "admin.show_user_list name": lambda app: "entries",
    "digest": lambda app: app.extensions["payapp_assets"]["app.css"].digest,
}

# What a person must have before a route can do for them what it is for.
PREPARED: dict[str, Callable[[Session, User], object]] = {
    "factors.remove_app": _set_up_app,
    "factors.renew_recovery_codes": _set_up_app,
}


@dataclass(frozen=True)
class Deeds:
    """What was answered to requests that act, and whether the database is another since."""

    answers: dict[str, TestResponse]
    have_changed_something: bool


class World:
    """One of each caller, beside those who were there before; every person has so many credits."""

    def __init__(self, app: Flask, credits: int = CREDITS) -> None:
        self.app = app
        self.client = app.test_client(use_cookies=False)
        self._credits = credits
        self._emails: dict[str, str] = {}
        with app.app_context():
            expect_writes()
            self._people = {name: self._make_person(db.session(), name) for name in PEOPLE}
            self._keys = {name: self._make_key(db.session(), *spec) for name, spec in KEYS.items()}
            revoke_by_prefix(db.session(), self._keys["revoked key"].rpartition("_")[0])
            db.session.commit()
        self._logins = {name: self.log_in(name) for name in PEOPLE}
        self._objects: dict[tuple[str, str], Any] = {}

    def _make_person(self, session: Session, name: str) -> int:
        user = make_user(session, credits=self._credits, password_hash=PASSWORD_HASH, **PEOPLE[name])
        self._emails[name] = user.email
        return user.id

    def _make_key(self, session: Session, owner: str | None, scope: Scope) -> str:
        user_id = self._people[owner] if owner else None
        return create_api_key(session, user_id, f"program {next(_numbers)}", scope).secret

    def log_in(self, caller: str) -> dict[str, str]:
        """Return the headers of a browser in which the caller is logged in, with a CSRF token; for keys, of the key."""
        if caller in KEYS:
            return {"Authorization": f"Bearer {self._keys[caller]}"}
        own = self._begin_login(caller) if caller in PEOPLE else {}
        with self.app.test_request_context():
            csrf_token = generate_csrf()
            content = {"csrf_token": flask_session["csrf_token"], **own}
        interface: Any = self.app.session_interface
        writer = interface.get_signing_serializer(self.app)
        return {"Cookie": f"session={writer.dumps(content)}", "X-CSRFToken": csrf_token}

    def _begin_login(self, person: str) -> dict[str, Any]:
        """Return what a browser's session knows of the login. A disabled user's began before they were disabled."""
        user_id = self._people[person]
        with self.app.app_context():
            expect_writes()
            session = db.session()
            if person == "half logged in":
                waiting = begin_pending_login(session, user_id, PASSWORD_HASH)
                session.commit()
                return {"pending_login": waiting}
            token = begin_login(session, user_id, "a test", with_factor=person in WITH_FACTOR)
            if person == "disabled user":
                session.execute(update(User).where(User.id == user_id).values(disabled_at=utc_now()))
            if person == "user of long ago":
                mine = update(LoginSession).where(LoginSession.user_id == user_id)
                session.execute(mine.values(authenticated_at=utc_now() - LONG_AGO))
            session.commit()
        return {"_user_id": token, "_fresh": True}

    def address(self, endpoint: str, caller: str, *, is_fresh: bool = False) -> str:
        """Return an address of the route, about what the caller asks for; `is_fresh`: nobody has asked for it yet."""
        rule = next(self.app.url_map.iter_rules(endpoint))
        owner = caller if caller in OWN_THEIR_OBJECTS else "user"
        arguments = {name: self._argument(name, endpoint, owner, is_fresh) for name in rule.arguments}
        return self.app.url_map.bind("localhost").build(endpoint, arguments, method=min(rule.methods or ()))

    def _argument(self, name: str, endpoint: str, owner: str, is_fresh: bool) -> Any:
        word = WORDS.get(f"{endpoint} {name}") or WORDS.get(name)
        if word:
            return word(self.app)
        make: Callable[[Session, User], Any]
        if name == "token":
            name, owner, make = endpoint, "user", partial(_make_link, endpoint=endpoint)
        else:
            assert name in OBJECTS, f"say in tests/web/callers.py what <{name}> is"
            make = OBJECTS[name]
        if is_fresh or (name, owner) not in self._objects:
            with self.app.app_context():
                expect_writes()
                user = db.session.get_one(User, self._people[owner])
                self._objects[name, owner] = make(db.session(), user)
                db.session.commit()
        return self._objects[name, owner]

    def known(self, caller: str) -> dict[str, str]:
        """Return the headers of a login that the caller has had for a while, for requests that only look."""
        return self._logins[caller] if caller in self._logins else self.log_in(caller)

    def id_of(self, person: str) -> int:
        return self._people[person]

    def fields(self, endpoint: str, caller: str) -> dict[str, Any]:
        """Return what SENT says, with another number at each time, and the caller's own address."""
        return {name: self._fill_in(value, caller) for name, value in SENT.get(endpoint, {}).items()}

    def _fill_in(self, value: object, caller: str) -> object:
        if not isinstance(value, str):
            return value
        return value.replace("{number}", str(next(_numbers))).replace("{email}", self._emails.get(caller, "nobody"))

    def look(self, endpoint: str, method: str, caller: str) -> TestResponse:
        """Send a request that changes nothing."""
        headers = self.known(caller)
        query = {"user": self._people["user"]} if caller == "service key" and method != "OPTIONS" else {}
        query = query if endpoint.startswith("api.") else {}
        return self.client.open(self.address(endpoint, caller), method=method, headers=headers, query_string=query)

    def act(self, endpoint: str, method: str, callers: Iterable[str], *, is_fresh: bool = True) -> Deeds:
        """Have each send a request that changes something, from a login of its own.

        `is_fresh`: and about an object of its own; several who are refused may ask for the same.
        """
        prepared = {caller: self._prepare(endpoint, caller, is_fresh) for caller in callers}
        before = read_everything(self.app)
        answers = {
            caller: self.client.open(address, method=method, **letter) for caller, (address, letter) in prepared.items()
        }
        return Deeds(answers, have_changed_something=read_everything(self.app) != before)

    def _prepare(self, endpoint: str, caller: str, is_fresh: bool) -> tuple[str, dict[str, Any]]:
        """Return the address and the rest of the request, and see to it that the route has something to do."""
        address = self.address(endpoint, caller, is_fresh=is_fresh)
        if endpoint in PREPARED and caller in PEOPLE:
            with self.app.app_context():
                expect_writes()
                PREPARED[endpoint](db.session(), db.session.get_one(User, self._people[caller]))
                db.session.commit()
        return address, self.letter(endpoint, caller, self.log_in(caller))

    def letter(self, endpoint: str, caller: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return what the client is to send: what SENT says as a form, or to the API as JSON."""
        fields = self.fields(endpoint, caller)
        if not endpoint.startswith("api."):
            # A program knows no token of a page; one that has somebody's token and no cookie is a stranger still.
            return {"headers": dict(headers) | self._token_for(caller), "data": fields}
        if caller == "service key":
            fields["user"] = self._people["user"]
        return {"headers": {**headers, "Idempotency-Key": uuid4().hex}, "json": fields}

    def _token_for(self, caller: str) -> dict[str, str]:
        return self.log_in("anonymous") if caller in KEYS else {}


# Who was refused may be counted; a program is told the same again, so it is written down; and a key's use is noted.
NOT_LOOKED_AT = ("rate_counters", "api_requests")
COLUMNS_NOT_LOOKED_AT = ("last_used_at",)


def read_everything(app: Flask) -> dict[str, list[Any]]:
    """Return every row of every table."""
    with app.app_context():
        tables = [table for table in db.metadata.sorted_tables if table.name not in NOT_LOOKED_AT]
        with db.engine.connect() as connection:
            rows = {
                table.name: connection.execute(
                    select(*(column for column in table.c if column.name not in COLUMNS_NOT_LOOKED_AT))
                ).all()
                for table in tables
            }
    return {name: sorted(map(repr, found)) for name, found in rows.items()}


def let_known_user_in(app: Flask) -> None:
    """Make the one who logs in by SENT, unless somebody has."""
    email = cast(str, SENT["auth.log_in"]["email"])
    with app.app_context():
        expect_writes()
        if find_user_id(db.session(), email) is None:
            make_user(db.session(), email=email, password_hash=PASSWORD_HASH)
