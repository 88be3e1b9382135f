"""The stand-in's objects have the very keys that Stripe's own answers were seen to have, null ones included."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.fake_stripe.certification import states
from tests.fake_stripe.certification.recorded_keys import NEWER, RECORDED
from tests.fake_stripe.certification.sides import Side
from tests.fake_stripe.processes import StandInProcess


def declined(side: Side) -> dict[str, Any]:
    """Return the error of a payment that is declined."""
    with pytest.raises(stripe.CardError) as caught:
        side.payment("tok_visa_chargeDeclined")
    body: Any = caught.value.json_body
    error: dict[str, Any] = body["error"]
    return error


EXAMPLES: dict[str, Callable[[Side], dict[str, Any]]] = {
    "customer": lambda s: s.get(states.customer(s)),
    "product": lambda s: s.get(states.STATES["product, active"](s)),
    "price": lambda s: s.get(states.price(s)),
    "coupon": lambda s: s.get(states.STATES["coupon, of a percentage"](s)),
    "promotion_code": lambda s: s.get(states.promotion_code(s)),
    "payment_method": lambda s: s.get(states.method(s, s.card())),
    "payment_intent": lambda s: dict(declined(s)["payment_intent"]),
    "charge": lambda s: s.get(f"/v1/charges/{declined(s)['charge']}"),
    "refund": lambda s: s.get(states.refund(s)),
    "dispute": lambda s: s.get(states.dispute(s, "needs_response")),
    "balance_transaction": lambda s: s.get(states.STATES["balance transaction, dispute"](s)),
    "error": declined,
}


@pytest.fixture(scope="module")
def examples(own_stand_in: StandInProcess) -> dict[str, dict[str, Any]]:
    side = Side(own_stand_in.client(), own_stand_in)
    return {kind: make(side) for kind, make in EXAMPLES.items()}


@pytest.mark.parametrize("place", RECORDED)
def test_it_has_the_keys_of_stripe_s_own_answers(examples: dict[str, dict[str, Any]], place: str) -> None:
    kind, *parts = place.split(".")
    found: Any = examples[kind]
    for part in parts:
        found = found[part]
    assert found.keys() - NEWER.get(place, set()) == set(RECORDED[place].split())
