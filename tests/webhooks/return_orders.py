"""Letters about one payment, whose story is one: told in every order, it ends in one balance."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase
from payapp.database.clock import utc_now
from payapp.stripe_types.objects import Event
from payapp.webhooks.handlers import HANDLERS
from tests.factories import charge_object, checkout_session_object, dispute_object, refund_object

Letter = tuple[str, dict[str, Any]]

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

    @property
    def answers(self) -> set[str]:
        """What may be answered to one of the letters."""
        return {"processed\n", "ignored\n"}

    def letters(self, purchase: Purchase) -> list[Letter]:
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


@dataclass(frozen=True)
class Turning(Scenario):
    """A dispute that is decided more than once: each time it is closed, and then the money follows."""

    turns: tuple[str, ...] = ()

    @property
    def answers(self) -> set[str]:
        """Before any money is back nobody can tell whether `lost` or `won` came last."""
        return super().answers | ({"quarantined\n"} if self.turns[0] == "lost" else set())

    def letters(self, purchase: Purchase) -> list[Letter]:
        """Return the payment, a refund where there is one, and each turn of the bank's."""
        letters = [("checkout.session.completed", checkout_session_object(purchase))]
        if self.refunded:
            letters.append(("refund.created", refund_object(purchase, amount=self.refunded)))
        moved = [{"amount": -self.disputed}]
        letters.append(("charge.dispute.created", self._dispute(purchase, "needs_response", moved)))
        for status in self.turns:
            letters.append(("charge.dispute.closed", self._dispute(purchase, status, moved)))
            if status == "won":
                moved = [*moved, {"amount": self.disputed}]
                letters.append(("charge.dispute.funds_reinstated", self._dispute(purchase, status, moved)))
            elif len(moved) > 1:
                moved = [*moved, {"amount": -self.disputed}]
                letters.append(("charge.dispute.funds_withdrawn", self._dispute(purchase, status, moved)))
        return letters

    def _dispute(self, purchase: Purchase, status: str, moved: list[dict[str, int]]) -> dict[str, Any]:
        return dispute_object(purchase, status, amount=self.disputed, balance_transactions=moved)


SCENARIOS = [
    Scenario("partial and won", 1000, 1500, "won"),
    Scenario("partial and lost", 1000, 1500, "lost"),
    Scenario("full and won", PAID, PAID, "won"),
    Scenario("full and lost", PAID, PAID, "lost"),
    Turning("won, then lost", 0, PAID, "lost", ("won", "lost")),
    Turning("won, then lost, and a refund", 1000, 1500, "lost", ("won", "lost")),
    Turning("won, lost, won", 0, 1500, "won", ("won", "lost", "won")),
    Turning("lost, then won", 0, PAID, "won", ("lost", "won")),
    Turning("lost, won, lost", 0, PAID, "lost", ("lost", "won", "lost")),
]


def tell(session: Session, letter: Letter) -> None:
    """Let the handler of the letter's type have it, under an event id of its own; what is for staff moves nothing."""
    event_type, snapshot = letter
    with suppress(QuarantineError), session.begin_nested():
        HANDLERS[event_type](session, Event("evt_any", event_type, False, utc_now(), snapshot, ""))
