"""What the benchmark begins with: buyers with pending purchases, spenders who are logged in, and their requests."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from bench.load import CONNECTIONS, Requests, render_request
from payapp import create_app
from payapp.auth.accounts import hasher
from payapp.auth.models import User
from payapp.billing.models import Purchase
from payapp.billing.packages import get_package
from payapp.clock import utc_now
from payapp.extensions import db
from tests.factories import checkout_session_object, event_payload, make_user, signature_of
from tests.journeys.person import PASSWORD, Person

# Many buyers, so that grants seldom wait for each other's row; one spender a connection, for the same reason.
BUYERS = 100
SPENDERS = CONNECTIONS
SPENDER_CREDITS = 1_000_000


@dataclass(frozen=True)
class Seeds:
    """Purchases that no event has told of yet, and people with credits to spend."""

    purchases: list[Purchase]
    spenders: list[str]

    def take_webhooks(self, each: int) -> list[Requests]:
        """Return a batch of `each` signed events for every connection; every event pays another purchase."""
        return [[_webhook(self.purchases.pop()) for _ in range(each)] for _ in range(CONNECTIONS)]


def seed(database_url: str, folder: Path, purchases: int) -> Seeds:
    """Fill the fresh, migrated database."""
    app = create_app({"DATABASE_URL": database_url, "PAYAPP_INSTANCE_PATH": str(folder)})
    with app.app_context():
        session = db.session()
        buyers = [make_user(session) for _ in range(BUYERS)]
        password_hash = hasher.hash(PASSWORD)
        spenders = [
            make_user(session, credits=SPENDER_CREDITS, password_hash=password_hash).email for _ in range(SPENDERS)
        ]
        seeds = Seeds(_make_purchases(session, buyers, purchases), spenders)
        db.engine.dispose()
    return seeds


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


def make_page_request(person: Person, path: str) -> bytes:
    """Return the request for a page, as the person's browser sends it."""
    return render_request("GET", path, {"Cookie": _cookie(person)})


def _webhook(purchase: Purchase) -> bytes:
    event = event_payload("checkout.session.completed", checkout_session_object(purchase))
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


def _cookie(person: Person) -> str:
    return f"session={person.http.cookies['session']}"
