"""Each refusal of the table, on each side: status, type, code, param, decline code, and what the SDK makes of it."""

from typing import Any

import pytest
import stripe

from tests.fake_stripe.certification.error_cases import NONE, ErrorCase
from tests.fake_stripe.certification.error_table import MISSING, REQUESTS, THINGS_FOR_SALE
from tests.fake_stripe.certification.error_table_of_money import CARD_DATA, DECLINED, MONEY
from tests.fake_stripe.certification.shapes import problems_of_error, undocumented
from tests.fake_stripe.certification.sides import Side

ERRORS: list[ErrorCase] = [*REQUESTS, *MISSING, *THINGS_FOR_SALE, *MONEY, *DECLINED, *CARD_DATA]
ROWS = [pytest.param(row, id=f"missing: {row.name}" if row in MISSING else row.name) for row in ERRORS]


@pytest.mark.parametrize("row", ROWS)
def test_it_refuses_as_stripe_does(side: Side, row: ErrorCase) -> None:
    if row.is_ours_only and side.stand_in is None:
        pytest.skip("Stripe's test mode can't be brought to this")
    with pytest.raises(stripe.StripeError) as caught:
        row.request(side)
    body: Any = caught.value.json_body
    assert (caught.value.http_status, type(caught.value)) == (row.status, row.exception)
    assert differences(row, body["error"]) == []
    assert [one for one in problems_of_error(body) if side.stand_in or not undocumented(one)] == []


def differences(row: ErrorCase, error: dict[str, Any]) -> list[str]:
    """Return in what the error is not as the row says; a field of which the row says nothing is not looked at."""
    expected = {"type": row.error_type, "code": row.code, "param": row.param, "decline_code": row.decline_code}
    compared = {name: value for name, value in expected.items() if value is not None}
    found = {name: error.get(name, NONE) for name in compared}
    return [f"{name}: {found[name]!r}, not {compared[name]!r}" for name in compared if found[name] != compared[name]]


def test_every_row_has_its_source_and_its_name() -> None:
    assert all(row.source.startswith("https://") for row in ERRORS)
    assert len({row.name for row in ERRORS}) == len(ERRORS) >= 50
