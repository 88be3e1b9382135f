"""Two sweeps at once, while the webhooks of the same objects arrive: everything happens once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.billing.checkout.starting import start_checkout
from payapp.billing.checkout.storefront import Storefront
from payapp.billing.models import Purchase
from payapp.billing.packages import PACKAGES
from payapp.database.base import writing
from payapp.ledger.models import LedgerEntry
from payapp.ledger.verification import verify
from payapp.stripe_service import StripeService
from tests.effort import pick
from tests.factories import make_user
from tests.processes import SECRET_KEY, Stack, running
from tests.stand_in import StandIn

USERS = pick(2, 8)
SWEEPS = 2
RECONCILE = ("flask", "stripe", "reconcile", "--repair")


@pytest.mark.long
def test_two_sweeps_and_the_webhooks_do_everything_once(database_url: str, tmp_path: Path, session: Session) -> None:
    with running(Stack(database_url, tmp_path, web_workers=2)) as stack, ThreadPoolExecutor() as threads:
        stand_in = StandIn(stack.stripe_url, tmp_path / "fake_stripe.sqlite3")
        stand_in.control("deliveries/hold")
        with writing():
            buy_and_refund(session, stand_in)
        assert count_of(session, "grant") == 0
        sweeps = [threads.submit(stack.run, *RECONCILE) for _ in range(SWEEPS)]
        stand_in.control("deliveries/release", order="shuffled")
        for sweep in sweeps:
            sweep.result()  # raises unless the exit status is 0
        assert stack.run(*RECONCILE) == "Stripe and our books agree.\n"
    purchases = USERS * len(PACKAGES)
    assert (count_of(session, "grant"), count_of(session, "clawback")) == (purchases, USERS)
    assert session.scalars(select(Purchase.status).distinct()).all() == ["fulfilled"]
    assert verify(session) == []


def buy_and_refund(session: Session, stand_in: StandIn) -> None:
    """Every user pays each package, and has the last one refunded in part."""
    service, storefront = StripeService(SECRET_KEY, [], stand_in.url), Storefront("https://shop.example", {})
    for _ in range(USERS):
        user_id = make_user(session, stripe_customer_id=None).id
        session.rollback()
        for package in PACKAGES:
            url = start_checkout(session, service, storefront, user_id, package)
            session.rollback()
            paid = stand_in.control(f"sessions/{url.rsplit('/', 1)[1]}/pay", outcome="paid")
        stand_in.control("refunds", payment_intent=paid["payment_intent"], amount=3300, course="succeeds")


def count_of(session: Session, entry_type: str) -> int:
    """Return how many entries of this type there are now."""
    session.rollback()
    entries = select(func.count()).select_from(LedgerEntry).where(LedgerEntry.entry_type == entry_type)
    return session.scalars(entries).one()
