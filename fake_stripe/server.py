"""Starts the stand-in: the Flask application, its threads, and the server around them."""

import signal
import sys
import threading
from dataclasses import replace

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from fake_stripe.clock.worker import ClockWorker
from fake_stripe.control import control
from fake_stripe.errors import StripeError
from fake_stripe.http.api import create_api, error_response
from fake_stripe.http.payment_page import payment_page
from fake_stripe.panel import enter, panel
from fake_stripe.panel.root import ROOT
from fake_stripe.resources.webhook_endpoints import register_forwarding
from fake_stripe.settings import StandInSettings
from fake_stripe.stand_in import StandIn
from fake_stripe.state.ids import new_id
from fake_stripe.wsgi_server import WsgiServer

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def create_stand_in(settings: StandInSettings) -> Flask:
    """Return the stand-in as a Flask application, its state opened and its threads not yet started."""
    app = Flask(__name__, static_url_path="/_static")
    stand_in = StandIn(settings)
    app.extensions["stand_in"] = stand_in
    app.register_blueprint(create_api())
    app.register_blueprint(payment_page)
    app.register_blueprint(control)
    app.register_blueprint(panel)
    app.add_url_rule("/", view_func=enter)
    app.register_error_handler(StripeError, _answer_stripe_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    if settings.webhook_url and settings.webhook_secret:
        with stand_in.store.transaction():
            register_forwarding(stand_in.work(), settings.webhook_url, settings.webhook_secret)
    return app


def serve(
    port: int,
    host: str = "127.0.0.1",
    settings: StandInSettings | None = None,
) -> None:
    """Run the stand-in until SIGTERM or SIGINT. Call it from the main thread.

    Without `settings.public_url` the address of this server is used. Raises OSError when the port is taken.
    """
    settings = settings or StandInSettings(public_url="")
    settings = replace(settings, public_url=(settings.public_url or f"http://localhost:{port}").rstrip("/"))
    app = create_stand_in(settings)
    stand_in: StandIn = app.extensions["stand_in"]
    server = WsgiServer(host, port, app.wsgi_app)
    clock_worker = ClockWorker(stand_in)
    # Blocked before any thread starts, so that they stay pending until the main thread waits for them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    stand_in.deliverer.start()
    clock_worker.start()
    threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
    ready = f"Stripe stand-in ready on {settings.public_url}, its control panel on {settings.public_url}{ROOT}"
    print(ready, flush=True)  # noqa: T201  (tests and people wait for this line)
    _warm_up()
    _wait_for_signal()
    server.shutdown()
    server.server_close()
    clock_worker.stop()
    stand_in.close()


def _wait_for_signal() -> None:
    """Wait without a handler: one that ran in the middle of a lock could stop the process from stopping."""
    signal.sigwait(_STOP_SIGNALS)


def _warm_up() -> None:
    """Load what the first request needs, after the ready line: the SDK takes longer than everything else."""
    from fake_stripe.checks.validation import validate

    for type_name in ("CustomerCreateParams", "checkout.SessionCreateParams"):
        try:
            validate(type_name, {})
        except StripeError as error:
            print(error, file=sys.stderr)  # noqa: T201  (neither type requires anything: worth knowing)


def _answer_stripe_error(error: StripeError) -> Response:
    return error_response(error, new_id("request"))


def _answer_http_error(error: HTTPException) -> Response:
    """Under /v1 Stripe's JSON, elsewhere the plain page."""
    if not request.path.startswith("/v1/") and request.path != "/v1":
        return Response(error.get_body(), error.code or 500, mimetype="text/html")
    hint = _EMPTY_ID if request.path.endswith("/") else ""
    message = f"Unrecognized request URL ({request.method}: {request.path}). {hint}{_HELP}"
    is_ours = error.code is not None and error.code >= 500
    known = StripeError("An unknown error occurred", status=500, error_type="api_error")
    return error_response(known if is_ours else StripeError(message, status=404), new_id("request"), is_logged=False)


_EMPTY_ID = (
    "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make "
    "sure you passed a valid (non-empty) identifier in your code. "
)
_HELP = "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
