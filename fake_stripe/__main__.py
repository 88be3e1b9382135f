"""`python -m fake_stripe --webhook-url http://localhost:8000/webhooks --secret whsec_local`"""

import argparse

from fake_stripe.server import serve
from fake_stripe.settings import StandInSettings


def main() -> None:
    """Read the command line and serve until told to stop."""
    arguments = _parser().parse_args()
    if bool(arguments.webhook_url) != bool(arguments.webhook_secret):
        raise SystemExit("--webhook-url and --secret belong together")
    options = vars(arguments)
    port, host = options.pop("port"), options.pop("host")
    try:
        serve(port, host, StandInSettings(**options))
    except OSError as error:
        raise SystemExit(f"The stand-in can't listen on {host}:{port}: {error.strerror}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fake_stripe", description="A local Stripe.")
    add = parser.add_argument
    add("--port", type=int, default=8420)
    add("--host", default="127.0.0.1")
    add("--state", dest="state_path", metavar="PATH", help="SQLite file; without it nothing outlives the process")
    add("--public-url", default="", help="origin of the payment page; http://localhost:PORT if not given")
    add("--webhook-url", help="send all events here, like `stripe listen --forward-to`")
    add("--secret", "--webhook-secret", dest="webhook_secret", metavar="whsec_…", help="secret for --webhook-url")
    add("--api-key", metavar="sk_test_…", help="the only key accepted; any sk_test_ key if not given")
    add("--merchant-name", default="Your shop", help="name on the payment page")
    add("--late-seconds", type=float, default=10, help="how late a late webhook is")
    add("--settle-seconds", type=float, default=60, help="how long a bank debit takes")
    add("--refund-seconds", type=float, default=10, help="how long a refund is pending, or takes to fail")
    add("--retry-base-seconds", type=float, default=1, help="first interval between webhook attempts; doubles")
    add("--delivery-timeout-seconds", type=float, default=10, help="how long a webhook may take to be answered")
    return parser


if __name__ == "__main__":
    main()
