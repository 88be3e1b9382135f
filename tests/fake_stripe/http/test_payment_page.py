import re

import pytest
import requests
import stripe

from tests.fake_stripe.objects import CANCEL_URL, create_customer, create_session
from tests.fake_stripe.processes import StandInProcess


def get_page(stand_in: StandInProcess, path: str) -> requests.Response:
    return requests.get(f"{stand_in.url}{path}", timeout=10)


def test_it_works(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client, customer=create_customer(client, "shopper@example.com").id)
    page = get_page(stand_in, f"/c/pay/{made.id}")
    assert page.status_code == 200
    assert "Growth package" in page.text
    assert "Pay $39.00" in page.text
    assert 'value="shopper@example.com" readonly' in page.text
    assert f'href="{CANCEL_URL}"' in page.text
    assert "Back to Your shop" in page.text


def test_it_offers_every_outcome(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    page = get_page(stand_in, f"/c/pay/{create_session(client).id}").text
    offered = re.findall(r'name="outcome" value="(\w+)"', page)
    assert offered == ["paid", "late_webhook", "settles", "settle_fails", "declined", "lost_webhook", "expire"]


def test_it_has_a_strict_policy_that_lets_the_payer_return(
    client: stripe.StripeClient, stand_in: StandInProcess
) -> None:
    page = get_page(stand_in, f"/c/pay/{create_session(client).id}")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://localhost:8000" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|style=|\son\w+=", page.text)


def test_it_says_so_and_takes_the_focus_after_a_decline(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    address = stand_in.pay(made, "declined").headers["Location"]
    assert re.search(r'role="alert"[^>]*autofocus', get_page(stand_in, address).text)
    assert 'role="alert"' not in get_page(stand_in, f"/c/pay/{made.id}").text


def test_it_lets_a_session_expire(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    answer = stand_in.pay(made, "expire")
    page = get_page(stand_in, answer.headers["Location"])
    assert "This session has expired" in page.text
    assert client.v1.checkout.sessions.retrieve(made.id).status == "expired"


def test_it_shows_that_a_session_is_complete(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    back = stand_in.pay(made, "paid").headers["Location"]
    page = get_page(stand_in, f"/c/pay/{made.id}")
    assert "all done here" in page.text
    assert f'href="{back.replace("&", "&amp;")}"' in page.text


@pytest.mark.parametrize("path", ["/c/pay/cs_test_nobody", "/receipts/nothing"])
def test_it_does_not_know_strangers(stand_in: StandInProcess, path: str) -> None:
    page = get_page(stand_in, path)
    assert page.status_code == 404
    assert "could not be found" in page.text


def test_it_rejects_an_outcome_it_does_not_know(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    assert stand_in.pay(made, "free of charge").status_code == 400
    assert client.v1.checkout.sessions.retrieve(made.id).status == "open"


def test_it_escapes_what_a_shop_writes(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    data = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "<script>alert(1)</script>"}}
    made = create_session(client, line_items=[{"price_data": data, "quantity": 1}])
    assert "<script" not in get_page(stand_in, f"/c/pay/{made.id}").text


def test_it_takes_a_promotion_code(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    coupon = client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    code = client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}}).code
    made = create_session(client, allow_promotion_codes=True)
    address = f"{stand_in.url}/c/pay/{made.id}"
    refused = requests.post(address, {"promotion_code": "NOBODY"}, timeout=10)
    assert 'role="alert"' in refused.text
    assert "Pay $39.00" in refused.text
    applied = requests.post(address, {"promotion_code": code}, timeout=10)
    assert "\N{MINUS SIGN}$39.00" in applied.text
    assert "Complete order" in applied.text
    assert 'type="radio"' not in applied.text
    assert "promotion_code" not in applied.text
    stand_in.pay(made, "paid", email="free@example.com")
    assert client.v1.checkout.sessions.retrieve(made.id).payment_status == "no_payment_required"


def test_it_asks_for_no_code_unless_the_session_takes_one(
    client: stripe.StripeClient, stand_in: StandInProcess
) -> None:
    assert "promotion_code" not in get_page(stand_in, f"/c/pay/{create_session(client).id}").text
