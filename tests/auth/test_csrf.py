"""Every form carries a token, and nothing that changes anything works without one."""

import re

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.people import PASSWORD, Visitor, become_staff

WITHOUT_TOKEN = {"/webhooks/stripe": "Stripe signs what it sends", "/api/v1": "an API key is no cookie"}

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


def list_unsafe_addresses(app: Flask) -> list[str]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.methods and rule.methods & {"POST", "PUT", "DELETE"}]
    addresses = [re.sub(r"<[^>]+>", "1", rule.rule) for rule in rules]
    return [address for address in addresses if not address.startswith(tuple(WITHOUT_TOKEN))]


def test_it_is_required_everywhere(app: Flask, visitor: Visitor, session: Session) -> None:
    become_staff(visitor, session)  # for others there is no desk
    addresses = list_unsafe_addresses(app)
    assert {"/signup", "/login", "/logout", "/api/credits/checkout", "/features/qr-codes"} <= set(addresses)
    for address in set(addresses) - {"/signup", "/login"}:
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
    headers = {"X-CSRFToken": visitor.csrf_token()}
    assert visitor.client.post("/logout", headers=headers).status_code == 303


class TestNobodyIsStuck:
    """Two tabs share a session: what one does takes the other's token away."""

    @pytest.fixture
    def ada(self, app: Flask) -> None:
        Visitor(app.test_client()).sign_up()

    @pytest.mark.usefixtures("ada")
    @pytest.mark.parametrize("path", ["/login", "/signup"])
    def test_a_form_of_an_old_tab_comes_again_filled_in(self, visitor: Visitor, path: str) -> None:
        data = {"email": "new@example.com", "password": PASSWORD, "csrf_token": "of another session"}
        answer = visitor.client.post(f"{path}?next=/features/qr-codes", data=data)
        assert answer.status_code == 400
        assert "This page had been open for too long. Please send it again." in answer.text
        assert 'value="new@example.com"' in answer.text
        assert PASSWORD not in answer.text
        assert f'action="{path}?next=/features/qr-codes"' in answer.text
        token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', answer.text)
        assert token is not None
        sent_again = visitor.client.post(path, data=data | {"csrf_token": token[1]})
        assert sent_again.status_code == (303 if path == "/signup" else 422)  # nobody had signed up by the first

    @pytest.mark.parametrize("path", ["/login", "/signup"])
    @pytest.mark.parametrize(("query", "target"), [("", "/dashboard/credits"), ("?next=/features/qr-codes", None)])
    def test_whoever_is_logged_in_meanwhile_goes_on(
        self, visitor: Visitor, path: str, query: str, target: str | None
    ) -> None:
        data = {"email": "eve@example.com", "password": PASSWORD, "csrf_token": visitor.csrf_token()}
        visitor.sign_up()
        answer = visitor.client.post(path + query, data=data)
        assert (answer.status_code, answer.location) == (303, target or "/features/qr-codes")
        assert "ada@example.com" in visitor.get("/dashboard/credits").text

    def test_logging_out_twice_is_logging_out(self, visitor: Visitor) -> None:
        answer = visitor.client.post("/logout", data={"csrf_token": "of a session that has ended"})
        assert (answer.status_code, answer.location) == (303, "/")

    def test_nobody_is_logged_out_without_a_token(self, visitor: Visitor) -> None:
        visitor.sign_up()
        assert visitor.client.post("/logout").status_code == 400
        assert visitor.get("/dashboard/credits").status_code == 200

    @pytest.mark.parametrize("path", ["/features/qr-codes", "/api/credits/checkout", "/dashboard/api-keys", "/logout"])
    def test_other_forms_lead_back_to_their_page(self, visitor: Visitor, path: str) -> None:
        visitor.sign_up()
        headers = {"Referer": "http://localhost/dashboard/credits?canceled=true"}
        answer = visitor.client.post(path, data={"text": "x", "csrf_token": "old"}, headers=headers)
        assert answer.status_code == 400
        assert 'href="/dashboard/credits?canceled=true">Back to the page</a>' in answer.text

    @pytest.mark.parametrize(
        "referrer",
        [
            None,
            "",
            "https://evil.example/dashboard/credits",
            "http://localhost//evil.example",
            "http://localhost:81/login",
            "http://[::1",
            "http://localhost/logout",
            "http://localhost/no-such-page",
            "javascript:alert(1)",
        ],
    )
    def test_they_lead_nowhere_else(self, visitor: Visitor, referrer: str | None) -> None:
        visitor.sign_up()
        headers = {} if referrer is None else {"Referer": referrer}
        answer = visitor.client.post("/api/credits/checkout", data={"package_id": "starter"}, headers=headers)
        assert answer.status_code == 400
        assert 'href="/dashboard/credits">Back to credits</a>' in answer.text

    def test_after_the_login_the_page_of_the_form_comes_again(self, visitor: Visitor) -> None:
        headers = {"Referer": "http://localhost/features/qr-codes"}
        answer = visitor.client.post("/features/qr-codes", data={"text": "x"}, headers=headers)
        assert (answer.status_code, answer.location) == (303, "/login?next=/features/qr-codes")

    @pytest.mark.parametrize("path", ["/login", "/signup", "/logout"])
    def test_programs_get_a_code(self, visitor: Visitor, path: str) -> None:
        answer = visitor.client.post(path, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.get_json()["code"]) == (400, "csrf_failed")
