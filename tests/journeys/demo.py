"""make demo: the whole journey over real HTTP, printed step by step with its figures. Exit status 0: all went well."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.journeys.person import Person
from tests.processes import Stack


@contextmanager
def step(title: str) -> Iterator[list[str]]:
    """Print a step when it is done, with how long it took and what the block has to say about it."""
    print(f"  {title:.<46} ", end="", flush=True)
    began = time.monotonic()
    remarks: list[str] = []
    yield remarks
    print(f"{(time.monotonic() - began) * 1000:6.0f} ms  {'; '.join(remarks)}", flush=True)


def show_journey(stack: Stack) -> None:
    """Sign up, buy, get the webhook, spend; raises AssertionError at the first thing that is not as it should be."""
    ada = Person(stack.url, "ada@example.com")
    with step("sign up") as remarks:
        ada.sign_up()
        customers = requests.get(f"{stack.stripe_url}/v1/customers", auth=("sk_test_x", ""), timeout=10).json()
        remarks.append(f"Stripe customer {customers['data'][0]['id']}")
    with step("look at the credits page") as remarks:
        assert "Buy for $39.00" in ada.get("/dashboard/credits")
        remarks.append(f"balance {ada.balance()}, three packages")
    with step("press Buy: 500 credits for $39.00") as remarks:
        payment_page = ada.start_buying("growth")
        remarks.append(payment_page[:60] + "…")
    with step("pay on the payment page") as remarks:
        return_page = ada.pay(payment_page)
        remarks.append("back to " + return_page.removeprefix(stack.url)[:44] + "…")
    with step("the webhook grants, the balance changes") as remarks:
        ada.wait_for_balance(500)
        remarks.append("balance 500")
    with step("come back to the credits page") as remarks:
        assert "500 credits added" in ada.get(return_page)
        remarks.append("“500 credits added”")
    with step("spend one credit on a QR code") as remarks:
        assert "<svg" in ada.make_qr_code("https://example.com").text
        assert ada.balance() == 499
        remarks.append("balance 499")
    with step("flask ledger verify") as remarks:
        remarks.append(stack.run("flask", "ledger", "verify").strip())


def main() -> int:
    """Start everything on free ports, walk the journey, stop everything."""
    with tempfile.TemporaryDirectory(prefix="payapp-demo-") as folder:
        stack = Stack(f"sqlite:///{folder}/payapp.db", Path(folder), application="wsgi:app", with_job_worker=True)
        print("payapp, from sign-up to spending, over real HTTP:\n")
        try:
            with step("start web, worker and the Stripe stand-in") as remarks:
                stack.start()
                remarks.append(stack.url)
            show_journey(stack)
        except (AssertionError, TimeoutError, requests.RequestException) as error:
            print(f"FAILED\n\n{error}\n\nThe web server's last words:\n{stack.log_of('web')[-3000:]}")
            return 1
        finally:
            stack.stop()
    print("\nAll steps done.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
