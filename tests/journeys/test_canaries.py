"""Secrets stay where they belong: a walk through all of payapp with canaries, by real processes, and then a search.

No log, no page but the one meant, no column of any table, no job, no file has any of them.
"""

import base64
import json
import re
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyotp
import pytest
import requests
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.databases import ENGINES
from tests.effort import pick
from tests.factories import event_payload, signature_of
from tests.journeys.canaries import Journey, invent
from tests.processes import Stack, free_port
from tests.warm import run_warm

EMAIL = "canary@example.com"
CARD = "42424242424242424242"  # longer than anybody's
PAGES = ("/", "/dashboard/credits", "/dashboard/credits/balance", "/features/qr-codes", "/dashboard/api-keys")
STAND_INS_OWN = "fake_stripe"

pytestmark = [pytest.mark.slow, pytest.mark.long]


class Walk:
    """One person, one program and one operator on the way through `stack`, each step of `journey`."""

    def __init__(self, stack: Stack, journey: Journey) -> None:
        self.stack, self.journey, self.http = stack, journey, requests.Session()

    def get(self, path: str, *statuses: int, **options: Any) -> requests.Response:
        return self.journey.send(self.http, "GET", self.stack.url + path, *(statuses or (200,)), **options)

    def post(self, path: str, status: int, token: str | None = None, **fields: str) -> requests.Response:
        """Send a form with this browser's token, or another."""
        data = {"csrf_token": self.token() if token is None else token, **fields}
        return self.journey.send(self.http, "POST", self.stack.url + path, status, data=data)

    def ask_api(self, method: str, path: str, status: int, key: str, **options: Any) -> requests.Response:
        """Ask as a program: no cookie comes along."""
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": uuid4().hex}
        url = self.stack.url + path
        return self.journey.send(requests.Session(), method, url, status, headers=headers, **options)

    def token(self) -> str:
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.get("/").text)
        assert found
        return found[1]

    def run(self, step: str, module: str, *arguments: str, **settings: str) -> str:
        """Run a command, which may fail; keep what it prints."""
        _, printed = run_warm(module, arguments, self.stack.environment | settings)
        self.journey.printed[step] = printed
        return printed

    # ---- the steps

    def sign_up_and_log_in(self) -> None:
        journey = self.journey
        password, mistyped = journey.plant("password", invent("password")), journey.plant("wrong one", invent("wrong"))
        with journey.step("sign up"):
            self.post("/signup", 303, email=EMAIL, password=password)
        with journey.step("log out"):
            self.post("/logout", 303)
        with journey.step("log in, wrong"):
            self.post("/login", 422, email=EMAIL, password=mistyped)
            self.post("/login", 422, email="nobody@example.com", password=mistyped)
        with journey.step("sign up again"):
            self.post("/signup", 303, email=EMAIL, password=mistyped)
        with journey.step("forget the password"):
            self.post("/forgot-password", 303, email=EMAIL)
        with journey.step("log in by an old form"):
            self.post("/login", 400, token=invent("token"), email=EMAIL, password=password)
        with journey.step("log in"):
            self.post("/login", 303, email=EMAIL, password=password)
        self.plant_cookie()

    def plant_cookie(self) -> None:
        """What is written in the cookie: the secret of the login, and that of the browser's tokens."""
        with self.journey.step("look for a token"):
            token = self.token()
        content, _, _ = self.http.cookies["session"].rpartition(".")[0].rpartition(".")
        packed = base64.urlsafe_b64decode(content.lstrip(".") + "==")
        written = json.loads(zlib.decompress(packed) if content.startswith(".") else packed)
        self.journey.plant("login's secret", written["_user_id"])
        self.journey.plant("CSRF secret", written["csrf_token"])
        self.journey.plant("CSRF token", token, "pages")

    def buy_and_spend(self) -> None:
        card = self.journey.plant("card number", CARD)
        with self.journey.step("buy"):
            page = self.post("/api/credits/checkout", 303, package_id="growth").headers["Location"]
            paid = requests.post(page, data={"outcome": "paid", "card_number": card}, allow_redirects=False, timeout=20)
            self.get(paid.headers["Location"].removeprefix(self.stack.url))
        with self.journey.step("look around"):
            for path in PAGES:
                self.get(path)
        with self.journey.step("spend"):
            self.post("/features/qr-codes", 200, text="hello")
            lines = "\n".join(f"text {number}" for number in range(12))
            batch = self.post("/features/qr-code-batch/zip", 303, lines=lines, cost="12").headers["Location"]
        with self.journey.step("wait for the worker"):
            self.wait_for_file(f"{batch}/zip")

    def wait_for_file(self, path: str) -> None:
        deadline = time.monotonic() + 20
        while self.get(path, 200, 303).status_code == 303:
            assert time.monotonic() < deadline, "the worker has made no file"
            time.sleep(0.1)

    def use_api(self) -> None:
        with self.journey.step("make a key"):
            made = self.post("/dashboard/api-keys", 200, name="a program", scope="spend").text
        found = re.search(r"payapp_[0-9a-f]{10}_[0-9a-f]{64}", made)
        assert found, "the new key is shown"
        key = self.journey.plant("API key", found[0], "make a key")
        wrong = self.journey.plant("unknown API key", f"payapp_{'0' * 10}_{uuid4().hex * 2}")
        with self.journey.step("spend by the API"):
            self.ask_api("GET", "/api/v1/balance", 200, key)
            self.ask_api("POST", "/api/v1/spends", 201, key, json={"amount": 1, "feature": "a program"})
        with self.journey.step("put a key where none belongs"):
            self.ask_api("GET", "/api/v1/balance", 401, wrong)
            self.ask_api("GET", f"/api/v1/balance?api_key={wrong}", 422, key)
            self.ask_api("POST", "/api/v1/spends", 422, key, json={"amount": wrong, "feature": 1, "api_key": wrong})
            self.ask_api("GET", "/api/v1/holds?status=" + wrong, 422, key)
        with self.journey.step("look at the keys"):
            self.get("/dashboard/api-keys")

    def use_second_factor(self) -> None:
        """Set up an authenticator app, and log in with a recovery code."""
        page, password = "/dashboard/account/factors", self.journey.canaries["password"].value
        with self.journey.step("set up an app"):
            self.post(f"{page}/app", 303)
            shown = re.search(r'<dd class="mono">([A-Z2-7 ]+)</dd>', self.get(f"{page}/app").text)
            assert shown
            secret = self.journey.plant("secret of the app", shown[1].replace(" ", ""), "set up an app")
            self.post(f"{page}/app/confirm", 422, code="000000")
            codes = self.post(f"{page}/app/confirm", 200, code=pyotp.TOTP(secret).now()).text
        for number, code in enumerate(re.findall(r"<li>([0-9a-z]{6}(?:-[0-9a-z]{6}){3})</li>", codes)):
            self.journey.plant(f"recovery code {number}", code, "set up an app")
        with self.journey.step("log in with a recovery code"):
            self.post("/logout", 303)
            assert (
                self.post("/login", 303, email=EMAIL, password=password).headers["Location"].endswith("/login/factor")
            )
            self.post("/login/factor", 422, code=invent("code"))
            self.post("/login/factor", 303, code=self.journey.canaries["recovery code 0"].value)
        with self.journey.step("look at the factors"):
            self.get(page)

    def send_webhooks(self) -> None:
        payload = event_payload("customer.updated", {"object": "customer", "id": "cus_1"})
        forged = self.journey.plant("forged webhook secret", invent("whsec"))
        with self.journey.step("webhook, badly signed"):
            for signature in (signature_of(payload, forged), "nonsense", "t=1,v1=" + "0" * 64):
                url, headers = self.stack.url + "/webhooks/stripe", {"Stripe-Signature": signature}
                self.journey.send(requests.Session(), "POST", url, 400, data=payload, headers=headers)

    def go_wrong(self) -> None:
        password = self.journey.canaries["password"].value
        key = self.journey.canaries["API key"].value
        with self.journey.step("ask for what is not there"):
            self.get("/nothing", 404)
            self.get("/dashboard/credits/purchases/999999", 404)
            self.post("/features/qr-codes", 422, text="")
        with self.journey.step("send JSON to a form"):
            url = self.stack.url + "/login"
            self.journey.send(self.http, "POST", url, 415, json={"email": EMAIL, "password": password})
        with self.journey.step("crash"):
            self.post("/crash/code", 500, email=EMAIL, password=password)
            self.ask_api("POST", "/api/v1/crash", 500, key, data={"password": password})
        with self.journey.step("crash in the database"):
            for what in ("constraint", "missing", "unique", "syntax", "type"):
                self.crash_in_database(what, password)

    def crash_in_database(self, what: str, password: str) -> None:
        """SQLite takes any text for a number, and calls a wrong statement an operational error."""
        data = {"email": EMAIL, "password": password}
        self.journey.send(self.http, "POST", f"{self.stack.url}/crash/{what}", 500, 503, 200, data=data)

    def operate(self) -> None:
        made = self.run("api-keys create-service", "flask", "api-keys", "create-service", "shop")
        self.journey.plant("service key", made.strip().splitlines()[-1])
        self.journey.printed.pop("api-keys create-service")  # there, and nowhere else
        for words in ("users sync-customers", "ledger verify", "stripe reconcile", "packages check"):
            self.run(words, "flask", *words.split())

    def lose_the_database(self) -> None:
        """Commands that can't reach it say so; the address has a password."""
        password = self.journey.plant("password of a database that is away", invent("database"))
        away = f"postgresql://payapp:{password}@localhost:{free_port()}/payapp"
        for words in ("ledger verify", "users sync-customers"):
            self.run(f"{words} with no database", "flask", *words.split(), DATABASE_URL=away)
        self.run("a wrong DATABASE_URL", "flask", "ledger", "verify", DATABASE_URL=f"mysql://a:{password}@localhost/a")
        self.run("a wrong STRIPE_SECRET_KEY", "flask", "ledger", "verify", STRIPE_SECRET_KEY=password)
        self.run("a wrong SECRET_KEY", "flask", "ledger", "verify", PAYAPP_ENV="production", SECRET_KEY=password[:20])


@pytest.fixture(scope="module", params=pick(["postgresql"], ENGINES))
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Journey]]:
    """Everything that payapp does, done once, and all processes ended: so every log is written."""
    databases = request.getfixturevalue(
        {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}[request.param]
    )
    journey, url = Journey(), databases.create()
    if request.param == "postgresql":  # this server asks for no password; what matters is who tells it
        password = journey.plant("database password", invent("database"))
        url = make_url(url).set(username="postgres", password=password).render_as_string(hide_password=False)
    stack = make_stack(url, tmp_path_factory.mktemp("canaries"), journey)
    try:
        stack.start()
        walk(Walk(stack, journey))
    finally:
        stack.stop()
    yield stack, journey
    databases.drop(url)


def make_stack(database_url: str, folder: Path, journey: Journey) -> Stack:
    """Return payapp's processes, with secrets of the operator's that are canaries too."""
    settings = {
        "SECRET_KEY": journey.plant("SECRET_KEY", invent("secret-key")),
        "STRIPE_SECRET_KEY": journey.plant("Stripe key", f"sk_test_{invent('stripe')}"),
    }
    mail_password = journey.plant("mail server's password", invent("mail"))
    settings["MAIL_URL"] = f"smtp://payapp:{mail_password}@localhost:{free_port()}"  # nobody listens: it is tried again
    return Stack(
        database_url,
        folder,
        settings=settings,
        webhook_secret=journey.plant("webhook secret", f"whsec_{invent('webhook')}"),
        application="tests.journeys.crashing_app:app",
        with_job_worker=True,
    )


def walk(person: Walk) -> None:
    person.sign_up_and_log_in()
    person.buy_and_spend()
    person.use_api()
    person.use_second_factor()
    person.send_webhooks()
    person.go_wrong()
    person.operate()
    person.lose_the_database()


def logs_of(stack: Stack) -> dict[str, str]:
    """Return what payapp's own processes have written."""
    return {path.name: path.read_text() for path in stack.folder.glob("*.log") if path.name != "stripe.log"}


def test_no_answer_shows_one_that_is_not_meant_to(walked: tuple[Stack, Journey]) -> None:
    _, journey = walked
    assert journey.find_in_answers() == []
    assert len(journey.answers) > 40
    assert len(journey.canaries) >= 25


def test_no_log_has_one(walked: tuple[Stack, Journey]) -> None:
    stack, journey = walked
    logs = logs_of(stack)
    assert journey.find_in_texts(logs) == []
    assert {"web.log", "worker.log"} <= set(logs)
    assert "Traceback" in logs["web.log"], "the crashes were logged"


def test_no_command_prints_one(walked: tuple[Stack, Journey]) -> None:
    _, journey = walked
    assert journey.find_in_texts(journey.printed) == []
    assert all(journey.printed.values())


def test_no_column_and_no_job_has_one(walked: tuple[Stack, Journey]) -> None:
    stack, journey = walked
    assert journey.find_in_database(stack.database_url) == []
    files = [path for path in stack.folder.iterdir() if path.is_file() and not path.name.startswith(STAND_INS_OWN)]
    database = make_url(stack.database_url).database or ""
    files += Path(database).parent.glob("payapp.db*") if stack.database_url.startswith("sqlite") else []
    assert journey.find_in_files([path for path in files if path.name != "stripe.log"]) == []
    assert files


def test_the_passwords_of_people_are_in_no_log_even_as_hashes(walked: tuple[Stack, Journey]) -> None:
    """Nor is anything else of somebody's row, when the database refuses a change of it and says why."""
    stack, _ = walked
    for name, content in logs_of(stack).items():
        assert "$argon2" not in content, name
        assert EMAIL not in content, name


def test_a_canary_that_got_out_is_found(walked: tuple[Stack, Journey], tmp_path: Path) -> None:
    _, journey = walked
    bird = journey.canaries["card number"].value
    found = Journey({"card": journey.canaries["card number"]})
    found.answers.append(("buy", "text/html", f"<p>{bird}</p>".encode()))
    assert found.find_in_answers() == ["card number in the answer to: buy"]
    assert found.find_in_texts({"web.log": f"paid by {bird.encode().hex()}"}) == ["card number in web.log"]
    engine = create_engine(f"sqlite:///{tmp_path}/a.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE notes (id INTEGER, note TEXT)"))
        connection.execute(text("INSERT INTO notes VALUES (1, :note)"), {"note": f"card {bird}"})
    engine.dispose()
    assert found.find_in_database(f"sqlite:///{tmp_path}/a.db") == ["card number in notes.note"]
    assert found.find_in_files([tmp_path / "a.db"]) == ["card number in a.db"]
