"""The faults that reconcile() must name; how each is planted stands in planted.py."""

from payapp.billing.reconciliation import Kind
from tests.billing import planted
from tests.billing.planted import Plant, edit, user_change

# what it is called → the kind that must be named for its user, and how it is planted
FAULTS: dict[str, tuple[Kind, Plant]] = {
    "paid, never told": ("missing_grant", planted.paid),
    "paid after it had expired with us": ("missing_grant", planted.paid_after_it_expired),
    "paid after it had failed with us": ("missing_grant", planted.paid_after_it_failed),
    "paid, its session lost": ("missing_grant", planted.paid_and_its_session_lost),
    "grant deleted": ("missing_grant", planted.grant_deleted),
    "fulfilled by hand": ("missing_grant", planted.fulfilled_and_never_paid),
    "set back to pending": ("missing_grant", edit("status = 'pending', fulfilled_at = NULL")),
    "paid, its row lost": ("missing_purchase", planted.paid_and_its_row_lost),
    "granted, its row lost": (
        "missing_purchase",
        lambda scene: [f"DELETE FROM purchases WHERE id = {scene.purchase.id}"],
    ),
    "its session unknown to it": ("missing_session", edit("stripe_checkout_session_id = NULL")),
    "expired, never told": ("stuck_pending", planted.expired),
    "slow payment failed, never told": ("stuck_pending", planted.slow_payment_failed),
    "slow payment begun, never told": ("stuck_pending", planted.slow_payment_begun),
    "granted, and expired at Stripe": ("unpaid_grant", planted.session_expired),
    "fulfilled by hand, never paid": ("unpaid_grant", planted.fulfilled_and_never_paid),
    "refunded, never told": ("missing_refund", planted.refunded),
    "refund failed, never told": ("missing_refund", planted.refund_failed),
    "refund deleted": (
        "missing_refund",
        lambda scene: [f"DELETE FROM refunds WHERE stripe_refund_id = '{scene.refund_id}'"],
    ),
    "disputed, never told": ("missing_dispute", planted.disputed),
    "dispute won, never told": ("missing_dispute", planted.dispute_won),
    "dispute's amount grown, never told": ("missing_dispute", planted.dispute_amount_grown),
    "dispute deleted": ("missing_dispute", planted.dispute_deleted),
    "more credits in the row": ("disagreement", edit("credits = 5000")),
    "another amount in the row": ("disagreement", edit("amount_total = 39")),
    "another currency in the row": ("disagreement", edit("currency = 'eur'")),
    "another mode in the row": ("disagreement", edit("livemode = true")),
    "another customer in the row": ("disagreement", edit("stripe_customer_id = 'cus_other'")),
    "another payment in the row": ("disagreement", edit("stripe_payment_intent_id = 'pi_wrong'")),
    "another package in the row": ("disagreement", edit("package_id = 'pro'")),
    "another session in the row": ("disagreement", edit("stripe_checkout_session_id = 'cs_wrong'")),
    "another user in the row": ("disagreement", edit("user_id = (SELECT MIN(id) FROM users)")),
    "another amount in the refund": ("disagreement", lambda scene: scene.change_refund("amount = 1")),
    "refund set to failed": ("disagreement", lambda scene: scene.change_refund("status = 'failed'")),
    "another currency in the refund": ("disagreement", lambda scene: scene.change_refund("currency = 'eur'")),
    "refund moved to another payment": ("disagreement", planted.refund_moved_to_another_payment),
    "dispute set to won": ("disagreement", planted.dispute_set_to_won),
    "session gone at Stripe": ("unknown_at_stripe", planted.session_gone),
    "refund gone at Stripe": ("unknown_at_stripe", planted.refund_gone),
    "dispute invented": ("unknown_at_stripe", planted.dispute_invented),
    "more granted than bought": (
        "wrong_grant",
        lambda scene: [*scene.change_grant("amount = 501"), *user_change("credits = credits + 1")(scene)],
    ),
    "granted as something else": (
        "wrong_grant",
        lambda scene: scene.change_grant("entry_type = 'adjustment', category = NULL"),
    ),
    "granted for a number that is no purchase": (
        "extra_grant",
        lambda scene: scene.entry(500, "grant", f"purchase:9{scene.user_id:08}"),
    ),
    "granted for a text": ("extra_grant", lambda scene: scene.entry(500, "grant", f"purchase:x{scene.user_id}")),
    "claw-back deleted": ("wrong_clawback", planted.clawback_deleted),
    "claw-back made smaller": (
        "wrong_clawback",
        lambda scene: [*scene.change_clawback("amount = -1"), *user_change("credits = credits + 124")(scene)],
    ),
    "taken back twice": (
        "wrong_clawback",
        lambda scene: scene.entry(-125, "clawback", f"repair:{scene.purchase.id}:9", corrects=True),
    ),
    "given back by hand": (
        "wrong_clawback",
        lambda scene: scene.entry(125, "reinstatement", f"repair:{scene.purchase.id}:9", corrects=True),
    ),
    "charge invented": ("wrong_clawback", planted.charge_invented),
    "gift without a cause": ("unknown_cause", lambda scene: scene.entry(50, "grant", f"gift:{scene.user_id}")),
    "grant renamed": ("unknown_cause", lambda scene: scene.change_grant(f"idempotency_key = 'x:{scene.user_id}'")),
    "claw-back for a refund that never was": (
        "unknown_cause",
        lambda scene: scene.entry(-5, "clawback", f"refund:re_never_{scene.user_id}", corrects=True),
    ),
    "adjustment in a capture's name": (
        "unknown_cause",
        lambda scene: scene.entry(-5, "adjustment", f"capture:{scene.user_id:09}"),
    ),
    "stale balance": ("ledger", user_change("credits = credits + 1")),
    "stale held credits": ("ledger", user_change("credits_held = 1")),
    "another balance in the entry": ("ledger", lambda scene: scene.change_grant("balance_after = 1")),
    "hold invented": ("ledger", planted.hold_invented),
}
