"""A Stripe in this process for reconcile(): the wall's methods over plain JSON, and books that agree with it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import expire_checkout, fail_checkout, fulfill_checkout
from payapp.billing.models import Purchase
from payapp.billing.reconciliation import Discrepancy, reconcile
from payapp.billing.returns.clawbacks import record_dispute, record_refund
from payapp.database.base import Base
from payapp.ledger.balances import get_balance
from payapp.ledger.verification import verify
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import (
    CheckoutSession,
    MalformedObjectError,
    Page,
    StripeRefusedError,
    StripeUnavailableError,
)
from payapp.stripe_types.returns import Dispute, Refund
from tests.factories import checkout_session_object, dispute_object, make_purchase, make_user, refund_object

PAGE_SIZE = 100


class FakeStripe(StripeService):
    """Stripe's lists and objects as JSON, by kind and id; newest last. `asked` counts the calls.

    Nobody may ask it while a transaction of `session` is open: Stripe may be slow, and locks would wait for it.
    """

    def __init__(self) -> None:
        super().__init__("sk_test_fake", [])
        self.objects: dict[str, dict[str, dict[str, Any]]] = {"session": {}, "refund": {}, "dispute": {}}
        self.session: Session | None = None
        self.is_down = False
        self.asked: list[str] = []
        self.on_page: Callable[[str], None] = lambda kind: None

    def add(self, kind: str, told: dict[str, Any]) -> dict[str, Any]:
        self.objects[kind][told["id"]] = {"created": int(datetime.now(UTC).timestamp())} | told
        return self.objects[kind][told["id"]]

    def list_checkout_sessions(self, since: datetime | None = None) -> Iterator[Page[CheckoutSession]]:
        return self._list("session", CheckoutSession.from_object, since)

    def list_refunds(self, since: datetime | None = None) -> Iterator[Page[Refund]]:
        return self._list("refund", Refund.from_object, since)

    def list_disputes(self, since: datetime | None = None) -> Iterator[Page[Dispute]]:
        return self._list("dispute", Dispute.from_object, since)

    def get_checkout_session(
        self, checkout_session_id: str, *, is_quick: bool = False, with_payment: bool = False
    ) -> CheckoutSession:
        return CheckoutSession.from_object(self._get("session", checkout_session_id))

    def get_refund(self, refund_id: str) -> Refund:
        return Refund.from_object(self._get("refund", refund_id))

    def get_dispute(self, dispute_id: str) -> Dispute:
        return Dispute.from_object(self._get("dispute", dispute_id))

    def _get(self, kind: str, stripe_id: str) -> dict[str, Any]:
        self._answer(stripe_id)
        try:
            return self.objects[kind][stripe_id]
        except KeyError:
            raise StripeRefusedError(f"No such {kind}: {stripe_id}", "resource_missing") from None

    def _list(self, kind: str, read: Callable[[dict[str, Any]], Any], since: datetime | None) -> Iterator[Page[Any]]:
        first = since.timestamp() if since else 0
        told = [one for one in reversed(self.objects[kind].values()) if one["created"] >= first]
        for start in range(0, max(len(told), 1), PAGE_SIZE):
            self._answer(kind)
            page: Page[Any] = Page([], [])
            for one in told[start : start + PAGE_SIZE]:
                try:
                    page.items.append(read(one))
                except MalformedObjectError:
                    page.unreadable.append(one["id"])
            self.on_page(kind)
            yield page

    def _answer(self, what: str) -> None:
        assert self.session is None or not self.session.in_transaction()
        self.asked.append(what)
        if self.is_down:
            raise StripeUnavailableError("nobody answers")


class Town:
    """Purchases of one user, and a Stripe that knows them; a method named after what happens at both."""

    def __init__(self, session: Session, stripe: FakeStripe | None = None) -> None:
        self.session, self.stripe = session, stripe or FakeStripe()
        self.stripe.session = session
        self.user = make_user(session)

    def buy(self, *, is_told: bool = True, **told: Any) -> Purchase:
        """Pay a purchase at Stripe; `is_told`: with us, too. `told` changes the Checkout session."""
        purchase = make_purchase(self.session, self.user, completed_at=datetime.now(UTC))
        self.put(purchase, **told)
        if is_told:
            fulfill_checkout(self.session, self.read(purchase))
            self.session.commit()
        return purchase

    def put(self, purchase: Purchase, **told: Any) -> dict[str, Any]:
        """Let Stripe say something else of the purchase's Checkout session."""
        return self.stripe.add("session", checkout_session_object(purchase, **told))

    def read(self, purchase: Purchase) -> CheckoutSession:
        return CheckoutSession.from_object(self.stripe.objects["session"][str(purchase.stripe_checkout_session_id)])

    def expire(self, purchase: Purchase) -> None:
        self.put(purchase, status="expired", payment_status="unpaid", payment_intent=None)
        expire_checkout(self.session, self.read(purchase))
        self.session.commit()

    def fail(self, purchase: Purchase) -> None:
        intent = {"id": f"pi_test_{purchase.id}", "status": "requires_payment_method"}
        self.put(purchase, payment_status="unpaid", payment_intent=intent)
        fail_checkout(self.session, self.read(purchase))
        self.session.commit()

    def refund(self, purchase: Purchase, amount: int, *, is_told: bool = True, **told: Any) -> Refund:
        refund_id = told.pop("id", f"re_{purchase.id}_{len(self.stripe.objects['refund'])}")
        refund = Refund.from_object(
            self.stripe.add("refund", refund_object(purchase, refund_id, amount=amount, **told))
        )
        if is_told:
            record_refund(self.session, refund, livemode=False)
            self.session.commit()
        return refund

    def dispute(
        self, purchase: Purchase, status: str = "needs_response", *, is_told: bool = True, **told: Any
    ) -> Dispute:
        dispute = Dispute.from_object(self.stripe.add("dispute", dispute_object(purchase, status, **told)))
        if is_told:
            record_dispute(self.session, dispute)
            self.session.commit()
        return dispute

    def find(self, since: datetime | None = None) -> list[Discrepancy]:
        """Return what reconcile() finds now."""
        self.session.rollback()
        return list(reconcile(self.session, self.stripe, since=since))

    def find_one(self, since: datetime | None = None) -> Discrepancy:
        [found] = self.find(since)
        return found

    def repair(self, since: datetime | None = None) -> list[str]:
        """Apply every remedy as the command does; return the kinds."""
        self.session.rollback()
        kinds: list[str] = []
        for found in reconcile(self.session, self.stripe, since=since):
            assert not self.session.in_transaction()
            if found.remedy is not None:
                found.remedy(self.session)
                self.session.commit()
                kinds.append(found.kind)
        return kinds


def summary(found: Discrepancy) -> tuple[Any, ...]:
    return found.kind, found.purchase_id, found.user_id, found.amount, found.currency, found.credits


def credits_of(town: Town) -> int:
    town.session.rollback()
    return get_balance(town.session, town.user.id).posted


def change(town: Town, purchase: Purchase, **values: Any) -> None:
    """Edit a purchase by hand."""
    town.session.execute(update(Purchase).where(Purchase.id == purchase.id).values(**values))
    town.session.commit()


def repairs(town: Town, kind: str) -> bool:
    """Whether exactly this is repaired, and then nothing is left, in the book as well."""
    assert town.repair() == [kind]
    return town.find() == [] and verify(town.session) == []


def rows_of(session: Session) -> dict[str, Any]:
    """Return every row of every table, so that a run that writes anything at all is noticed."""
    session.rollback()
    rows = {name: session.execute(text(f"SELECT * FROM {name} ORDER BY 1")).all() for name in Base.metadata.tables}
    session.rollback()
    return rows
