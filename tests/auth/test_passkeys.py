"""Passkeys: made, shown as a second factor and as the only one, with a real key (software_passkey.py)."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from payapp.auth.factors.ceremonies import Site
from payapp.auth.factors.challenges import forget_old_challenges
from payapp.auth.factors.models import Passkey, PasskeyChallenge
from payapp.auth.factors.owned import has_factor
from payapp.auth.factors.passkeys import PASSKEYS_MAX, list_passkeys
from payapp.auth.limits import PASSKEY_LOGINS
from payapp.auth.login_sessions import LOGINS
from payapp.auth.models import User
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.database.sql_functions import database_now
from tests.auth.factor_owners import PAGE, add_passkey, ask, codes_on, is_in, set_up_app, user_id_of
from tests.auth.software_passkey import USER_PRESENT, SoftwarePasskey
from tests.people import Visitor

one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])
MAKE, KEEP = f"{PAGE}/passkeys/options", f"{PAGE}/passkeys"
SECOND_OPTIONS, SECOND = "/login/factor/passkey-options", "/login/factor/passkey"
FIRST_OPTIONS, FIRST = "/login/passkey-options", "/login/passkey"


@pytest.fixture
def passkey(visitor: Visitor) -> SoftwarePasskey:
    """The passkey of Ada, who is logged in nowhere just now."""
    visitor.sign_up()
    passkey = add_passkey(visitor)
    visitor.submit("/logout")
    return passkey


def come(app: Flask) -> Visitor:
    """Return a browser in which Ada's password was right."""
    visitor = Visitor(app.test_client())
    visitor.log_in()
    return visitor


def write(session: Session, statement: Any) -> None:
    with writing():
        session.rollback()
        session.execute(statement)
        session.commit()


def count(session: Session, model: type[Any]) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


# ---- made


def test_it_is_added_and_brings_recovery_codes(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    answer = visitor.submit(KEEP, name=" my laptop ", answer=SoftwarePasskey().create(ask(visitor, MAKE)))
    assert answer.status_code == 200
    assert len(codes_on(answer)) == 10
    assert [each.name for each in list_passkeys(session, user_id_of(session))] == ["my laptop"]
    assert "my laptop" in visitor.get(PAGE).text


def test_a_user_has_several_that_know_the_same_user(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    first = add_passkey(visitor, "one")
    options = ask(visitor, MAKE)
    assert [each["id"] for each in options["excludeCredentials"]] != []
    assert options["user"]["name"] == "ada@example.com"
    second = add_passkey(visitor, "two")
    assert first.user_handle == second.user_handle
    assert count(session, Passkey) == 2


def test_it_asks_for_what_is_needed(visitor: Visitor) -> None:
    visitor.sign_up()
    options = ask(visitor, MAKE)
    assert options["rp"] == {"id": "localhost", "name": "payapp"}
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    assert len(options["challenge"]) == 43


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8001"},
        {"origin": "https://localhost"},
        {"host": "evil.example"},
        {"flags": USER_PRESENT},
        {"flags": 0},
        {"cross_origin": True},
    ],
    ids=str,
)
def test_one_that_was_made_otherwise_is_refused(session: Session, visitor: Visitor, wrong: dict[str, Any]) -> None:
    visitor.sign_up()
    answer = visitor.submit(KEEP, name="x", answer=replace(SoftwarePasskey(), **wrong).create(ask(visitor, MAKE)))
    assert answer.status_code == 422
    assert "was not accepted" in answer.text
    assert not has_factor(session, user_id_of(session))


def test_a_challenge_is_answered_once_by_whom_it_was_asked(app: Flask, session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    eve = Visitor(app.test_client())
    eve.sign_up("eve@example.com")
    options = ask(visitor, MAKE)
    assert eve.submit(KEEP, name="x", answer=SoftwarePasskey().create(options)).status_code == 422
    assert visitor.submit(KEEP, name="x", answer=SoftwarePasskey().create(options)).status_code == 200
    assert visitor.submit(KEEP, name="x", answer=SoftwarePasskey().create(options)).status_code == 422
    made_up = options | {"challenge": "A" * 43}
    assert visitor.submit(KEEP, name="x", answer=SoftwarePasskey().create(made_up)).status_code == 422
    assert count(session, Passkey) == 1


def test_a_challenge_expires(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    options = ask(visitor, MAKE)
    write(session, update(PasskeyChallenge).values(expires_at=database_now(-1)))
    assert visitor.submit(KEEP, name="x", answer=SoftwarePasskey().create(options)).status_code == 422
    assert forget_old_challenges(session) == 1
    assert forget_old_challenges(session) == 0


def test_a_refused_answer_uses_the_challenge_up(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    options = ask(visitor, MAKE)
    visitor.submit(KEEP, name="x", answer=SoftwarePasskey(origin="https://evil.example").create(options))
    assert count(session, PasskeyChallenge) == 0


def test_an_answer_to_another_question_is_refused(visitor: Visitor) -> None:
    """What is signed for a login makes no passkey, and the other way round."""
    visitor.sign_up()
    options = ask(visitor, MAKE)
    answer = SoftwarePasskey().create(options, type="webauthn.get")
    assert visitor.submit(KEEP, name="x", answer=answer).status_code == 422


def test_one_that_is_known_is_not_taken_again(app: Flask, session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    passkey = add_passkey(visitor)
    eve = Visitor(app.test_client())
    eve.sign_up("eve@example.com")
    assert eve.submit(KEEP, name="x", answer=passkey.create(ask(eve, MAKE))).status_code == 422
    assert visitor.submit(KEEP, name="x", answer=passkey.create(ask(visitor, MAKE))).status_code == 422
    assert count(session, Passkey) == 1


@one_engine
def test_there_are_at_most_twenty(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    for number in range(PASSKEYS_MAX):
        add_passkey(visitor, f"key {number}")
    answer = visitor.submit(KEEP, name="x", answer=SoftwarePasskey().create(ask(visitor, MAKE)))
    assert answer.status_code == 422
    assert count(session, Passkey) == PASSKEYS_MAX


@one_engine
@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_it_needs_a_name(session: Session, visitor: Visitor, name: str) -> None:
    visitor.sign_up()
    answer = visitor.submit(KEEP, name=name, answer=SoftwarePasskey().create(ask(visitor, MAKE)))
    assert answer.status_code == 422
    assert count(session, Passkey) == 0


@one_engine
@pytest.mark.parametrize(
    "answer",
    [
        "",
        "x",
        "[]",
        "{}",
        "null",
        "1e999",
        "[" * 20_000,
        "x" * 40_000,
        '{"id": 5, "rawId": [], "response": {}, "type": "public-key"}',
        '{"id":"é","rawId":"é","response":{"clientDataJSON":"é","attestationObject":"é"},"type":"public-key"}',
        '{"id":"AA","rawId":"AA","response":{"clientDataJSON":"bnVsbA","attestationObject":"oA"},"type":"public-key"}',
        '{"id":"AA","rawId":"AA","response":{"clientDataJSON":"eyJ0eXBlIjo1LCJjaGFsbGVuZ2UiOjUsIm9yaWdpbiI6NX0",'
        '"attestationObject":"oA","authenticatorData":"AA","signature":"AA","userHandle":"!"},"type":"public-key"}',
    ],
)
@pytest.mark.parametrize("path", [KEEP, FIRST])
def test_what_is_no_answer_is_refused(visitor: Visitor, path: str, answer: str) -> None:
    if path == KEEP:
        visitor.sign_up()
    assert visitor.submit(path, name="x", answer=answer).status_code == (422 if path == KEEP else 303)


def test_a_removed_one_opens_nothing(app: Flask, session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    passkey = add_passkey(visitor)
    (kept,) = list_passkeys(session, user_id_of(session))
    eve = Visitor(app.test_client())
    eve.sign_up("eve@example.com")
    assert eve.submit(f"{PAGE}/passkeys/{kept.id}/remove").status_code == 404
    assert visitor.submit(f"{PAGE}/passkeys/{kept.id}/remove").headers["Location"] == PAGE
    assert visitor.submit(f"{PAGE}/passkeys/{kept.id}/remove").status_code == 404
    stranger = Visitor(app.test_client())
    stranger.submit(FIRST, answer=passkey.get(ask(stranger, FIRST_OPTIONS)))
    assert not is_in(stranger)


# ---- shown after the password


def test_it_is_a_second_step(app: Flask, session: Session, passkey: SoftwarePasskey) -> None:
    visitor = come(app)
    options = ask(visitor, SECOND_OPTIONS)
    assert (options["rpId"], options["userVerification"]) == ("localhost", "required")
    assert len(options["allowCredentials"]) == 1
    answer = visitor.submit(f"{SECOND}?next=/features/qr-codes", answer=passkey.get(options))
    assert answer.headers["Location"] == "/features/qr-codes"
    assert is_in(visitor)
    assert session.execute(select(LOGINS.c.factor_at)).scalar_one() is not None
    assert session.execute(select(Passkey.last_used_at)).scalar_one() is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"flags": USER_PRESENT},
        {"flags": 0},
        {"cross_origin": True},
        {"user_handle": b"somebody else"},
        {"key": SoftwarePasskey().key},
        {"credential_id": b"unknown"},
    ],
    ids=lambda wrong: str(*wrong),
)
def test_a_wrong_one_is_refused(app: Flask, passkey: SoftwarePasskey, wrong: dict[str, Any]) -> None:
    visitor = come(app)
    answer = visitor.submit(SECOND, answer=replace(passkey, **wrong).get(ask(visitor, SECOND_OPTIONS)))
    assert answer.status_code == 422
    assert "was not accepted" in answer.text
    assert not is_in(visitor)
    assert visitor.submit(SECOND, answer=passkey.get(ask(visitor, SECOND_OPTIONS))).status_code == 303


def test_an_answer_is_good_once(app: Flask, passkey: SoftwarePasskey) -> None:
    visitor = come(app)
    answer = passkey.get(ask(visitor, SECOND_OPTIONS))
    assert visitor.submit(SECOND, answer=answer).status_code == 303
    for again in (come(app), come(app)):
        ask(again, SECOND_OPTIONS)
        assert again.submit(SECOND, answer=answer).status_code == 422
        assert not is_in(again)


def test_an_answer_to_anothers_challenge_is_refused(app: Flask, passkey: SoftwarePasskey) -> None:
    """Nor is one given in another browser of the same user's, or at another place of the site."""
    one, two, stranger = come(app), come(app), Visitor(app.test_client())
    assert two.submit(SECOND, answer=passkey.get(ask(one, SECOND_OPTIONS))).status_code == 422
    assert two.submit(SECOND, answer=passkey.get(ask(stranger, FIRST_OPTIONS))).status_code == 422
    stranger.submit(FIRST, answer=passkey.get(ask(one, SECOND_OPTIONS)))
    assert not any(map(is_in, (one, two, stranger)))


def test_a_passkey_of_another_user_is_none(app: Flask, passkey: SoftwarePasskey) -> None:
    eve = Visitor(app.test_client())
    eve.sign_up("eve@example.com")
    hers = add_passkey(eve)
    visitor = come(app)
    assert visitor.submit(SECOND, answer=hers.get(ask(visitor, SECOND_OPTIONS))).status_code == 422
    assert not is_in(visitor)


def test_a_copy_that_counts_less_is_refused(app: Flask, passkey: SoftwarePasskey) -> None:
    copy = replace(passkey)
    for _ in range(2):
        visitor = come(app)
        assert visitor.submit(SECOND, answer=passkey.get(ask(visitor, SECOND_OPTIONS))).status_code == 303
    visitor = come(app)
    assert visitor.submit(SECOND, answer=copy.get(ask(visitor, SECOND_OPTIONS))).status_code == 422


def test_one_that_does_not_count_is_fine(app: Flask, visitor: Visitor) -> None:
    """Passkeys that are the same on several devices say 0 each time."""
    visitor.sign_up()
    passkey = add_passkey(visitor, passkey=SoftwarePasskey(step=0))
    for _ in range(2):
        again = come(app)
        assert again.submit(SECOND, answer=passkey.get(ask(again, SECOND_OPTIONS))).status_code == 303


# ---- shown instead of the password


def test_it_logs_in_without_password(app: Flask, session: Session, passkey: SoftwarePasskey) -> None:
    visitor = Visitor(app.test_client())
    options = ask(visitor, FIRST_OPTIONS)
    assert options["allowCredentials"] == []
    answer = visitor.submit(f"{FIRST}?next=/features/qr-codes", answer=passkey.get(options))
    assert answer.headers["Location"] == "/features/qr-codes"
    assert is_in(visitor)
    assert session.execute(select(LOGINS.c.factor_at)).scalar_one() is not None


def test_a_refusal_leads_back_and_does_not_tell_why(app: Flask, session: Session, passkey: SoftwarePasskey) -> None:
    visitor = Visitor(app.test_client())
    unknown = SoftwarePasskey()
    for wrong in (unknown, replace(passkey, flags=USER_PRESENT)):
        answer = visitor.submit(f"{FIRST}?next=/features/qr-codes", answer=wrong.get(ask(visitor, FIRST_OPTIONS)))
        assert answer.headers["Location"] == "/login?next=/features/qr-codes"
        assert "This passkey was not accepted" in visitor.get("/login").text
    write(session, update(User).values(disabled_at=utc_now()))
    visitor.submit(FIRST, answer=passkey.get(ask(visitor, FIRST_OPTIONS)))
    assert not is_in(visitor)


def test_an_answer_from_another_browser_is_refused(app: Flask, passkey: SoftwarePasskey) -> None:
    one, two = Visitor(app.test_client()), Visitor(app.test_client())
    answer = passkey.get(ask(one, FIRST_OPTIONS))
    ask(two, FIRST_OPTIONS)
    two.submit(FIRST, answer=answer)
    assert not is_in(two)
    one.submit(FIRST, answer=answer)
    assert is_in(one)


@one_engine
def test_one_address_asks_a_hundred_times_in_a_while(visitor: Visitor) -> None:
    for _ in range(PASSKEY_LOGINS.tries_max):
        ask(visitor, FIRST_OPTIONS)
    headers = {"X-CSRFToken": visitor.csrf_token(), "Accept": "application/json"}
    assert visitor.client.post(FIRST_OPTIONS, headers=headers).status_code == 429


def test_who_is_logged_in_is_not_asked(visitor: Visitor) -> None:
    visitor.sign_up()
    headers = {"X-CSRFToken": visitor.csrf_token(), "Accept": "application/json"}
    assert visitor.client.post(FIRST_OPTIONS, headers=headers).status_code == 409
    assert visitor.submit(FIRST, answer="{}").headers["Location"] == "/dashboard/credits"


def test_options_need_a_token_and_a_login(session: Session, visitor: Visitor) -> None:
    json = {"Accept": "application/json"}
    assert visitor.client.post(FIRST_OPTIONS, headers=json).status_code == 400
    assert visitor.client.post(MAKE, headers=json).status_code == 401
    token = {"X-CSRFToken": visitor.csrf_token()}
    assert visitor.client.post(MAKE, headers=json | token).status_code == 401
    assert count(session, PasskeyChallenge) == 0


@pytest.mark.parametrize(
    ("origin", "host"), [("https://app.example.com", "app.example.com"), ("http://localhost:8000", "localhost")]
)
def test_the_site_is_what_the_settings_say(origin: str, host: str) -> None:
    assert Site(origin).host == host


def test_a_passkey_beside_an_app_is_one_of_two_ways(app: Flask, session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    set_up_app(visitor)
    passkey = add_passkey(visitor)
    again = come(app)
    page = again.get("/login/factor").text
    assert "Use a passkey" in page
    assert "Six digits of your authenticator app" in page
    assert again.submit(SECOND, answer=passkey.get(ask(again, SECOND_OPTIONS))).status_code == 303
