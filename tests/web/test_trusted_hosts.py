"""Host names: probes under any, everything else under those that are trusted; a refused one is logged once."""

import socket
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from payapp import create_app
from payapp.web.trusted_hosts import NAMES_LOGGED_MAX
from tests.processes import Stack, running

FOREIGN = ["10.0.0.5:8000", "[::1]:8000", "elsewhere.example", "", "bad host/", "a" * 300]
PROBES = ["/healthz", "/readyz"]


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", PROBES)
def test_a_probe_is_answered_under_any_name(client: FlaskClient, path: str, host: str) -> None:
    response = client.get(path, headers={"Host": host})
    assert (response.status_code, response.is_json) == (200, True)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("path", ["/", "/login", "/healthz/", "/api/v1/balance", "/webhooks/stripe", "/nowhere"])
def test_everything_else_is_not(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"Host": "elsewhere.example"}).status_code == 400


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_probe_is_answered_where_only_a_domain_is_trusted(app: Flask, settings: dict[str, str]) -> None:
    other = create_app({**settings, "TRUSTED_HOSTS": ".example.com", "TRUSTED_PROXIES": "1"})
    headers = {"Host": "10.0.0.5", "X-Forwarded-Host": "also.foreign"}
    assert other.test_client().get("/readyz", headers=headers).status_code == 200
    assert other.test_client().get("/login", headers=headers).status_code == 400


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_refused_name_is_logged_once(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    for path in ("/webhooks/stripe", "/login", "/api/v1/balance"):
        client.get(path, headers={"Host": "tunnel.example"})
    lines = [record.getMessage() for record in caplog.records if "tunnel.example" in record.getMessage()]
    expected = "refused a request for the host 'tunnel.example': if it is yours, add its name to TRUSTED_HOSTS"
    assert lines == [expected]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_nobody_fills_the_log_with_names(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(NAMES_LOGGED_MAX + 20):
        client.get("/login", headers={"Host": f"{number}.example"})
    assert sum("refused a request for the host" in line for line in caplog.messages) == NAMES_LOGGED_MAX


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    folder = tmp_path_factory.mktemp("web")
    with running(Stack(f"sqlite:///{folder}/payapp.db", folder)) as stack:
        yield "127.0.0.1", int(stack.url.rsplit(":", 1)[1])


@pytest.mark.parametrize("path", PROBES)
def test_a_probe_with_http_1_0_needs_no_host(address: tuple[str, int], path: str) -> None:
    assert ask(address, f"GET {path} HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")


def test_a_page_with_http_1_0_does(address: tuple[str, int]) -> None:
    assert b" 400 " in ask(address, "GET /login HTTP/1.0\r\nHost: elsewhere.example\r\n\r\n").split(b"\r\n")[0]


def ask(address: tuple[str, int], request: str) -> bytes:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(request.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))
