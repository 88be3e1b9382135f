import pytest
import stripe

from tests.fake_stripe.objects import create_customer, create_price
from tests.fake_stripe.processes import Receiver, StandInProcess


def test_it_works(client: stripe.StripeClient) -> None:
    made = client.v1.webhook_endpoints.create(
        {"url": "http://localhost:8000/webhooks/stripe", "enabled_events": ["checkout.session.completed"]}
    )
    found = client.v1.webhook_endpoints.retrieve(made.id)
    assert str(made.secret).startswith("whsec_")
    assert "secret" not in found.to_dict()
    assert (found.status, found.enabled_events) == ("enabled", ["checkout.session.completed"])
    client.v1.webhook_endpoints.delete(made.id)


def test_it_delivers_to_each_endpoint_what_it_asked_for(stand_in: StandInProcess, receiver: Receiver) -> None:
    client = stand_in.client()
    events = {"/all": ["*"], "/prices": ["price.created"]}
    made = [
        client.v1.webhook_endpoints.create({"url": f"{receiver.url}{path}", "enabled_events": enabled})  # type: ignore[typeddict-item]
        for path, enabled in events.items()
    ]
    create_price(client)
    receiver.wait_for("price.created", count=2)
    receiver.wait_for("product.created")
    assert [one.type for one in receiver.events(path="/prices")] == ["price.created"]
    for one in receiver.events("price.created"):
        secret = next(endpoint.secret for endpoint in made if str(endpoint.url).endswith(one.path))
        stripe.WebhookSignature.verify_header(one.body.decode(), one.headers["Stripe-Signature"], str(secret), 300)
    for endpoint in made:
        client.v1.webhook_endpoints.delete(endpoint.id)


def test_it_stops_when_disabled_or_deleted(stand_in: StandInProcess, receiver: Receiver) -> None:
    client = stand_in.client()
    made = client.v1.webhook_endpoints.create({"url": f"{receiver.url}/x", "enabled_events": ["*"]})
    client.v1.webhook_endpoints.update(made.id, {"disabled": True})
    create_customer(client)
    client.v1.webhook_endpoints.update(made.id, {"disabled": False})
    wanted = create_customer(client, "wanted@example.com")
    got = receiver.wait_for("customer.created")
    client.v1.webhook_endpoints.delete(made.id)
    create_customer(client)
    assert [one.event["data"]["object"]["id"] for one in got] == [wanted.id]
    assert client.v1.events.list({"limit": 1}).data[0].pending_webhooks == 0


def test_it_updates_url_and_events(client: stripe.StripeClient) -> None:
    made = client.v1.webhook_endpoints.create({"url": "http://localhost:9/a", "enabled_events": ["price.created"]})
    changed = client.v1.webhook_endpoints.update(
        made.id, {"url": "http://localhost:9/b", "enabled_events": ["price.updated"], "metadata": {"app": "payapp"}}
    )
    assert (changed.url, changed.enabled_events) == ("http://localhost:9/b", ["price.updated"])
    assert made.id in [one.id for one in client.v1.webhook_endpoints.list().data]
    client.v1.webhook_endpoints.delete(made.id)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"url": "nowhere", "enabled_events": ["*"]}, "url"),
        ({"enabled_events": ["*"]}, "url"),
        ({"url": "http://localhost:9/x"}, "enabled_events"),
        ({"url": "http://localhost:9/x", "enabled_events": ["no.such.event"]}, "enabled_events[0]"),
    ],
)
def test_it_rejects(client: stripe.StripeClient, params: dict[str, object], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.webhook_endpoints.create(params)  # type: ignore[arg-type]
    assert (caught.value.http_status, caught.value.param) == (400, param)
