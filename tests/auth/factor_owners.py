"""People with second factors, and how they show them."""

import html
import re
from typing import Any

import pyotp
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth.accounts import create_user
from payapp.auth.factors.models import TotpSecret
from payapp.auth.factors.recovery_codes import make_recovery_codes
from payapp.auth.factors.sealing import Sealer
from payapp.auth.factors.totp import STEP_SECONDS, begin_totp, confirm_totp, find_new_secret
from payapp.auth.models import User
from payapp.database.base import writing
from payapp.database.clock import utc_now
from tests.auth.software_passkey import SoftwarePasskey
from tests.people import PASSWORD, Visitor

PAGE = "/dashboard/account/factors"
SEALER = Sealer(("a key for tests only",))


def user_id_of(session: Session, email: str = "ada@example.com") -> int:
    return session.execute(select(User.id).where(User.email == email)).scalar_one()


def make_owner(session: Session, email: str = "ada@example.com") -> tuple[str, list[str]]:
    """Make a user with the usual password and an authenticator app; return its secret, and recovery codes."""
    with writing():
        session.rollback()
        user_id = create_user(session, email, PASSWORD).id
        begin_totp(session, SEALER, user_id)
        secret = find_new_secret(session, SEALER, user_id)
        assert secret is not None
        assert confirm_totp(session, SEALER, user_id, pyotp.TOTP(secret).now())
        codes = make_recovery_codes(session, user_id)
        session.commit()
    return secret, codes


def set_up_app(visitor: Visitor) -> tuple[str, list[str]]:
    """Set up an authenticator app on the pages; return its secret, and the recovery codes that were shown."""
    assert visitor.submit(f"{PAGE}/app").headers["Location"] == f"{PAGE}/app"
    secret = secret_on(visitor.get(f"{PAGE}/app"))
    answer = visitor.submit(f"{PAGE}/app/confirm", code=pyotp.TOTP(secret).now())
    assert answer.status_code in (200, 303), answer.text
    return secret, codes_on(answer)


def secret_on(page: TestResponse) -> str:
    found = re.search(r'<dd class="mono">([A-Z2-7 ]+)</dd>', page.text)
    assert found, page.text
    return found[1].replace(" ", "")


def codes_on(page: TestResponse) -> list[str]:
    return re.findall(r"<li>([0-9a-z]{6}(?:-[0-9a-z]{6}){3})</li>", page.text)


def ask(visitor: Visitor, path: str) -> Any:
    """Return the options that passkeys.js would get."""
    headers = {"X-CSRFToken": visitor.csrf_token(), "Accept": "application/json"}
    answer = visitor.client.post(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def add_passkey(visitor: Visitor, name: str = "laptop", passkey: SoftwarePasskey | None = None) -> SoftwarePasskey:
    passkey = passkey or SoftwarePasskey()
    answer = visitor.submit(
        f"{PAGE}/passkeys", name=name, answer=passkey.create(ask(visitor, f"{PAGE}/passkeys/options"))
    )
    assert answer.status_code in (200, 303), answer.text
    return passkey


def later_code(session: Session, secret: str, email: str = "ada@example.com") -> str:
    """Return a code that is good now, though one was used a moment ago: as if that had been a minute before."""
    with writing():
        session.rollback()
        mine = update(TotpSecret).where(TotpSecret.user_id == user_id_of(session, email))
        session.execute(mine.values(last_step=step_now() - 2))
        session.commit()
    return pyotp.TOTP(secret).now()


def step_now() -> int:
    return int(utc_now().timestamp()) // STEP_SECONDS


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/dashboard/credits").status_code == 200


def error_on(page: TestResponse) -> str:
    found = re.search(r'class="field-error"[^>]*>.*?Error: </span>([^<]+)<', page.text, re.S)
    return html.unescape(found[1]) if found else ""
