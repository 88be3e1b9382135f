"""What the benchmark begins with: buyers with pending purchases, spenders who are logged in, and their requests."""

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

from sqlalchemy.orm import Session

from bench.load import CONNECTIONS, HOLD_ID, Requests, render_request
from payapp import create_app
from payapp.auth.api_keys import create_api_key
from payapp.auth.models import User
from payapp.billing.models import Purchase
from payapp.billing.packages import get_package
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.ledger.holds import spend
from tests.factories import checkout_session_object, event_payload, make_user, signature_of
from tests.journeys.person import PASSWORD, Person
from tests.quick_hashes import QUICK_HASHER

# Many buyers, so that grants seldom wait for each other's row; one spender a connection, for the same reason.
BUYERS = 100
SPENDERS = CONNECTIONS
SPENDER_CREDITS = 1_000_000
REGULAR_USES = 300  # ten a day for a month
SPEND = {"amount": 1, "feature": "bench"}


@dataclass(frozen=True)
class Seeds:
    """Purchases that no event has told of yet, and people with credits to spend: addresses and API keys.

    `regular` is the address of a customer as most are, who does nothing while the servers are under load.
    """

    purchases: list[Purchase]
    regular: str
    spenders: list[str]
    api_keys: list[str]

    def take_webhooks(self, each: int) -> list[Requests]:
        """Return a batch of `each` signed events for every connection; every event pays another purchase."""
        return [[_webhook(self.purchases.pop()) for _ in range(each)] for _ in range(CONNECTIONS)]


def seed(database_url: str, folder: Path, purchases: int) -> Seeds:
    """Fill the fresh, migrated database."""
    app = create_app({"DATABASE_URL": database_url, "PAYAPP_INSTANCE_PATH": str(folder)})
    with app.app_context():
        session = db.session()
        buyers = [make_user(session) for _ in range(BUYERS)]
        password_hash = QUICK_HASHER.hash(PASSWORD)
        spenders = [make_user(session, credits=SPENDER_CREDITS, password_hash=password_hash) for _ in range(SPENDERS)]
        emails = [spender.email for spender in spenders]
        api_keys = [create_api_key(session, spender.id, "bench", "spend").secret for spender in spenders]
        regular = _make_regular(session, password_hash)
        seeds = Seeds(_make_purchases(session, buyers, purchases), regular, emails, api_keys)
        db.engine.dispose()
    return seeds


def _make_regular(session: Session, password_hash: str) -> str:
    user = make_user(session, credits=SPENDER_CREDITS, password_hash=password_hash)
    for _ in range(REGULAR_USES):
        spend(session, user.id, 1, feature="bench")
    session.commit()
    return user.email


def _make_purchases(session: Session, buyers: list[User], wanted: int) -> list[Purchase]:
    customers = [(buyer.id, buyer.stripe_customer_id or "") for buyer in buyers]
    purchases = [_pending_purchase(number, *customers[number % len(customers)]) for number in range(wanted)]
    session.add_all(purchases)
    session.flush()
    session.expunge_all()  # else the commit would make each forget its values
    session.commit()
    return purchases


def _pending_purchase(number: int, user_id: int, customer_id: str) -> Purchase:
    """Return a purchase whose payment is under way: of such a user may have many, of open Checkout pages only one."""
    package = get_package("growth")
    return Purchase(
        user_id=user_id,
        package_id=package.id,
        credits=package.credits,
        amount_total=package.unit_amount,
        currency=package.currency,
        livemode=False,
        stripe_customer_id=customer_id,
        stripe_checkout_session_id=f"cs_test_bench{number}",
        checkout_expires_at=utc_now(),
        completed_at=utc_now(),
    )


def log_in(app_url: str, emails: list[str]) -> list[Person]:
    """Log everybody in, through the pages."""
    people = [Person(app_url, email) for email in emails]
    for person in people:
        person.log_in()
    return people


def make_spends(people: list[Person], each: int) -> list[Requests]:
    """Return a batch for everybody: the form of the QR code page as htmx sends it, `each` times."""
    return [[_spend(person)] * each for person in people]


def make_api_spends(api_keys: list[str], each: int) -> list[Requests]:
    """Return a batch for every key: spends over the API, each with an idempotency key of its own."""
    return [[_api_request(api_key, "/spends", SPEND) for _ in range(each)] for api_key in api_keys]


def make_held_spends(api_keys: list[str], each: int) -> list[Requests]:
    """Return a batch for every key: holds over the API, each followed by its capture."""
    return [[_held_spend(api_key) for _ in range(each)] for api_key in api_keys]


def make_balance_reads(api_keys: list[str], each: int) -> list[Requests]:
    """Return a batch for every key: the account's balance, `each` times."""
    return [
        [render_request("GET", "/api/v1/balance", {"Authorization": f"Bearer {api_key}"})] * each
        for api_key in api_keys
    ]


def make_page_request(person: Person, path: str, headers: dict[str, str] | None = None) -> bytes:
    """Return the request for a page, as the person's browser sends it."""
    return render_request("GET", path, {"Cookie": _cookie(person), **(headers or {})})


def _webhook(purchase: Purchase) -> bytes:
    return sign_event(make_event(purchase))


def make_event(purchase: Purchase) -> str:
    """Return the event that tells that the purchase is paid."""
    return event_payload("checkout.session.completed", checkout_session_object(purchase))


def sign_event(event: str) -> bytes:
    """Return the request that brings an event, signed now: a signature is good for five minutes."""
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature_of(event)}
    return render_request("POST", "/webhooks/stripe", headers, event.encode())


def _spend(person: Person) -> bytes:
    form = urlencode({"csrf_token": person.csrf_token(), "text": "https://example.com/"})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "HX-Request": "true",
        "Cookie": _cookie(person),
    }
    return render_request("POST", "/features/qr-codes", headers, form.encode())


def _held_spend(api_key: str) -> tuple[bytes, bytes]:
    capture = f"/holds/{HOLD_ID.decode()}/capture"
    return _api_request(api_key, "/holds", SPEND), _api_request(api_key, capture, {})


def _api_request(api_key: str, path: str, body: dict[str, object]) -> bytes:
    headers = {
        "Authorization": f"Bearer {api_key}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid4()),
    }
    return render_request("POST", f"/api/v1{path}", headers, json.dumps(body).encode())


def _cookie(person: Person) -> str:
    return f"session={person.http.cookies['session']}"
