"""Second factors shown many times at once, against gunicorn with several processes: what is good once counts once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier

import pyotp
import pytest
import requests
from sqlalchemy import create_engine, delete, func, select
from sqlalchemy.orm import Session

from payapp.auth.factors.models import RecoveryCode
from payapp.auth.login_sessions import LOGINS
from payapp.auth.models import LoginSession
from payapp.database.base import engine_options, normalize_url, prepare_engine
from tests.auth.factor_owners import later_code, make_owner, user_id_of
from tests.auth.software_passkey import SoftwarePasskey
from tests.journeys.person import Person
from tests.processes import Stack

FACTOR, PAGE = "/login/factor", "/dashboard/account/factors"
DONE = "/dashboard/credits"
_numbers = count(1)


@pytest.fixture
def session(stack: Stack) -> Iterator[Session]:
    """A session of the test's own on the database of the processes."""
    url = normalize_url(stack.environment["DATABASE_URL"])
    engine = create_engine(url, **engine_options(url))
    prepare_engine(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def email() -> str:
    return f"owner{next(_numbers)}@example.com"


def come(stack: Stack, email: str) -> Person:
    """Return a browser in which the password was right."""
    person = Person(stack.url, email)
    person.log_in()
    return person


def copy_of(person: Person) -> Person:
    twin = Person(person.app_url, person.email)
    twin.http.cookies.update(person.http.cookies)
    return twin


def send_at_once(people: list[Person], path: str, fields: list[dict[str, str]]) -> list[requests.Response]:
    """Have each send a form at the same moment, all with tokens that they had before."""
    start = Barrier(len(people))
    tokens = [person.csrf_token() for person in people]

    def send(person: Person, token: str, form: dict[str, str]) -> requests.Response:
        start.wait()
        data = form | {"csrf_token": token}
        return person.http.post(person.app_url + path, data=data, allow_redirects=False, timeout=60)

    with ThreadPoolExecutor(len(people)) as crowd:
        return list(crowd.map(send, people, tokens, fields))


def outcomes(answers: list[requests.Response]) -> Counter[str | int]:
    return Counter(
        answer.headers["Location"] if answer.status_code == 303 else answer.status_code for answer in answers
    )


def count_of(session: Session, model: type[LoginSession | RecoveryCode], user_id: int) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model).where(model.user_id == user_id)) or 0


def test_one_code_lets_one_of_five_browsers_in(stack: Stack, session: Session, email: str) -> None:
    secret, _ = make_owner(session, email)
    browsers = [come(stack, email) for _ in range(5)]
    code = later_code(session, secret, email)
    answers = send_at_once(browsers, FACTOR, [{"code": code}] * 5)
    assert outcomes(answers) == {DONE: 1, 422: 4}
    assert count_of(session, LoginSession, user_id_of(session, email)) == 1


def test_one_recovery_code_lets_one_of_eight_browsers_in(stack: Stack, session: Session, email: str) -> None:
    _, codes = make_owner(session, email)
    browsers = [come(stack, email) for _ in range(8)]
    answers = send_at_once(browsers, FACTOR, [{"code": codes[0]}] * 8)
    assert outcomes(answers) == {DONE: 1, 422: 7}
    assert count_of(session, RecoveryCode, user_id_of(session, email)) == 9


def test_one_step_makes_one_login_whatever_codes_are_sent(stack: Stack, session: Session, email: str) -> None:
    _, codes = make_owner(session, email)
    browser = come(stack, email)
    browser.csrf_token()
    answers = send_at_once([copy_of(browser) for _ in range(6)], FACTOR, [{"code": code} for code in codes[:6]])
    assert outcomes(answers) == {DONE: 1, "/login": 5}
    user_id = user_id_of(session, email)
    assert count_of(session, LoginSession, user_id) == 1
    assert count_of(session, RecoveryCode, user_id) == 9  # those that came too late used nothing up


def test_five_of_twenty_wrong_codes_are_tried(stack: Stack, session: Session, email: str) -> None:
    secret, _ = make_owner(session, email)
    browsers = [come(stack, email) for _ in range(20)]
    wrong = f"{(int(pyotp.TOTP(secret).now()) + 123_457) % 1_000_000:06}"
    answers = send_at_once(browsers, FACTOR, [{"code": wrong}] * 20)
    assert outcomes(answers) == {422: 5, 429: 15}


def test_one_answer_of_a_passkey_counts_once(stack: Stack, session: Session, email: str) -> None:
    owner = Person(stack.url, email)
    owner.sign_up()
    passkey = SoftwarePasskey(origin=stack.url)
    form = {"name": "key", "answer": passkey.create(options(owner, f"{PAGE}/passkeys/options"))}
    (added,) = send_at_once([owner], f"{PAGE}/passkeys", [form])
    assert added.status_code == 200
    session.execute(delete(LOGINS))
    session.commit()
    browser = come(stack, email)
    answer = {"answer": passkey.get(options(browser, f"{FACTOR}/passkey-options"))}
    answers = send_at_once([copy_of(browser) for _ in range(4)], f"{FACTOR}/passkey", [answer] * 4)
    assert outcomes(answers)[DONE] == 1
    assert count_of(session, LoginSession, user_id_of(session, email)) == 1


def options(person: Person, path: str) -> dict[str, object]:
    headers = {"X-CSRFToken": person.csrf_token(), "Accept": "application/json"}
    answer = person.http.post(person.app_url + path, headers=headers, timeout=20)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_two_sets_of_recovery_codes_made_at_once_leave_one(stack: Stack, session: Session, email: str) -> None:
    _, codes = make_owner(session, email)
    owner = come(stack, email)
    (entered,) = send_at_once([owner], FACTOR, [{"code": codes[0]}])
    assert outcomes([entered]) == {DONE: 1}
    answers = send_at_once([copy_of(owner) for _ in range(4)], f"{PAGE}/recovery-codes", [{}] * 4)
    assert {answer.status_code for answer in answers} == {200}
    assert count_of(session, RecoveryCode, user_id_of(session, email)) == 10


def test_an_app_removed_while_it_is_used_ends_what_it_began(stack: Stack, session: Session, email: str) -> None:
    """Neither waits for the other for ever, and no login is left but the owner's."""
    secret, codes = make_owner(session, email)
    owner = come(stack, email)
    send_at_once([owner], FACTOR, [{"code": codes[0]}])
    intruder = come(stack, email)
    token = intruder.csrf_token()
    code = later_code(session, secret, email)
    start = Barrier(2)

    def use() -> int:
        start.wait()
        data = {"code": code, "csrf_token": token}
        return intruder.http.post(stack.url + FACTOR, data=data, allow_redirects=False, timeout=60).status_code

    def remove() -> int:
        data = {"csrf_token": owner.csrf_token()}
        start.wait()
        return owner.http.post(
            f"{stack.url}{PAGE}/app/remove", data=data, allow_redirects=False, timeout=60
        ).status_code

    with ThreadPoolExecutor(2) as crowd:
        used, removed = crowd.submit(use), crowd.submit(remove)
    assert (used.result() in (303, 422), removed.result()) == (True, 303)
    assert count_of(session, LoginSession, user_id_of(session, email)) == 1
