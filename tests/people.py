"""People who use the pages as a browser would: forms with their CSRF tokens, redirects, cookies."""

import re
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from flask import has_app_context
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.audit import Actor, Reason
from payapp.auth.models import User
from payapp.extensions import db
from payapp.ledger.posting import grant
from payapp.staff.users import make_admin

PASSWORD = "correct horse battery"


class IsolatedClient(FlaskClient):
    """Each request in a context of its own, as on a server: it shares neither `g` nor the session with the test.

    What the test has written is committed first, so that the request sees it, and the test sees what it wrote.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if has_app_context():
            db.session.commit()
        return Context().run(super().open, *args, **kwargs)


@dataclass
class Visitor:
    """Somebody with a browser. Not logged in until sign_up() or log_in()."""

    client: FlaskClient
    _open_page: tuple[str | None, str] = (None, "")

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.get(path, **kwargs)

    def csrf_token(self) -> str:
        """Return the token of a page that is open in this browser: the last one, while its session knows it."""
        secret, token = self._open_page
        if secret is None or secret != self._secret_of_session():
            page = self.client.get("/login", follow_redirects=True)
            found = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
            assert found, f"no CSRF token in {page.request.path}"
            token = found[1]
            self._open_page = self._secret_of_session(), token
        return token

    def _secret_of_session(self) -> str | None:
        """Return what the tokens of this browser's session are made from; None if it has none so far."""
        cookie = self.client.get_cookie("session")
        interface: Any = self.client.application.session_interface
        reader = interface.get_signing_serializer(self.client.application)
        return reader.loads(cookie.value).get("csrf_token") if cookie else None

    def submit(self, path: str, **fields: Any) -> TestResponse:
        """Send a plain form, as a browser without JavaScript does."""
        return self.client.post(path, data={"csrf_token": self.csrf_token(), **fields})

    def sign_up(self, email: str = "ada@example.com", password: str = PASSWORD) -> TestResponse:
        return self.submit("/signup", email=email, password=password)

    def log_in(self, email: str = "ada@example.com", password: str = PASSWORD) -> TestResponse:
        return self.submit("/login", email=email, password=password)


def give_credits(visitor: Visitor, session: Session, credits: int, email: str = "ada@example.com") -> int:
    """Sign the visitor up and grant them `credits`; return their user id. Stripe is not asked."""
    visitor.sign_up(email)
    user_id = session.execute(select(User.id).where(User.email == email)).scalar_one()
    if credits:
        grant(session, user_id, credits, idempotency_key=f"test:people:{user_id}")
    session.commit()
    return user_id


def become_staff(visitor: Visitor, session: Session, email: str = "staff@example.com") -> int:
    """Sign the visitor up as one of the staff; return their user id."""
    user_id = give_credits(visitor, session, 0, email)
    make_admin(session, Reason(Actor(operator="test@host"), "a test"), user_id)
    session.commit()
    return user_id
