"""Somebody whose line is slow, or breaks, keeps nobody else waiting: real connections to a real server."""

import socket

import pytest
import requests

from payapp.web.seats import SEATS
from tests.databases import ENGINES
from tests.processes import Stack

SLOW = 3 * SEATS  # for two processes
BODY = b"{}" + 98 * b" "


def begin_to_send(stack: Stack) -> socket.socket:
    """Return a connection over which half of a webhook has come."""
    connection = socket.create_connection(("127.0.0.1", stack.port), timeout=20)
    headers = f"POST /webhooks/stripe HTTP/1.1\r\nHost: localhost:{stack.port}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    connection.sendall(headers.encode() + BODY[:50])
    return connection


@pytest.mark.parametrize("stack", ENGINES[:1], indirect=True)
def test_others_are_served_and_the_slow_are_answered_in_the_end(stack: Stack) -> None:
    slow = [begin_to_send(stack) for _ in range(SLOW)]
    for _ in range(4):
        assert requests.get(f"{stack.url}/login", timeout=10).status_code == 200
    for connection in slow[1:]:
        connection.sendall(BODY[50:])
    answers = [connection.recv(12) for connection in slow[1:]]
    for connection in slow:
        connection.close()  # the first has sent half of it only
    assert set(answers) == {b"HTTP/1.1 400"}  # a webhook without a signature
    assert requests.get(f"{stack.url}/login", timeout=10).status_code == 200
    assert "Traceback" not in stack.log_of("web")
