"""Faults for reconcile() to find, one for each user: planted by hand, or by what Stripe knows and we were never told.

A fault is a function of a purchase of 500 credits for 39.00 that is paid and granted, with a refund of a quarter. It
returns the SQL that does the damage, past the ledger's guards.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.ledger.guards import SQLITE_GUARDS
from tests.billing.reconciling import Town
from tests.factories import make_purchase

QUARTER = 975
GUARDED = "ALTER TABLE ledger_entries"


@dataclass(frozen=True)
class Scene:
    """A user of their own: `purchase` is granted, and 125 of its 500 credits were taken back with `refund_id`."""

    town: Town
    purchase: Purchase
    refund_id: str

    @property
    def user_id(self) -> int:
        return self.purchase.user_id

    def edit(self, changes: str) -> list[str]:
        """The purchase's row, changed."""
        return [f"UPDATE purchases SET {changes} WHERE id = {self.purchase.id}"]

    def entry(self, amount: int, entry_type: str, key: str, *, corrects: bool = False) -> list[str]:
        """An entry that the ledger's own laws have nothing against, for the balance is raised with it."""
        grant = f"(SELECT id FROM ledger_entries WHERE idempotency_key = 'purchase:{self.purchase.id}')"
        posted = f"(SELECT credits FROM users WHERE id = {self.user_id})"
        return [
            f"UPDATE users SET credits = credits + {amount} WHERE id = {self.user_id}",
            "INSERT INTO ledger_entries (user_id, amount, balance_after, entry_type, idempotency_key,"
            " corrects_entry_id, created_at) VALUES"
            f" ({self.user_id}, {amount}, {posted}, '{entry_type}', '{key}',"
            f" {grant if corrects else 'NULL'}, CURRENT_TIMESTAMP)",
        ]

    def change_grant(self, changes: str) -> list[str]:
        return [f"UPDATE ledger_entries SET {changes} WHERE idempotency_key = 'purchase:{self.purchase.id}'"]

    def change_refund(self, changes: str) -> list[str]:
        return [f"UPDATE refunds SET {changes} WHERE stripe_refund_id = '{self.refund_id}'"]

    def change_clawback(self, changes: str) -> list[str]:
        return [f"UPDATE ledger_entries SET {changes} WHERE idempotency_key = 'refund:{self.refund_id}'"]


Plant = Callable[[Scene], list[str]]


def set_scene(town: Town) -> Scene:
    purchase = town.buy()
    return Scene(town, purchase, town.refund(purchase, QUARTER).id)


# ---- what we were never told


def paid(scene: Scene) -> list[str]:
    scene.town.buy(is_told=False)
    return []


def paid_after_it_expired(scene: Scene) -> list[str]:
    purchase = scene.town.buy(is_told=False)
    return [f"UPDATE purchases SET status = 'expired' WHERE id = {purchase.id}"]


def paid_after_it_failed(scene: Scene) -> list[str]:
    purchase = scene.town.buy(is_told=False)
    return [f"UPDATE purchases SET status = 'failed' WHERE id = {purchase.id}"]


def paid_and_its_session_lost(scene: Scene) -> list[str]:
    purchase = scene.town.buy(is_told=False)
    return [f"UPDATE purchases SET stripe_checkout_session_id = NULL WHERE id = {purchase.id}"]


def paid_and_its_row_lost(scene: Scene) -> list[str]:
    purchase = scene.town.buy(is_told=False)
    return [f"DELETE FROM purchases WHERE id = {purchase.id}"]


def expired(scene: Scene) -> list[str]:
    purchase = make_purchase(scene.town.session, scene.town.user)
    scene.town.put(purchase, status="expired", payment_status="unpaid", payment_intent=None)
    return []


def slow_payment_failed(scene: Scene) -> list[str]:
    purchase = make_purchase(scene.town.session, scene.town.user)
    intent = {"id": f"pi_test_{purchase.id}", "status": "requires_payment_method"}
    scene.town.put(purchase, payment_status="unpaid", payment_intent=intent)
    return []


def slow_payment_begun(scene: Scene) -> list[str]:
    purchase = make_purchase(scene.town.session, scene.town.user)
    intent = {"id": f"pi_test_{purchase.id}", "status": "processing"}
    scene.town.put(purchase, payment_status="unpaid", payment_intent=intent)
    return []


def refunded(scene: Scene) -> list[str]:
    scene.town.refund(scene.purchase, QUARTER, is_told=False, status="pending")
    return []


def refund_failed(scene: Scene) -> list[str]:
    scene.town.refund(scene.purchase, QUARTER, is_told=False, status="failed", id=scene.refund_id)
    return []


def disputed(scene: Scene) -> list[str]:
    scene.town.dispute(scene.purchase, is_told=False)
    return []


def dispute_won(scene: Scene) -> list[str]:
    scene.town.dispute(scene.purchase)
    scene.town.dispute(scene.purchase, "won", is_told=False)
    return []


def dispute_amount_grown(scene: Scene) -> list[str]:
    scene.town.dispute(scene.purchase, amount=1000)
    scene.town.dispute(scene.purchase, amount=2000, is_told=False)
    return []


# ---- rows edited or deleted by hand


def fulfilled_and_never_paid(scene: Scene) -> list[str]:
    purchase = make_purchase(scene.town.session, scene.town.user)
    scene.town.put(purchase, status="open", payment_status="unpaid", payment_intent=None)
    changes = "status = 'fulfilled', fulfilled_at = created_at"
    return [f"UPDATE purchases SET {changes} WHERE id = {purchase.id}"]


def session_gone(scene: Scene) -> list[str]:
    del scene.town.stripe.objects["session"][str(scene.purchase.stripe_checkout_session_id)]
    return []


def session_expired(scene: Scene) -> list[str]:
    scene.town.put(scene.purchase, status="expired", payment_status="unpaid")
    return []


def refund_gone(scene: Scene) -> list[str]:
    del scene.town.stripe.objects["refund"][scene.refund_id]
    return []


def dispute_invented(scene: Scene) -> list[str]:
    scene.town.dispute(scene.purchase, "lost", amount=100)
    del scene.town.stripe.objects["dispute"][f"dp_test_{scene.purchase.id}"]
    return []


def dispute_set_to_won(scene: Scene) -> list[str]:
    scene.town.dispute(scene.purchase, "lost")
    return [f"UPDATE disputes SET status = 'won' WHERE stripe_dispute_id = 'dp_test_{scene.purchase.id}'"]


def dispute_deleted(scene: Scene) -> list[str]:
    scene.town.dispute(scene.purchase, "lost")
    return [f"DELETE FROM disputes WHERE stripe_dispute_id = 'dp_test_{scene.purchase.id}'"]


def refund_moved_to_another_payment(scene: Scene) -> list[str]:
    other = scene.town.buy()
    return scene.change_refund(f"stripe_payment_intent_id = 'pi_test_{other.id}'")


def grant_deleted(scene: Scene) -> list[str]:
    """With its claw-back, and the balance to match: the ledger's own laws still hold."""
    key = f"'purchase:{scene.purchase.id}', 'refund:{scene.refund_id}'"
    return [
        f"DELETE FROM ledger_entries WHERE idempotency_key IN ({key})",
        f"UPDATE users SET credits = credits - 375 WHERE id = {scene.user_id}",
    ]


def clawback_deleted(scene: Scene) -> list[str]:
    return [
        f"DELETE FROM ledger_entries WHERE idempotency_key = 'refund:{scene.refund_id}'",
        f"UPDATE users SET credits = credits + 125 WHERE id = {scene.user_id}",
    ]


def charge_invented(scene: Scene) -> list[str]:
    number = scene.purchase.id
    return [
        "INSERT INTO charges (stripe_charge_id, stripe_payment_intent_id, amount_refunded, currency, livemode,"
        f" updated_at) VALUES ('ch_{number}', 'pi_test_{number}', 3900, 'usd', false, CURRENT_TIMESTAMP)"
    ]


def hold_invented(scene: Scene) -> list[str]:
    return [
        "INSERT INTO holds (user_id, amount, status, feature, expires_at, created_at) VALUES"
        f" ({scene.user_id}, 5, 'open', 'test', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
    ]


def plant(session: Session, statements: list[str]) -> None:
    """Run the statements with the guards out of the way, and bring those back. Commits."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    guards = [name for name in SQLITE_GUARDS if name.startswith("ledger_entries")]
    take_away = [f"DROP TRIGGER {name}" for name in guards] if is_sqlite else [f"{GUARDED} DISABLE TRIGGER USER"]
    bring_back = [SQLITE_GUARDS[name] for name in guards] if is_sqlite else [f"{GUARDED} ENABLE TRIGGER USER"]
    for statement in (*take_away, *statements, *bring_back):
        session.connection().exec_driver_sql(statement)
    session.commit()


def user_change(changes: str) -> Plant:
    return lambda scene: [f"UPDATE users SET {changes} WHERE id = {scene.user_id}"]


def edit(changes: str) -> Plant:
    return lambda scene: scene.edit(changes)
