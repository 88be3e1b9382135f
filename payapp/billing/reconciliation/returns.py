"""Stripe's refunds and disputes against what we keep of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.billing.reconciliation.discrepancy import Discrepancy, Kind, Remedy
from payapp.billing.returns.clawbacks import record_dispute, record_refund
from payapp.billing.returns.facts import REFUNDS, STATUSES, Fact, dispute_fact, further_state, refund_fact
from payapp.billing.returns.returned_money import DISPUTE_TAKES_MONEY, MOVEMENTS_WHEN_WON, REFUND_IS_OFF
from payapp.database.base import table_of
from payapp.stripe_types.returns import Dispute, Refund

PURCHASES = table_of(Purchase)


@dataclass(frozen=True)
class Story:
    """What Stripe tells of one refund or dispute, and how to keep it."""

    fact: Fact
    keep: Remedy


def compare_refunds(session: Session, refunds: Sequence[Refund], *, livemode: bool) -> list[Discrepancy]:
    """Return the refunds of our purchases' payments that we don't know, or know otherwise. Reads, by two statements."""
    stories = [Story(refund_fact(one, livemode), partial(_keep_refund, one, livemode)) for one in refunds]
    return _compare(session, stories)


def compare_disputes(session: Session, disputes: Sequence[Dispute]) -> list[Discrepancy]:
    """Return the disputes of our purchases' payments that we don't know, or know otherwise; like compare_refunds()."""
    return _compare(session, [Story(dispute_fact(one), partial(_keep_dispute, one)) for one in disputes])


def weigh(table: Table, state: Mapping[str, Any]) -> int:
    """Return how much money a refund or a dispute in this state has taken away, in minor units."""
    if table is REFUNDS:
        return 0 if state["status"] in REFUND_IS_OFF else int(state["amount"])
    went_again = state["status"] == "won" and state["movements"] > MOVEMENTS_WHEN_WON
    is_away = state["status"] in DISPUTE_TAKES_MONEY or went_again
    return int(state["amount"] - state["reinstated_amount"]) if is_away else 0


def _keep_refund(refund: Refund, livemode: bool, session: Session) -> object:
    return record_refund(session, refund, livemode=livemode)


def _keep_dispute(dispute: Dispute, session: Session) -> object:
    return record_dispute(session, dispute)


def _compare(session: Session, stories: Sequence[Story]) -> list[Discrepancy]:
    if not stories:
        return []
    table, id_name = stories[0].fact.table, stories[0].fact.id_name
    kept = _find(session, table, id_name, [story.fact.stripe_id for story in stories])
    payments = [story.fact.payment_intent_id for story in stories]
    purchases = _find(session, PURCHASES, "stripe_payment_intent_id", [one for one in payments if one is not None])
    found: list[Discrepancy] = []
    for story in stories:
        purchase = purchases.get(story.fact.payment_intent_id)
        if purchase is not None:  # else a stranger's, or its purchase is named by its Checkout session
            found += _compare_story(story, purchase, kept.get(story.fact.stripe_id))
    return found


def _find(session: Session, table: Table, column: str, values: Sequence[str]) -> dict[str | None, Any]:
    rows = session.execute(select(table).where(table.c[column].in_(values)))
    return {getattr(row, column): row for row in rows}


def _compare_story(story: Story, purchase: Any, kept: Any) -> Iterator[Discrepancy]:
    fact = story.fact
    wrong = _list_disagreements(fact, purchase, kept)
    told = {**fact.terms, **fact.state}
    if wrong:
        sentence = f"it differs from what we keep in {', '.join(wrong)}"
        yield _about(fact, "disagreement", sentence, purchase, weigh(fact.table, told))
        return
    before = {name: getattr(kept, name) for name in told} if kept is not None else None
    after = told if before is None else {**told, **further_state(fact, before)}
    noun = "refund" if fact.table is REFUNDS else "dispute"
    change = weigh(fact.table, after) - (weigh(fact.table, before) if before else 0)
    if before != after:
        kind: Kind = "missing_refund" if noun == "refund" else "missing_dispute"
        known = f"we know it as {before['status']}" if before else "we don't know it"
        sentence = f"a {noun} that is {told['status']}, and {known}"
        yield _about(fact, kind, sentence, purchase, change, story.keep)
    elif weigh(fact.table, after) != weigh(fact.table, told):
        sentence = f"the {noun} is {told['status']} at Stripe, further on with us: {after['status']}"
        yield _about(fact, "disagreement", sentence, purchase, weigh(fact.table, told) - weigh(fact.table, after))


def _list_disagreements(fact: Fact, purchase: Any, kept: Any) -> list[str]:
    """Return the names of what can't be true together with the purchase, or with what we keep."""
    wrong = [name for name in ("currency", "livemode") if fact.terms[name] != getattr(purchase, name)]
    if fact.amount is not None and fact.amount > purchase.amount_total:
        wrong.append("amount")
    if fact.state["status"] not in STATUSES[fact.table]:
        wrong.append("status")
    if kept is not None:
        told = {"stripe_payment_intent_id": fact.payment_intent_id, **fact.terms}
        wrong += [name for name, value in told.items() if getattr(kept, name) != value]
    return list(dict.fromkeys(wrong))


def _about(
    fact: Fact, kind: Kind, sentence: str, purchase: Any, money: int, remedy: Remedy | None = None
) -> Discrepancy:
    """`money`: by how much more than we know went away from us; below zero, came back."""
    paid = purchase.amount_total
    credits = purchase.credits * min(abs(money), paid) // paid
    return Discrepancy(
        kind,
        fact.stripe_id,
        sentence,
        purchase_id=purchase.id,
        user_id=purchase.user_id,
        amount=abs(money),
        currency=purchase.currency,
        credits=-credits if money > 0 else credits,
        remedy=remedy,
    )
