"""Starts the mailbox: the page and the SMTP server, both for this machine alone."""

import signal
import threading

from aiosmtpd.controller import Controller
from werkzeug.serving import WSGIRequestHandler, make_server

from local_mailbox.pages import create_app
from local_mailbox.receiving import MAIL_BYTES_MAX, Receiver
from local_mailbox.store import Store

HOST = "127.0.0.1"
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Quiet(WSGIRequestHandler):
    """Nobody reads which pages were looked at, among the lines of the app."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def serve(port: int, smtp_port: int) -> None:
    """Run the mailbox until SIGTERM or SIGINT. Call it from the main thread. Raises OSError when a port is taken."""
    store = Store()
    page = make_server(HOST, port, create_app(store), threaded=True, request_handler=_Quiet)
    receiver = Controller(
        Receiver(store),
        hostname=HOST,
        port=smtp_port,
        enable_SMTPUTF8=True,
        data_size_limit=MAIL_BYTES_MAX,
        ident="local mailbox",
    )
    # Blocked before any thread starts, so that they stay pending until the main thread waits for them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    receiver.start()
    threading.Thread(target=page.serve_forever, name="page", daemon=True).start()
    print(f"Mailbox ready on http://localhost:{port}, it takes mails on port {smtp_port}", flush=True)  # noqa: T201
    signal.sigwait(_STOP_SIGNALS)
    page.shutdown()
    receiver.stop()
