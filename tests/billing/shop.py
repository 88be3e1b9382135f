"""start_checkout() for one user, with everything else at hand."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.checkout.fulfillment import fulfill_checkout
from payapp.billing.checkout.purchases import find_latest_purchase
from payapp.billing.checkout.starting import start_checkout
from payapp.billing.checkout.storefront import Storefront
from payapp.billing.models import Purchase
from payapp.billing.packages import get_package
from payapp.stripe_service import StripeService
from tests.stand_in import (
    StandIn,
)

BASE_URL = "https://shop.example"


class Shop:
    """start_checkout() for one user, with everything else at hand."""

    def __init__(self, session: Session, service: StripeService, user_id: int) -> None:
        self.session, self.service, self.user_id = session, service, user_id
        self.price_ids: dict[str, str] = {}

    def buy(self, package_id: str = "growth", **changed: Any) -> str:
        package = replace(get_package(package_id), **changed)
        self.session.rollback()
        return start_checkout(self.session, self.service, Storefront(BASE_URL, self.price_ids), self.user_id, package)

    @property
    def purchases(self) -> list[Purchase]:
        self.session.rollback()
        self.session.expire_all()
        found = list(self.session.scalars(select(Purchase).order_by(Purchase.id)))
        self.session.rollback()
        return found

    @property
    def statuses(self) -> list[str]:
        self.session.rollback()
        return list(self.session.scalars(select(Purchase.status).order_by(Purchase.id)))

    def set_newest(self, **values: Any) -> None:
        purchase = self.session.scalars(select(Purchase).order_by(Purchase.id.desc()).limit(1)).one()
        for name, value in values.items():
            setattr(purchase, name, value)
        self.session.commit()

    @property
    def customer_id(self) -> str:
        self.session.rollback()
        return str(self.session.execute(select(User.stripe_customer_id).where(User.id == self.user_id)).scalar_one())


def buy_growth(session: Session, service: StripeService, stripe: StandIn, user_id: int) -> int:
    """Buy 500 credits for $39.00, pay at the stand-in, and be granted them; return the purchase's id. Not committed."""
    start_checkout(session, service, Storefront(BASE_URL, {}), user_id, get_package("growth"))
    purchase = find_latest_purchase(session, user_id)
    assert purchase is not None
    assert purchase.stripe_checkout_session_id is not None
    stripe.pay(purchase.stripe_checkout_session_id)
    fulfill_checkout(session, service.get_checkout_session(purchase.stripe_checkout_session_id))
    return purchase.id


def list_open(stripe: StandIn, shop: Shop) -> list[str]:
    sessions = stripe.list_checkout_sessions(shop.customer_id)
    return [checkout_session["url"] for checkout_session in sessions if checkout_session["status"] == "open"]


def make_price(stripe: StandIn, unit_amount: int, currency: str = "usd") -> str:
    made = stripe.post("/v1/prices", currency=currency, unit_amount=unit_amount, **{"product_data[name]": "Growth"})
    return str(made["id"])
