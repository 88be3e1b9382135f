"""POST /login, and then /login/factor: nobody is logged in by the password alone who has a second factor."""

from collections.abc import Callable
from urllib.parse import quote

import pyotp
import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from payapp.auth.accounts import make_hash
from payapp.auth.factors.owned import has_factor
from payapp.auth.limits import WRONG_CODES, WRONG_CODES_A_DAY
from payapp.auth.login_sessions import LOGINS
from payapp.auth.models import RateCounter, User
from payapp.auth.second_step.models import PendingLogin
from payapp.auth.second_step.pending_logins import PENDING_SECONDS_MAX, forget_old_pending_logins
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.database.sql_functions import database_now
from tests.auth.factor_owners import PAGE, codes_on, error_on, is_in, later_code, make_owner, user_id_of
from tests.people import PASSWORD, Visitor

one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])
FACTOR = "/login/factor"


class Ada:
    """Somebody with an authenticator app, who is logged in nowhere just now."""

    def __init__(self, app: Flask, session: Session) -> None:
        self.app, self.session = app, session
        self.secret, self.recovery_codes = make_owner(session)

    def code(self) -> str:
        return later_code(self.session, self.secret)

    def come(self) -> Visitor:
        """Return a browser in which the password was right."""
        visitor = Visitor(self.app.test_client())
        assert visitor.log_in().headers["Location"] == FACTOR
        return visitor


@pytest.fixture
def ada(app: Flask, session: Session) -> Ada:
    return Ada(app, session)


def change(session: Session, **values: object) -> None:
    with writing():
        session.rollback()
        session.execute(update(User).values(**values))
        session.commit()


def expire(session: Session) -> None:
    with writing():
        session.rollback()
        session.execute(update(PendingLogin).values(expires_at=database_now(-1)))
        session.commit()


def wrong_code(ada: Ada) -> str:
    right = int(ada.code())
    return f"{(right + 123_457) % 1_000_000:06}"


def test_it_works(ada: Ada, session: Session) -> None:
    visitor = ada.come()
    assert not is_in(visitor)
    answer = visitor.submit(FACTOR, code=ada.code())
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/credits")
    assert is_in(visitor)
    assert session.scalar(select(func.count()).select_from(PendingLogin)) == 0


def test_the_password_alone_makes_no_login(ada: Ada, session: Session) -> None:
    visitor = ada.come()
    assert session.scalar(select(func.count()).select_from(LOGINS)) == 0
    for path in ("/dashboard/credits", PAGE, "/dashboard/api-keys"):
        assert visitor.get(path).headers["Location"].startswith("/login?next="), path
    assert visitor.get(FACTOR).status_code == 200


def test_it_notes_that_a_factor_was_shown(ada: Ada, session: Session) -> None:
    ada.come().submit(FACTOR, code=ada.code())
    assert session.scalar(select(LOGINS.c.factor_at)) is not None


def test_a_login_without_factor_notes_none(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    visitor.submit("/logout")
    assert visitor.log_in().headers["Location"] == "/dashboard/credits"
    assert session.execute(select(LOGINS.c.factor_at)).scalar_one() is None


def test_it_leads_where_the_visitor_was_going(ada: Ada) -> None:
    visitor = Visitor(ada.app.test_client())
    fields = {"email": "ada@example.com", "password": PASSWORD, "csrf_token": visitor.csrf_token()}
    answer = visitor.client.post("/login?next=/features/qr-codes", data=fields)
    assert answer.headers["Location"] == f"{FACTOR}?next=/features/qr-codes"
    assert f'action="{FACTOR}?next=/features/qr-codes"' in visitor.get(answer.headers["Location"]).text
    done = visitor.submit(answer.headers["Location"], code=ada.code())
    assert done.headers["Location"] == "/features/qr-codes"


@one_engine
@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_it_leads_to_no_other_site(ada: Ada, target: str) -> None:
    visitor = ada.come()
    fields = {"code": ada.code(), "csrf_token": visitor.csrf_token()}
    answer = visitor.client.post(FACTOR, query_string={"next": target}, data=fields)
    assert answer.headers["Location"] == "/dashboard/credits"


def test_a_code_is_good_once(ada: Ada) -> None:
    code = ada.code()
    assert ada.come().submit(FACTOR, code=code).status_code == 303
    again = ada.come()
    answer = again.submit(FACTOR, code=code)
    assert answer.status_code == 422
    assert "was used before" in error_on(answer)
    assert not is_in(again)


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off(ada: Ada, shift: int) -> None:
    now = utc_now().timestamp()
    ada.code()
    assert ada.come().submit(FACTOR, code=pyotp.TOTP(ada.secret).at(int(now) + 30 * shift)).status_code == 303


@pytest.mark.parametrize(
    "code", ["", "000", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "1" * 65, "-", "12 34", "\ud800"]
)
def test_what_is_no_code_is_refused(ada: Ada, code: str) -> None:
    visitor = ada.come()
    token = visitor.csrf_token()
    data = f"csrf_token={token}&code={quote(code, errors='surrogatepass')}"
    answer = visitor.client.post(FACTOR, data=data, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert not is_in(visitor)


def test_a_code_may_be_typed_with_a_blank(ada: Ada) -> None:
    code = ada.code()
    assert ada.come().submit(FACTOR, code=f" {code[:3]} {code[3:]} ").status_code == 303


def test_a_wrong_code_leaves_the_step_open(ada: Ada) -> None:
    visitor = ada.come()
    assert visitor.submit(FACTOR, code=wrong_code(ada)).status_code == 422
    assert not is_in(visitor)
    assert visitor.submit(FACTOR, code=ada.code()).status_code == 303


def test_wrong_codes_are_counted_for_the_account_from_wherever_they_come(ada: Ada) -> None:
    for number in range(WRONG_CODES.tries_max):
        guesser = ada.come()
        guesser.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        assert guesser.submit(FACTOR, code=wrong_code(ada)).status_code == 422
    guesser = ada.come()
    guesser.client.environ_base["REMOTE_ADDR"] = "192.0.2.99"
    answer = guesser.submit(FACTOR, code=ada.code())
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 800
    assert not is_in(guesser)


@one_engine
def test_no_more_than_twenty_are_tried_in_a_day(ada: Ada, session: Session) -> None:
    for number in range(WRONG_CODES_A_DAY.tries_max):
        assert ada.come().submit(FACTOR, code=wrong_code(ada)).status_code == 422
        if number % WRONG_CODES.tries_max == WRONG_CODES.tries_max - 1:
            with writing():
                session.rollback()  # a quarter of an hour passes, and a day does not
                soon = RateCounter.window_ends_at < database_now(3600)
                session.execute(update(RateCounter).where(soon).values(window_ends_at=database_now(-1)))
                session.commit()
    answer = ada.come().submit(FACTOR, code=ada.code())
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 3600


def test_right_codes_are_not_counted(ada: Ada) -> None:
    for _ in range(WRONG_CODES.tries_max + 2):
        assert ada.come().submit(FACTOR, code=ada.code()).status_code == 303


@one_engine
def test_the_owner_is_not_kept_out_by_others_guesses(ada: Ada) -> None:
    owner = ada.come()
    owner.submit(FACTOR, code=ada.code())  # now the account knows this browser
    owner.submit("/logout")
    for _ in range(WRONG_CODES.tries_max):
        ada.come().submit(FACTOR, code=wrong_code(ada))
    assert ada.come().submit(FACTOR, code=ada.code()).status_code == 429
    owner.log_in()
    assert owner.submit(FACTOR, code=ada.code()).status_code == 303


def test_a_recovery_code_is_a_way_out_once(ada: Ada) -> None:
    for _ in range(WRONG_CODES.tries_max):  # also when somebody guesses at the app's codes
        ada.come().submit(FACTOR, code=wrong_code(ada))
    assert len(ada.recovery_codes) == 10
    code = ada.recovery_codes[0]
    visitor = ada.come()
    assert visitor.submit(FACTOR, code=code).status_code == 303
    assert "You have 9 left" in visitor.get("/dashboard/credits").text
    assert ada.come().submit(FACTOR, code=code).status_code == 422
    assert ada.come().submit(FACTOR, code=ada.recovery_codes[1]).status_code == 303


@one_engine
@pytest.mark.parametrize(
    "typed",
    [
        str.upper,
        lambda code: code.replace("-", " "),
        lambda code: code.replace("-", ""),
        lambda code: code.replace("0", "O"),
    ],
)
def test_a_recovery_code_is_read_as_people_write(ada: Ada, typed: Callable[[str], str]) -> None:
    assert ada.come().submit(FACTOR, code=typed(ada.recovery_codes[3])).status_code == 303


def test_the_page_tells_of_the_way_out(ada: Ada) -> None:
    assert "enter a recovery code" in ada.come().get(FACTOR).text


def test_a_stranger_is_asked_for_the_password(visitor: Visitor) -> None:
    assert visitor.get(FACTOR).headers["Location"] == "/login"
    assert visitor.submit(FACTOR, code="123456").headers["Location"] == "/login"
    assert visitor.submit(f"{FACTOR}/passkey", answer="{}").headers["Location"] == "/login"
    headers = {"X-CSRFToken": visitor.csrf_token(), "Accept": "application/json"}
    assert visitor.client.post(f"{FACTOR}/passkey-options", headers=headers).status_code == 409


def test_another_browser_is_asked_for_the_password(ada: Ada) -> None:
    ada.come()
    other = Visitor(ada.app.test_client())
    assert other.submit(FACTOR, code=ada.code()).headers["Location"] == "/login"
    assert not is_in(other)


def test_a_step_is_used_once(ada: Ada) -> None:
    visitor = ada.come()
    copy = Visitor(ada.app.test_client())
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None
    copy.client.set_cookie("session", cookie.value)
    copy_token = copy.csrf_token()
    visitor.submit(FACTOR, code=ada.code())
    answer = copy.client.post(FACTOR, data={"code": ada.recovery_codes[0], "csrf_token": copy_token})
    assert answer.headers["Location"] == "/login"
    assert not is_in(copy)
    assert ada.come().submit(FACTOR, code=ada.recovery_codes[0]).status_code == 303  # it was not used up


def test_a_step_ends_after_ten_minutes(ada: Ada, session: Session) -> None:
    visitor = ada.come()
    assert PENDING_SECONDS_MAX == 600
    expire(session)
    answer = visitor.submit(FACTOR, code=ada.code())
    assert answer.headers["Location"] == "/login"
    assert "took too long" in visitor.get("/login").text
    assert not is_in(visitor)
    assert forget_old_pending_logins(session) == 1
    assert forget_old_pending_logins(session) == 0


def test_a_changed_password_ends_the_step(ada: Ada, session: Session) -> None:
    visitor = ada.come()
    change(session, password_hash=make_hash("another password"))
    assert visitor.get(FACTOR).headers["Location"] == "/login"
    assert visitor.submit(FACTOR, code=ada.code()).headers["Location"] == "/login"
    assert not is_in(visitor)


def test_a_changed_password_leaves_the_factors(ada: Ada, session: Session) -> None:
    """So a reset by mail does not open the account to whoever reads the mails."""
    change(session, password_hash=make_hash("another password"))
    visitor = Visitor(ada.app.test_client())
    assert visitor.log_in(password="another password").headers["Location"] == FACTOR
    assert has_factor(session, user_id_of(session))


def test_a_disabled_user_gets_no_further(ada: Ada, session: Session) -> None:
    visitor = ada.come()
    change(session, disabled_at=utc_now())
    assert visitor.submit(FACTOR, code=ada.code()).headers["Location"] == "/login"
    assert not is_in(visitor)


def test_a_factor_of_another_user_is_none(ada: Ada, session: Session) -> None:
    secret, codes = make_owner(session, "eve@example.com")
    visitor = ada.come()
    assert visitor.submit(FACTOR, code=later_code(session, secret, "eve@example.com")).status_code == 422
    assert visitor.submit(FACTOR, code=codes[0]).status_code == 422
    assert not is_in(visitor)


def test_a_log_out_forgets_the_step(ada: Ada, session: Session) -> None:
    visitor = ada.come()
    visitor.submit("/logout")
    assert visitor.submit(FACTOR, code=ada.code()).headers["Location"] == "/login"
    assert session.scalar(select(func.count()).select_from(PendingLogin)) == 0


def test_an_old_tab_shows_the_form_again(ada: Ada) -> None:
    visitor = ada.come()
    answer = visitor.client.post(FACTOR, data={"code": ada.code(), "csrf_token": "of before"})
    assert answer.status_code == 400
    assert "had been open for too long" in answer.text
    assert not is_in(visitor)


def test_another_password_in_the_same_browser_begins_anew(ada: Ada) -> None:
    visitor = ada.come()
    assert visitor.log_in().headers["Location"] == FACTOR
    assert visitor.submit(FACTOR, code=ada.code()).status_code == 303


def test_who_is_logged_in_has_no_step_to_take(ada: Ada) -> None:
    visitor = ada.come()
    visitor.submit(FACTOR, code=ada.code())
    assert visitor.client.get(FACTOR, follow_redirects=True).request.path == "/dashboard/credits"


def test_new_recovery_codes_void_the_old_ones(ada: Ada) -> None:
    visitor = ada.come()
    visitor.submit(FACTOR, code=ada.code())
    new = codes_on(visitor.submit(f"{PAGE}/recovery-codes"))
    assert len(set(new) | set(ada.recovery_codes)) == 20
    assert ada.come().submit(FACTOR, code=ada.recovery_codes[0]).status_code == 422
    assert ada.come().submit(FACTOR, code=new[0]).status_code == 303
