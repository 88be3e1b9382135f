"""Bad input never gives a 5xx, and what is not verifiable leaves no row."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.assembly import MAX_BODY_BYTES
from payapp.auth.models import User
from payapp.billing.models import Purchase
from payapp.webhooks.handlers import HANDLERS
from tests.effort import EXAMPLES
from tests.factories import checkout_session_object, event_payload, signature_of
from tests.webhooks.delivering import COMPLETED, count_of_events, deliver, event_about, list_events, post

EVENT = json.loads(event_payload(COMPLETED, {}, id="evt_hostile"))

WRONG: list[Any] = [None, [], {}, "", "\U0001f600", -1, 1.5, 10**30, [[]], "x" * 300]
NO_EVENTS = [
    b"",
    b" ",
    b"null",
    b"[]",
    b'"evt_1"',
    b"0",
    b"{}",
    b"{",
    b"\0",
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"id": "evt_1", "type": "a", "livemode": false, "created": 1e400, "data": {"object": {}}}',
    b'{"id": "evt_1", "type": "a", "livemode": false, "created": NaN, "data": {"object": {}}}',
    b'{"id": "evt_1", "type": "a", "livemode": false, "created": 1' + b"0" * 5000 + b', "data": {"object": {}}}',
    b'{"id": "evt_1", "type": "a", "livemode": false, "created": 1' + b"0" * 4000 + b', "data": {"object": {}}}',
    b'{"id": "evt_1", "type": "a", "livemode": false, "created": 1, "data": {"object": {"a": "\\u0000"}}}',
    b'{"id": "evt_1", "type": "a", "livemode": false, "created": 1, "data": {"object": {"a": "\\ud800"}}}',
    b'{"id": "evt_1", "type": "a", "livemode": false, "created": 1, "data": {"object": {"a": "\0"}}}',
]


def refuses(client: FlaskClient, session: Session, body: bytes, signature: str | None) -> bool:
    """Whether the answer is a 4xx and nothing was kept."""
    status = post(client, body, signature).status_code
    return 400 <= status < 500 and count_of_events(session) == 0


# ---- not signed


def test_it_refuses_what_is_not_signed(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    payload = event_about(purchase)
    now = int(signature_of(payload)[2:12])
    for signature in (
        None,
        "",
        "nonsense",
        signature_of(payload, "whsec_forged"),
        signature_of(payload, timestamp=now - 301),
        signature_of(payload, timestamp=now + 330),
        signature_of(payload + " "),
        signature_of(payload).replace("v1=", "v0="),
        f"t={now},v1=" + "0" * 64,
        f"t={now},v1=\xe4\xff\x80",
        "\xff\xfe",
        "t=²,v1=³",
        "t=" + "9" * 5000 + ",v1=0",
    ):
        assert refuses(client, session, payload.encode(), signature), signature
    assert purchase.status == "pending"


def test_it_refuses_a_body_changed_on_the_way(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    payload = event_about(purchase, payment_status="unpaid")
    assert refuses(client, session, payload.replace('"unpaid"', '"paid"').encode(), signature_of(payload))


# ---- signed, and bad


def test_it_refuses_signed_text_that_is_no_event(client: FlaskClient, session: Session) -> None:
    for body in NO_EVENTS:
        assert refuses(client, session, body, signature_of(body.decode())), body[:200]


def test_it_refuses_bytes_that_are_no_text(client: FlaskClient, session: Session) -> None:
    for body in (b"\xff", b"\x80\x81", b'{"id": "evt_\xe4"}', '{"id": "evt_1"}'.encode("utf-16")):
        assert refuses(client, session, body, signature_of(body.decode("latin-1")))


def test_it_refuses_an_event_with_a_field_missing_or_wrong(client: FlaskClient, session: Session) -> None:
    for field in ("id", "type", "livemode", "created", "data"):
        for value in WRONG:
            payload = json.dumps(EVENT | {field: value})
            assert refuses(client, session, payload.encode(), signature_of(payload)), (field, value)
        payload = json.dumps({name: value for name, value in EVENT.items() if name != field})
        assert refuses(client, session, payload.encode(), signature_of(payload)), field


def test_it_keeps_an_object_nested_as_deeply_as_it_can_read(client: FlaskClient, session: Session) -> None:
    """Just below what Python's parser refuses, nothing else may stumble over the depth."""
    around = json.dumps(EVENT | {"id": "evt_number", "data": {"object": {"object": "checkout.session", "id": "deep"}}})
    statuses = []
    for depth in range(500, 1010, 10):
        nested = "[" * depth + "]" * depth
        payload = around.replace("number", str(depth)).replace('"deep"', nested)
        statuses.append(deliver(client, payload).status_code)
    assert set(statuses) == {200, 400}, "both sides of the limit were reached"
    assert {event.status for event in list_events(session)} == {"quarantined"}


# ---- large


def test_it_refuses_a_body_over_one_megabyte(client: FlaskClient, session: Session) -> None:
    for size in (MAX_BODY_BYTES + 1, 3 * MAX_BODY_BYTES):
        body = json.dumps(EVENT).ljust(size).encode()
        assert post(client, body, signature_of(body.decode())).status_code == 413
    assert count_of_events(session) == 0


def test_it_takes_a_body_of_one_megabyte(client: FlaskClient, session: Session) -> None:
    payload = json.dumps(EVENT | {"type": "customer.updated"}).ljust(MAX_BODY_BYTES)
    assert deliver(client, payload).status_code == 200
    assert len(list_events(session)[0].payload) == MAX_BODY_BYTES


# ---- anything at all, signed


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
EVENT_FIELDS = st.fixed_dictionaries({}, optional={name: ANY_JSON for name in EVENT if name != "id"})
# Another id would be another session, and that another payment.
OBJECT_FIELD_NAMES = sorted(checkout_session_object(Purchase()).keys() - {"id"})
OBJECT_FIELDS = st.dictionaries(st.sampled_from(OBJECT_FIELD_NAMES), ANY_JSON, max_size=4)
THOROUGH = settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.mark.long
@THOROUGH
@given(body=ANY_JSON, fields=EVENT_FIELDS)
def test_signed_json_of_any_kind_is_kept_or_refused(
    client: FlaskClient, session: Session, body: Any, fields: dict[str, Any]
) -> None:
    """A 5xx would make Stripe bring it for three days, and nothing would be better then: so never one."""
    for source in (body, EVENT | {"id": f"evt_{count_of_events(session)}"} | fields):
        before = count_of_events(session)
        status = deliver(client, json.dumps(source)).status_code
        assert (status, count_of_events(session) - before) in {(200, 1), (400, 0)}


@pytest.mark.long
@THOROUGH
@given(event_type=st.sampled_from(sorted(HANDLERS)), fields=OBJECT_FIELDS)
def test_a_signed_session_with_anything_in_it_is_kept_and_grants_no_more_than_was_paid(
    client: FlaskClient, session: Session, purchase: Purchase, event_type: str, fields: dict[str, Any]
) -> None:
    before = count_of_events(session)
    event_id = f"evt_{before}"
    status = deliver(client, event_about(purchase, event_type, event_id=event_id, **fields)).status_code
    assert (status, count_of_events(session) - before) in {(200, 1), (400, 0)}
    granted = {(user_id, credits) for user_id, credits in session.execute(select(User.id, User.credits)) if credits}
    assert granted <= {(purchase.user_id, 500)}
    assert session.scalars(select(func.count()).select_from(Purchase)).one() == 2
