"""The HX- headers."""

import pytest
from flask import Flask

from payapp.web.htmx import is_htmx, redirect_htmx

app = Flask(__name__)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Target": "balance"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
        ({"HX-Boosted": "true"}, False),
    ],
)
def test_a_partial_is_wanted_only_for_a_swap(headers: dict[str, str], expected: bool) -> None:
    with app.test_request_context(headers=headers):
        assert is_htmx() is expected


def test_a_redirect_is_followed_by_the_whole_page() -> None:
    response = redirect_htmx("https://checkout.stripe.com/c/pay/cs_1")
    assert (response.status_code, response.get_data()) == (200, b"")
    assert response.headers["HX-Redirect"] == "https://checkout.stripe.com/c/pay/cs_1"
    assert "Location" not in response.headers
