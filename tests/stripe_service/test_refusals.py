"""What the log and an operator learn of a call that Stripe refused."""

import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from payapp.database.clock import utc_now
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeRefusedError, StripeServiceError
from payapp.web.services import get_stripe
from tests.stand_in import StandIn
from tests.stripe_service.answering import Answering
from tests.stripe_service.requests import build_request

KEY = "sk_test_0123456789abcdef"


def test_a_wrong_price_stands_in_the_log(
    stripe: StandIn, service: StripeService, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(StripeRefusedError) as refused:
        service.create_checkout_session(build_request(stripe, price_id="price_gone"))
    [line], [record] = caplog.messages, caplog.records
    assert record.levelno == logging.ERROR
    assert line.startswith("Stripe refused a call: InvalidRequestError, code resource_missing, param line_items[0]")
    assert str(refused.value.request_id).startswith("req_")
    assert line.endswith(f"request {refused.value.request_id}")
    assert service.refusals.find_recent() is not None


@pytest.mark.parametrize(
    ("status", "body", "level"),
    [
        (401, {"message": f"Expired API Key provided: {KEY}", "code": "api_key_expired"}, logging.ERROR),
        (403, {"message": f"The key {KEY} may not do this", "type": "invalid_request_error"}, logging.ERROR),
        (402, {"message": "declined", "type": "card_error", "code": "card_declined"}, logging.ERROR),
        (404, {"message": "gone", "code": "resource_missing", "param": "id"}, logging.WARNING),
        (400, {"message": "no address", "code": "email_invalid", "param": "email"}, logging.WARNING),
        (400, {"message": f"again {KEY}", "type": "idempotency_error"}, logging.WARNING),
        (500, {"message": f"down {KEY}", "type": "api_error"}, logging.WARNING),
    ],
)
def test_every_failed_call_is_one_line_without_a_secret(
    caplog: pytest.LogCaptureFixture, status: int, body: dict[str, Any], level: int
) -> None:
    with Answering(lambda _: (status, {"error": body}, {"Request-Id": "req_41"})) as url:
        service = StripeService(KEY, [], url)
        with pytest.raises(StripeServiceError):
            service.expire_checkout_session("cs_test_1")
    [record] = caplog.records
    assert (record.levelno, record.getMessage().endswith("request req_41")) == (level, True)
    assert KEY not in caplog.text
    assert body.get("code", "") in caplog.text
    assert (service.refusals.find_recent() is None) == (level == logging.WARNING)


def test_readiness_tells_of_it_for_an_hour(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        get_stripe().refusals.note(
            StripeRefusedError("No such price: sk_test_1", "resource_missing", "line_items[0][price]", "Odd")
        )
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()["status"]) == (200, "ready")
    assert response.get_json()["stripe"].endswith("Z: Odd, code resource_missing, param line_items[0][price]")
    assert "sk_test" not in response.text
    with time_machine.travel(utc_now() + timedelta(minutes=61)):
        assert client.get("/readyz").get_json() == {"status": "ready"}
