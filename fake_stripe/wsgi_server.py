"""A small threaded HTTP/1.1 server: werkzeug's own closes the connection after every answer.

It can also hang up in the middle of a call, which is how the stand-in plays a network that fails.
"""

import io
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Response

BODY_BYTES_MAX = 1_000_000
_HANG_UP = "X-Stand-In-Hang-Up"

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def hang_up(*, is_reset: bool) -> Response:
    """Return the answer that is none: the server closes the connection instead, with a TCP reset if asked."""
    return Response(headers={_HANG_UP: "reset" if is_reset else "close"})


def is_hang_up(response: Response) -> bool:
    """Whether this answer is none."""
    return _HANG_UP in response.headers


class WsgiServer(ThreadingHTTPServer):
    """Serves one WSGI application, one thread a connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, host: str, port: int, app: WsgiApp) -> None:
        self.app = app
        super().__init__((host, port), _Handler)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset must not say goodbye first."""
        if _is_to_be_reset(request):
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, except that a client went away: that is its right."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _is_to_be_reset(connection: socket.socket) -> bool:
    linger = connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.calcsize("ii"))
    return struct.unpack("ii", linger) == (1, 0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # buffered: headers and body leave in one packet
    timeout = 120  # seconds an idle connection is kept

    def do_GET(self) -> None:
        """Answer any method through the application."""
        body = self._read_body()
        if body is None:
            return
        status, headers, chunks = self._call_app(body)
        hang_up_kind = dict(headers).get(_HANG_UP)
        if hang_up_kind:
            self._hang_up(hang_up_kind)
            return
        self._send(status, headers, b"".join(chunks))

    do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_OPTIONS = do_GET

    def _read_body(self) -> bytes | None:
        """Return the body; None after having refused one that is too long or of unknown length."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            self.send_error(411)
            return None
        if int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self.send_error(413)
            return None
        return self.rfile.read(int(length))

    def _call_app(self, body: bytes) -> tuple[str, list[tuple[str, str]], list[bytes]]:
        started: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> None:
            started.update(status=status, headers=headers)

        result = self.server.app(self._environ(body), start_response)  # type: ignore[attr-defined]
        try:
            chunks = list(result)
        finally:
            if hasattr(result, "close"):
                result.close()
        return started["status"], started["headers"], chunks

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.connection.getsockname()[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() not in ("content-length", "date", "server", "connection"):
                self.send_header(name, value)
        if int(code) not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _hang_up(self, kind: str) -> None:
        if kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal quiet: `/_control/requests` has the log."""
