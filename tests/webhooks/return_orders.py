"""Seven letters about one payment, whose story is one: told in every order, it ends in one balance."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.clock import utc_now
from payapp.stripe_objects import Event
from payapp.webhooks.handlers import HANDLERS
from tests.factories import charge_object, checkout_session_object, dispute_object, refund_object

CREDITS, PAID = 500, 3900  # of the package that factories.make_purchase() takes


@dataclass(frozen=True)
class Scenario:
    """What happened: how much was refunded, how much disputed, in minor units, and how the dispute ended."""

    name: str
    refunded: int
    disputed: int
    end: str

    @property
    def credits_left(self) -> int:
        """What the ruling says, in words of its own: each share rounded down, all of it at most."""
        disputed = self.disputed if self.end == "lost" else 0
        return CREDITS - min(CREDITS, CREDITS * self.refunded // PAID + CREDITS * disputed // PAID)

    def letters(self, purchase: Purchase) -> list[tuple[str, dict[str, Any]]]:
        """Return the events' types and objects, in the order in which they happened."""
        session, disputed = checkout_session_object(purchase), self.disputed
        return [
            ("checkout.session.completed", session),
            ("checkout.session.async_payment_succeeded", session),
            ("refund.created", refund_object(purchase, amount=self.refunded, status="pending")),
            ("charge.refunded", charge_object(purchase, self.refunded)),
            ("refund.updated", refund_object(purchase, amount=self.refunded)),
            ("charge.dispute.created", dispute_object(purchase, amount=disputed)),
            ("charge.dispute.closed", dispute_object(purchase, self.end, amount=disputed)),
        ]


SCENARIOS = [
    Scenario("partial and won", 1000, 1500, "won"),
    Scenario("partial and lost", 1000, 1500, "lost"),
    Scenario("full and won", PAID, PAID, "won"),
    Scenario("full and lost", PAID, PAID, "lost"),
]


def tell(session: Session, letter: tuple[str, dict[str, Any]]) -> None:
    """Let the handler of the letter's type have it, under an event id of its own."""
    event_type, snapshot = letter
    HANDLERS[event_type](session, Event("evt_any", event_type, False, utc_now(), snapshot, ""))
