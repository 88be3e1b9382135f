"""Rows by the million, made by the database itself, and the Checkout sessions that Stripe would keep of them.

Everything follows from a number: user 7 is u7@example.com, customer cus_7; purchase 41 is of the package "growth", its
session is cs_test_41 and its payment pi_41.
"""

from typing import Any

MADE_AT = 1_790_000_000
CREDITS = 500
AMOUNT_TOTAL = 3900


def number_rows(first: int, last: int) -> str:
    """Return SQL, for both engines, for a table `numbers` whose column `n` goes from `first` to `last`."""
    series = f"WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers"
    return f"({series} WHERE n < {last}) SELECT n FROM numbers) AS numbers"


def insert_users(source: str, credits: str = "0") -> str:
    """Return the INSERT of a user for every `n` of `source`, known to Stripe; `credits` are entered by the caller."""
    return (
        "INSERT INTO users (id, email, password_hash, credits, credits_held, stripe_customer_id,"
        " stripe_customer_key, stripe_customer_email, created_at)"
        f" SELECT n, 'u' || n || '@example.com', 'none', {credits}, 0,"
        f" 'cus_' || n, 'customer:' || n, 'u' || n || '@example.com', CURRENT_TIMESTAMP FROM {source}"
    )


def insert_purchases(source: str, number: str, user: str, moment: str = "CURRENT_TIMESTAMP") -> str:
    """Return the INSERT of a fulfilled purchase for every row of `source`; its grant is entered by the caller."""
    return (
        "INSERT INTO purchases (id, user_id, package_id, credits, amount_total, currency, livemode, status,"
        " stripe_customer_id, stripe_checkout_key, stripe_checkout_session_id, stripe_payment_intent_id,"
        " checkout_expires_at, created_at, completed_at, fulfilled_at)"
        f" SELECT {number}, {user}, 'growth', {CREDITS}, {AMOUNT_TOTAL}, 'usd', false, 'fulfilled', 'cus_' || ({user}),"
        f" 'checkout:' || ({number}), 'cs_test_' || ({number}), 'pi_' || ({number}),"
        f" {moment}, {moment}, {moment}, {moment} FROM {source}"
    )


def make_checkout_session(number: int, user_id: int) -> dict[str, Any]:
    """Return what Stripe tells of the purchase's Checkout session: it is paid, and all is as we keep it."""
    sent = {"userId": str(user_id), "credits": str(CREDITS), "packageId": "growth", "purchaseId": str(number)}
    return {
        "id": f"cs_test_{number}",
        "object": "checkout.session",
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "url": None,
        "customer": f"cus_{user_id}",
        "client_reference_id": str(number),
        "amount_total": AMOUNT_TOTAL,
        "currency": "usd",
        "livemode": False,
        "payment_intent": {"id": f"pi_{number}", "status": "succeeded"},
        "expires_at": MADE_AT,
        "metadata": {**sent, "app": "payapp"},
    }
