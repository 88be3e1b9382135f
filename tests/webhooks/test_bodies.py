"""Bodies as a real server hands them on: with a length, or in chunks."""

import requests
from sqlalchemy.orm import Session

from payapp.assembly import MAX_BODY_BYTES
from tests.factories import event_payload, signature_of
from tests.webhooks.delivering import count_of_events, get_only_event


def test_a_body_is_taken_or_refused_however_it_is_sent(web: str, session: Session) -> None:
    payload = event_payload("customer.updated", {})
    too_long = payload.ljust(MAX_BODY_BYTES + 1)
    assert (post(web, too_long, in_chunks=False), post(web, too_long, in_chunks=True)) == (413, 413)
    assert count_of_events(session) == 0
    assert post(web, payload, in_chunks=True) == 200
    assert get_only_event(session).payload == payload


def post(web: str, payload: str, *, in_chunks: bool) -> int:
    body = payload.encode()
    return requests.post(
        f"{web}/webhooks/stripe",
        data=iter([body[:1000], body[1000:]]) if in_chunks else body,
        headers={"Stripe-Signature": signature_of(payload)},
        timeout=30,
    ).status_code
