"""What a page says about a purchase."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from payapp.billing.checkout.purchases import PurchaseView
from payapp.credits.purchase_notice import build_notice, seconds_since, state_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def purchase(**fields: Any) -> PurchaseView:
    values: dict[str, Any] = {
        "id": 41,
        "package_id": "growth",
        "credits": 500,
        "amount_total": 3900,
        "currency": "usd",
        "status": "pending",
        "stripe_checkout_session_id": "cs_1",
        "created_at": NOW,
        "completed_at": None,
        "fulfilled_at": None,
    }
    return PurchaseView(**(values | fields))


@pytest.mark.parametrize(
    ("fields", "has_returned", "waited", "state"),
    [
        ({}, False, 0, "open"),
        ({}, True, 0, "pending"),
        ({}, True, 59.9, "pending"),
        ({}, True, 60, "delayed"),
        ({"completed_at": NOW}, True, 0, "settling"),
        ({"completed_at": NOW}, False, 0, "settling"),
        ({"status": "fulfilled"}, False, 0, "done"),
        ({"status": "fulfilled"}, True, 1000, "done"),
        ({"status": "failed", "completed_at": NOW}, True, 0, "failed"),
        ({"status": "expired"}, True, 0, "expired"),
    ],
)
def test_it_says_how_a_purchase_stands(fields: dict[str, Any], has_returned: bool, waited: float, state: str) -> None:
    assert state_of(purchase(**fields), has_returned=has_returned, waited_seconds=waited) == state


def test_it_is_polled_only_while_pending() -> None:
    assert build_notice(purchase(), "pending", "/status").poll_url == "/status"
    assert build_notice(purchase(), "done", "/status").poll_url is None


def test_it_has_a_reference_to_quote() -> None:
    assert build_notice(purchase(), "done").reference == "PA-000041"


def test_it_names_a_package_that_is_sold_no_longer_by_its_id() -> None:
    assert build_notice(purchase(package_id="gone"), "done").package_name == "gone"


def test_it_never_waited_less_than_nothing() -> None:
    future = datetime.now(UTC) + timedelta(hours=1)
    assert seconds_since(str(int(future.timestamp()))) == 0.0


def test_it_counts_from_a_moment() -> None:
    a_minute_ago = datetime.now(UTC) - timedelta(seconds=60)
    assert 59 <= seconds_since(str(int(a_minute_ago.timestamp()))) <= 62


@pytest.mark.parametrize("text", ["", "x", "-1", "9" * 400, "1e3", "٣"])
def test_it_takes_a_text_that_is_no_moment_for_now(text: str) -> None:
    assert seconds_since(text) == 0.0
