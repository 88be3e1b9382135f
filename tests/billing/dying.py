"""A program that is killed between Stripe's answer and the commit that would remember it.

`python -m tests.billing.dying DEED USER_ID`, with payapp's settings in the environment; the deed is `customer`,
`email` or `checkout`.
It never ends well: exit status 3 means that it was not killed although it should have been.
"""

import os
import signal
import sys
from typing import Any

from payapp import create_app
from payapp.billing.checkout import start_checkout
from payapp.billing.customers import ensure_customer, push_email
from payapp.billing.packages import get_package
from payapp.extensions import db
from payapp.services import get_storefront, get_stripe


def main() -> None:
    """Call the core as a request would, with a StripeService that dies once Stripe has answered."""
    deed, row_id = sys.argv[1], int(sys.argv[2])
    with create_app().app_context():
        stripe = get_stripe()
        method = {
            "customer": "create_customer",
            "email": "update_customer_email",
            "checkout": "create_checkout_session",
        }[deed]
        answer = getattr(stripe, method)

        def answer_and_die(*args: Any, **kwargs: Any) -> None:
            answer(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(stripe, method, answer_and_die)
        if deed == "customer":
            ensure_customer(db.session(), stripe, user_id)
        if deed == "email":
            push_email(db.session(), stripe, user_id)
        start_checkout(db.session(), stripe, get_storefront(), user_id, get_package("growth"))
    sys.exit(3)


if __name__ == "__main__":
    main()
