"""Granting a purchase as one PostgreSQL statement; see database/one_statement.py and ledger/one_statement.py.

The ordinary case only: the Checkout session is paid, the purchase is known by it, agrees with it, is not granted yet,
and nobody has told of money that went back. For everything else there is fulfill_checkout().
"""

import json
from collections.abc import Mapping
from typing import Any

from payapp.billing.checkout.fulfillment import name_package
from payapp.billing.models import GRANT_KEY_PREFIX
from payapp.billing.packages import PACKAGES
from payapp.database.clock import utc_now
from payapp.ledger.one_statement import GRANT, Part
from payapp.stripe_types.objects import CheckoutSession

AGREES = """
    purchases.stripe_checkout_session_id = %(checkout_session_id)s::varchar
    AND purchases.stripe_customer_id = %(customer_id)s AND purchases.amount_total = %(amount_total)s
    AND purchases.currency = %(currency)s AND purchases.livemode = %(livemode)s AND purchases.status <> 'fulfilled'"""
NOTES = json.dumps({package.id: name_package(package.id) for package in PACKAGES})

# The payment is locked, and asked after, by a function: it sees what was committed until it has the lock.
FULFILL = Part(
    is_possible=f"EXISTS (SELECT FROM purchases WHERE {AGREES})",  # nosec B608  # only constants
    steps=f"""
payment AS MATERIALIZED (
    SELECT lock_payment_and_ask_for_returns(%(payment_intent_id)s::varchar) AS has_returns FROM asked
), paid AS (
    UPDATE purchases
    SET status = 'fulfilled', stripe_payment_intent_id = %(payment_intent_id)s::varchar, fulfilled_at = %(now)s,
        completed_at = coalesce(completed_at, %(now)s)
    FROM payment WHERE NOT payment.has_returns AND {AGREES}
    RETURNING user_id, credits, '{GRANT_KEY_PREFIX}' || purchases.id AS idempotency_key,
              coalesce(%(notes)s::jsonb ->> package_id, %(note)s) AS note
), {GRANT.steps}""",  # nosec B608  # only constants
    tells=GRANT.tells,
)


def fulfill_values(checkout_session: CheckoutSession) -> Mapping[str, Any] | None:
    """Return the values of FULFILL; None for a session that does not simply say that it was paid."""
    states = (checkout_session.mode, checkout_session.status, checkout_session.payment_status)
    if states != ("payment", "complete", "paid") or checkout_session.payment_intent_id is None:
        return None
    return {
        "checkout_session_id": checkout_session.id,
        "customer_id": checkout_session.customer_id,
        "amount_total": checkout_session.amount_total,
        "currency": checkout_session.currency,
        "livemode": checkout_session.livemode,
        "payment_intent_id": checkout_session.payment_intent_id,
        "notes": NOTES,
        "note": name_package(None),
        "now": utc_now(),
    }
