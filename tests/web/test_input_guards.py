"""Input that no page can mean."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from payapp.web.input_guards import ROW_ID_MAX
from tests.people import Visitor


@pytest.fixture(autouse=True)
def as_on_a_server(app: Flask) -> None:
    app.testing = False


@pytest.mark.parametrize(
    "path",
    [
        "/a%00b",
        "/login?next=%00",
        "/login?%00=1",
        "/dashboard/credits?success=true&session_id=cs_%00",
        "/dashboard/credits?session_id=cs_1&session_id=%00",
    ],
)
def test_nul_in_an_address_is_refused(visitor: Visitor, path: str) -> None:
    visitor.sign_up()
    assert visitor.get(path).status_code == 400


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("path", ["/", "/dashboard/credits", "/api/v1/balance", "/webhooks/stripe", "/healthz", "/no"])
def test_a_query_that_is_no_text_is_refused(client: FlaskClient, path: str) -> None:
    """Its bytes as they come over the wire; a browser would have percent-encoded them."""
    for query in ("next=\xff", "\xed\xa0\x80", "a=1&\xc0\xaf=1"):
        for method in ("GET", "POST"):
            answer = client.open(path, method=method, environ_overrides={"QUERY_STRING": query})
            assert answer.status_code in (400, 405), (method, query)


@pytest.mark.parametrize("data", [{"text": "\0"}, {"\0": "x"}, {"text": ["fine", "\0"]}])
def test_nul_in_a_form_is_refused(visitor: Visitor, data: dict[str, str]) -> None:
    visitor.sign_up()
    token = visitor.csrf_token()
    response = visitor.client.post("/features/qr-codes", data={"csrf_token": token, **data})
    assert response.status_code == 400


def test_nul_in_a_multipart_form_is_refused(visitor: Visitor) -> None:
    visitor.sign_up()
    data = {"csrf_token": visitor.csrf_token(), "text": "a\0b"}
    response = visitor.client.post("/features/qr-codes", data=data, content_type="multipart/form-data")
    assert response.status_code == 400


@pytest.mark.parametrize("number", [ROW_ID_MAX, ROW_ID_MAX + 1, 10**40, 0])
def test_a_number_no_row_has_is_a_page_that_does_not_exist(visitor: Visitor, number: int) -> None:
    visitor.sign_up()
    assert visitor.get(f"/dashboard/credits/purchases/{number}").status_code == 404


def test_json_nested_too_deeply_is_wrong_json(visitor: Visitor) -> None:
    visitor.sign_up()
    headers = {"X-CSRFToken": visitor.csrf_token(), "Content-Type": "application/json"}
    for body in ("[" * 200_000, '{"a":' * 100_000 + "1" + "}" * 100_000):
        assert visitor.client.post("/api/credits/checkout", data=body, headers=headers).status_code == 422


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("path", ["/signup", "/login", "/logout", "/features/qr-codes"])
def test_json_is_no_form(client: FlaskClient, path: str) -> None:
    assert client.post(path, json={"email": 5}).status_code == 415
    assert client.post(path, data="[1", content_type="application/vnd.api+json").status_code == 415


PART = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n'
MULTIPART = "multipart/form-data; boundary=b"


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestFormsThatCantBeRead:
    def test_a_whole_one_can(self, client: FlaskClient) -> None:
        answer = client.post("/features/qr-codes", data=PART + b"--b--\r\n", content_type=MULTIPART)
        assert answer.status_code == 303  # please log in

    def test_one_that_ends_too_early_is_refused(self, client: FlaskClient) -> None:
        for length in range(1, len(PART)):
            answer = client.post("/login", data=PART[:length], content_type=MULTIPART)
            assert (length, answer.status_code) == (length, 400)

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("multipart/form-data", PART + b"--b--\r\n"),
            ("multipart/form-data; boundary=", PART + b"--b--\r\n"),
            ("multipart/form-data; boundary=another", PART + b"--b--\r\n"),
            ("multipart/form-data; boundary*=utf-8''%E2%82%AC", PART + b"--b--\r\n"),
            (MULTIPART, b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--\r\n"),
            (MULTIPART, b"--b\r\nContent-Disposition: form-data; filename=x\r\n\r\n1\r\n--b--\r\n"),
            (MULTIPART, b"--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--\r\n"),
            (MULTIPART, b"--b\r\nContent-Disposition: form-data; name=\xff\r\n\r\n1\r\n--b--\r\n"),
            (MULTIPART, b"\xff\xfe\x00" * 100),
            ("application/x-www-form-urlencoded", b"text=\xff"),
            ("application/x-www-form-urlencoded; charset=utf-16", "text=x".encode("utf-16")),
        ],
    )
    @pytest.mark.parametrize("path", ["/signup", "/api/credits/checkout", "/api/v1/spends", "/webhooks/stripe", "/no"])
    def test_they_are_refused_everywhere(self, client: FlaskClient, path: str, content_type: str, body: bytes) -> None:
        """The API takes no forms, and asks for a key first."""
        status = 401 if path == "/api/v1/spends" else 400
        for headers in ({}, {"HX-Request": "true"}, {"Accept": "application/json"}):
            assert client.post(path, data=body, content_type=content_type, headers=headers).status_code == status

    def test_more_parts_than_any_form_has_are_too_large(self, client: FlaskClient) -> None:
        answer = client.post("/login", data=PART * 2000 + b"--b--\r\n", content_type=MULTIPART)
        assert answer.status_code == 413

    def test_a_charset_that_nobody_knows_is_no_crash(self, client: FlaskClient) -> None:
        body = PART.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain; charset=nope\r\n\r\n\xff") + b"--b--\r\n"
        assert client.post("/features/qr-codes", data=body, content_type=MULTIPART).status_code == 303

    @pytest.mark.parametrize("path", ["/signup", "/login", "/login/again", "/features/qr-codes", "/dashboard/api-keys"])
    def test_a_file_is_no_text(self, visitor: Visitor, path: str) -> None:
        """Nothing was entered there, whatever the form."""
        if path not in ("/signup", "/login"):
            visitor.sign_up()
        data: dict[str, Any] = {"csrf_token": visitor.csrf_token()}
        data |= {name: (BytesIO(b"x"), "a.txt") for name in ("email", "password", "text", "name", "scope")}
        assert visitor.client.post(path, data=data, content_type="multipart/form-data").status_code == 422
