"""What routes and commands ask the running application for: its settings and its Stripe service."""

from typing import cast

from flask import current_app

from payapp.billing.checkout.storefront import Storefront
from payapp.config import Settings
from payapp.stripe_service import StripeService


def get_settings() -> Settings:
    """Return the settings this application was started with."""
    return cast(Settings, current_app.extensions["payapp_settings"])


def get_stripe() -> StripeService:
    """Return this process's one Stripe service."""
    return cast(StripeService, current_app.extensions["payapp_stripe"])


def get_storefront() -> Storefront:
    """Return where buyers come back to, and the price ids from the settings."""
    settings = get_settings()
    return Storefront(base_url=settings.app_base_url, price_ids=settings.stripe_price_ids)
