"""Objects that tests need before they come to their point."""

from typing import Any

import stripe

from tests.fake_stripe.processes import StandInProcess

SUCCESS_URL = "http://localhost:8000/dashboard/credits?success=true&session_id={CHECKOUT_SESSION_ID}"
CANCEL_URL = "http://localhost:8000/dashboard/credits?canceled=true"


def price_data(unit_amount: int = 3900, currency: str = "usd", name: str = "Growth package") -> dict[str, Any]:
    """Return an inline price."""
    return {"currency": currency, "unit_amount": unit_amount, "product_data": {"name": name}}


def session_params(**changes: Any) -> Any:
    """Return the parameters of a session as payapp makes it; a change of None leaves a parameter out."""
    params = {
        "mode": "payment",
        "line_items": [{"price_data": price_data(), "quantity": 1}],
        "success_url": SUCCESS_URL,
        "cancel_url": CANCEL_URL,
        "client_reference_id": "41",
        "metadata": {"userId": "7", "credits": "500"},
        "payment_intent_data": {"metadata": {"purchaseId": "41"}},
    }
    return {name: value for name, value in {**params, **changes}.items() if value is not None}


def create_session(client: stripe.StripeClient, **changes: Any) -> Any:
    """Make an open session."""
    return client.v1.checkout.sessions.create(session_params(**changes))


def create_customer(client: stripe.StripeClient, email: str = "ada@example.com") -> Any:
    """Make a customer."""
    return client.v1.customers.create({"email": email})


def create_price(client: stripe.StripeClient, **changes: Any) -> Any:
    """Make a price with its product."""
    params: Any = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Starter package"}, **changes}
    return client.v1.prices.create(params)


def buy(stand_in: StandInProcess, *, card: str = "pm_card_visa", outcome: str = "paid", **changes: Any) -> Any:
    """Pay for a session and return its payment intent, the latest charge in it."""
    client = stand_in.client()
    session = create_session(client, **changes)
    stand_in.control("POST", f"/sessions/{session.id}/pay", {"outcome": outcome, "card": card})
    paid: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    return paid.payment_intent


def events_about(client: stripe.StripeClient, object_id: str) -> list[Any]:
    """Return the events about an object, oldest first."""
    events: list[Any] = client.v1.events.list({"limit": 100}).data
    return [event.to_dict() for event in reversed(events) if event.data.object["id"] == object_id]


def types_about(client: stripe.StripeClient, object_id: str) -> list[str]:
    """Return the types of the events about an object, oldest first."""
    return [str(event["type"]) for event in events_about(client, object_id)]
