"""Requests that no client would write, to a real server: refused, or the door is shut, and the next one is served."""

import re
import socket
from contextlib import suppress

import pytest
import requests

from tests.databases import ENGINES
from tests.processes import Stack

ONE_SERVER = pytest.mark.parametrize("stack", ENGINES[:1], indirect=True)  # the database has no part in it
HOST = b"Host: localhost\r\n"
REFUSED = re.compile(rb"HTTP/1\.[01] (?:[234]\d\d|501) ")
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

REQUESTS = [
    b"\r\n\r\n",
    b"\0" * 100,
    b"\xff\xfe\x00\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS spoken to a port that does not
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    b"GET /\r\n\r\n",
    b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"G\xffT / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /a\0b HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /?next=\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /\xed\xa0\x80 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET //evil.example/%2e%2e HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 9000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b" folded: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b": a\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n",
    b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: +5\r\n\r\nhello",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 0x5\r\n\r\nhello",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\nhello\r\n0\r\n\r\n",
]


def answer_to(stack: Stack, request: bytes) -> bytes:
    """Return all that comes back before the server, told that no more will come, ends the connection."""
    with socket.create_connection(("127.0.0.1", stack.port), timeout=10) as connection:
        answer = b""
        with suppress(ConnectionError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                answer += more
        return answer


@ONE_SERVER
def test_none_makes_the_server_fail(stack: Stack) -> None:
    """501 is what RFC 9112 wants said of a transfer coding that nobody knows."""
    answers = {request: answer_to(stack, request) for request in REQUESTS}
    failed = {request[:80]: answer[:80] for request, answer in answers.items() if answer and not REFUSED.match(answer)}
    assert failed == {}
    assert requests.get(f"{stack.url}/login", timeout=10).status_code == 200
    assert "Traceback" not in stack.log_of("web")


@ONE_SERVER
def test_no_request_is_smuggled_in_the_body_of_another(stack: Stack) -> None:
    for request in REQUESTS:
        if request.endswith(SMUGGLED):
            answer = answer_to(stack, request)
            assert b'"alive"' not in answer, request[:120]
