"""Everybody who may ask for a route, with what is theirs, and the requests they send. See access_table.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, cast
from uuid import uuid4

from flask import Flask
from flask import session as flask_session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth.accounts import find_user_id, make_hash
from payapp.auth.api_keys import create_api_key, revoke_by_prefix
from payapp.auth.api_keys.models import ApiKey, Scope
from payapp.auth.login_sessions import begin_login
from payapp.auth.models import User
from payapp.database.base import expect_writes
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.features.qr_batches import keep_batch
from payapp.ledger.holds import place_hold
from payapp.ledger.makers import USER
from tests.factories import make_purchase, make_user
from tests.web.access_table import PASSWORD, SENT

# The people among the callers: how their rows begin.
PEOPLE: dict[str, dict[str, Any]] = {
    "user": {"email_verified_at": utc_now()},
    "other user": {"email_verified_at": utc_now()},
    "disabled user": {"email_verified_at": utc_now()},  # disabled once the login has begun
    "unverified user": {"email_verified_at": None},
    "staff without factor": {"email_verified_at": utc_now(), "is_staff": True},
    "staff": {"email_verified_at": utc_now(), "is_staff": True},  # _give_factor() tells them apart
}
KEYS: dict[str, tuple[str | None, Scope]] = {
    "read key": ("user", "read"),
    "spend key": ("user", "spend"),
    "service key": (None, "service"),
    "revoked key": ("user", "spend"),
    "other user's key": ("other user", "spend"),
}
OWN_THEIR_OBJECTS = ("user", "unverified user", "disabled user")  # everybody else asks for the user's
CREDITS = 100

_numbers = count(1)


def _give_factor(session: Session, user_id: int) -> None:
    """What makes `staff` of `staff without factor`: a second factor, when there is one to give."""


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


# What an argument in an address names: something that belongs to somebody …
OBJECTS: dict[str, Callable[[Session, User], int]] = {
    "hold_id": _make_hold,
    "key_id": _make_key,
    "purchase_id": _make_purchase,
    "batch_id": _make_batch,
}
# … or nothing that anybody owns.
WORDS: dict[str, Callable[[Flask], str]] = {
    "cost": lambda app: "1",
    "name": lambda app: "app.css",
    "digest": lambda app: app.extensions["payapp_assets"]["app.css"].digest,
}


@dataclass(frozen=True)
class Deed:
    """What was answered to a request that acts, and whether the database is another since."""

    answer: TestResponse
    has_changed_something: bool


class World:
    """One of each caller, beside those who were there before; every person has so many credits."""

    def __init__(self, app: Flask, credits: int = CREDITS) -> None:
        self.app = app
        self.client = app.test_client(use_cookies=False)
        self._credits = credits
        with app.app_context():
            expect_writes()
            self._people = {name: self._make_person(db.session(), name) for name in PEOPLE}
            self._keys = {name: self._make_key(db.session(), *spec) for name, spec in KEYS.items()}
            revoke_by_prefix(db.session(), self._keys["revoked key"].rpartition("_")[0])
            db.session.commit()
        self._logins = {name: self.log_in(name) for name in PEOPLE}
        self._objects: dict[tuple[str, str], int] = {}

    def _make_person(self, session: Session, name: str) -> int:
        user = make_user(session, credits=self._credits, **PEOPLE[name])
        if name == "staff":
            _give_factor(session, user.id)
        return user.id

    def _make_key(self, session: Session, owner: str | None, scope: Scope) -> str:
        user_id = self._people[owner] if owner else None
        return create_api_key(session, user_id, f"program {next(_numbers)}", scope).secret

    def log_in(self, caller: str) -> dict[str, str]:
        """Return the headers of a browser in which the caller is logged in, with a CSRF token; for keys, of the key."""
        if caller in KEYS:
            return {"Authorization": f"Bearer {self._keys[caller]}"}
        token = self._begin_login(self._people[caller]) if caller in PEOPLE else None
        with self.app.test_request_context():
            csrf_token = generate_csrf()
            content = {"csrf_token": flask_session["csrf_token"]} | (
                {"_user_id": token, "_fresh": True} if token else {}
            )
        writer: Any = SecureCookieSessionInterface().get_signing_serializer(self.app)
        return {"Cookie": f"session={writer.dumps(content)}", "X-CSRFToken": csrf_token}

    def _begin_login(self, user_id: int) -> str:
        """A disabled user's began before they were disabled."""
        with self.app.app_context():
            expect_writes()
            token = begin_login(db.session(), user_id, "a test")
            if user_id == self._people.get("disabled user"):
                db.session.execute(update(User).where(User.id == user_id).values(disabled_at=utc_now()))
            db.session.commit()
        return token

    def address(self, endpoint: str, caller: str, *, is_fresh: bool = False) -> str:
        """Return an address of the route, about what the caller asks for; `is_fresh`: nobody has asked for it yet."""
        rule = next(self.app.url_map.iter_rules(endpoint))
        owner = caller if caller in OWN_THEIR_OBJECTS else "user"
        arguments = {name: self._argument(name, owner, is_fresh) for name in rule.arguments}
        return self.app.url_map.bind("localhost").build(endpoint, arguments, method=min(rule.methods or ()))

    def _argument(self, name: str, owner: str, is_fresh: bool) -> Any:
        if name in WORDS:
            return WORDS[name](self.app)
        assert name in OBJECTS, f"say in tests/web/callers.py what <{name}> is"
        if is_fresh or (name, owner) not in self._objects:
            with self.app.app_context():
                expect_writes()
                user = db.session.get_one(User, self._people[owner])
                self._objects[name, owner] = OBJECTS[name](db.session(), user)
                db.session.commit()
        return self._objects[name, owner]

    def known(self, caller: str) -> dict[str, str]:
        """Return the headers of a login that the caller has had for a while, for requests that only look."""
        return self._logins[caller] if caller in self._logins else self.log_in(caller)

    def id_of(self, person: str) -> int:
        return self._people[person]

    def fields(self, endpoint: str) -> dict[str, Any]:
        """Return what SENT says, with another number at each time."""
        return {name: _numbered(value) for name, value in SENT.get(endpoint, {}).items()}

    def look(self, endpoint: str, method: str, caller: str) -> TestResponse:
        """Send a request that changes nothing."""
        headers = self.known(caller)
        query = {"user": self._people["user"]} if caller == "service key" and method != "OPTIONS" else {}
        query = query if endpoint.startswith("api.") else {}
        return self.client.open(self.address(endpoint, caller), method=method, headers=headers, query_string=query)

    def act(self, endpoint: str, method: str, caller: str) -> Deed:
        """Send a request that changes something, from a login and about an object that are fresh for it."""
        address, headers = self.address(endpoint, caller, is_fresh=True), self.log_in(caller)
        before = read_everything(self.app)
        answer = self.client.open(address, method=method, **self.letter(endpoint, caller, headers))
        return Deed(answer, has_changed_something=read_everything(self.app) != before)

    def letter(self, endpoint: str, caller: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return what the client is to send: what SENT says as a form, or to the API as JSON."""
        fields = self.fields(endpoint)
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
            make_user(db.session(), email=email, password_hash=make_hash(PASSWORD))


def _numbered(value: object) -> object:
    return value.format(number=next(_numbers)) if isinstance(value, str) else value
