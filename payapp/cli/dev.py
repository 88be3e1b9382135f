"""flask dev …: for development only."""

import os
import socket
import sys

import click
from flask.cli import AppGroup

from payapp.config import LOCAL_STRIPE_WEBHOOK_SECRET, PROJECT_ROOT, Settings
from payapp.web.services import get_settings

dev = AppGroup("dev", help="Development: the local stand-in for Stripe.")


@dev.command("fake-stripe")
@click.option("--port", default=8420, show_default=True, help="Where the SDK, and the browser, find it.")
def fake_stripe(port: int) -> None:
    """Run the local stand-in for Stripe; it sends its events to this app's webhook. See fake_stripe/README.md."""
    settings = get_settings()
    if not settings.stripe_api_base:
        click.echo("STRIPE_SECRET_KEY is set: payapp talks to Stripe itself, and the stand-in waits in vain.")
    sys.stdout.flush()
    os.chdir(PROJECT_ROOT)
    # It is a program of its own, and takes this process's place, so that whoever stops us stops it.
    os.execv(sys.executable, [sys.executable, "-m", "fake_stripe", *_options(port, settings)])  # nosec B606  # noqa: S606  (no shell)


def _options(port: int, settings: Settings) -> list[str]:
    secret = (settings.stripe_webhook_secrets or [LOCAL_STRIPE_WEBHOOK_SECRET])[0]
    return [
        f"--port={port}",
        f"--state={settings.instance_path / 'fake_stripe.sqlite3'}",
        f"--webhook-url={settings.app_base_url}/webhooks/stripe",
        f"--secret={secret}",
        "--merchant-name=payapp",
    ]


@dev.command("check-ports")
@click.argument("port", type=int)
@click.argument("stripe_port", type=int)
@click.argument("mail_port", type=int)
@click.argument("smtp_port", type=int)
def check_ports(**ports: int) -> None:
    """Say in one sentence which port another program has; exit status 1 then."""
    for name, wanted in ports.items():
        if not _is_free(wanted):
            raise click.ClickException(
                f"port {wanted} is taken by another program; try: make run {name.upper()}={wanted + 1}"
            )


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
