"""A program that is killed between Stripe's answer and the commit that would remember it.

`python -m tests.billing.dying DEED ROW_ID`, with payapp's settings in the environment; DEEDS names them.
It never ends well: exit status 3 means that it was not killed although it should have been.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from payapp import create_app
from payapp.billing.checkout.starting import start_checkout
from payapp.billing.customers import ensure_customer, push_email
from payapp.billing.packages import get_package
from payapp.billing.returns.refund_plans import plan_unspent_refund
from payapp.billing.returns.refunding import refund_purchase
from payapp.extensions import db
from payapp.stripe_service import StripeService
from payapp.web.services import get_storefront, get_stripe


def check_out(session: Session, stripe: StripeService, user_id: int) -> object:
    return start_checkout(session, stripe, get_storefront(), user_id, get_package("growth"))


def refund(session: Session, stripe: StripeService, purchase_id: int) -> object:
    return refund_purchase(session, stripe, plan_unspent_refund(session, purchase_id))


# Deed → the call to Stripe that it does not survive, and what makes it.
DEEDS: dict[str, tuple[str, Callable[[Session, StripeService, int], object]]] = {
    "customer": ("create_customer", ensure_customer),
    "email": ("update_customer_email", push_email),
    "checkout": ("create_checkout_session", check_out),
    "refund": ("create_refund", refund),
}


def main() -> None:
    """Call the core as a request would, with a StripeService that dies once Stripe has answered."""
    method, do = DEEDS[sys.argv[1]]
    with create_app().app_context():
        stripe = get_stripe()
        answer = getattr(stripe, method)

        def answer_and_die(*args: Any, **kwargs: Any) -> None:
            answer(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(stripe, method, answer_and_die)
        do(db.session(), stripe, int(sys.argv[2]))
    sys.exit(3)


if __name__ == "__main__":
    main()
