"""Every form carries a token, and nothing that changes anything works without one."""

import re

import pytest
from flask import Flask

from tests.people import Visitor

WITHOUT_TOKEN = {"/webhooks/stripe": "Stripe signs what it sends", "/api/v1": "an API key is no cookie"}

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


def list_unsafe_addresses(app: Flask) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.methods and rule.methods & {"POST", "PUT", "DELETE"}]
    addresses = [re.sub(r"<[^>]+>", "1", rule.rule) for rule in rules]
    return [address for address in addresses if not address.startswith(tuple(WITHOUT_TOKEN))]


def test_it_is_required_everywhere(app: Flask, visitor: Visitor) -> None:
    visitor.sign_up()
    addresses = list_unsafe_addresses(app)
    assert {"/signup", "/login", "/logout", "/api/credits/checkout", "/features/qr-codes"} <= set(addresses)
    for address in addresses:
        response = visitor.client.post(address, data={"package_id": "starter"})
        assert (address, response.status_code) == (address, 400)
        assert "This page was open for too long" in response.text


def test_it_is_in_every_form(visitor: Visitor) -> None:
    pages = [visitor.get(path).text for path in ("/login", "/signup", "/")]
    visitor.sign_up()
    pages += [visitor.get(path).text for path in ("/dashboard/credits", "/features/qr-codes", "/")]
    forms = [form for page in pages for form in re.findall(r'<form[^>]*method="post".*?</form>', page, re.DOTALL)]
    assert len(forms) >= 7
    assert all('name="csrf_token"' in form for form in forms)
    assert all('<meta name="csrf-token" content="' in page for page in pages)


def test_it_is_worth_nothing_in_another_browser(app: Flask, visitor: Visitor) -> None:
    token = Visitor(app.test_client()).csrf_token()
    visitor.sign_up()
    assert visitor.client.post("/logout", data={"csrf_token": token}).status_code == 400


def test_it_may_come_in_a_header(visitor: Visitor) -> None:
    visitor.sign_up()
    headers = {"X-CSRFToken": visitor.csrf_token("/dashboard/credits")}
    assert visitor.client.post("/logout", headers=headers).status_code == 303
