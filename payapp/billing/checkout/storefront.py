"""Our side of a Checkout page: where buyers come back to, and what Stripe is asked to sell them."""

from dataclasses import dataclass
from typing import Any

from payapp.billing.packages import Package
from payapp.stripe_types.requests import CheckoutRequest


@dataclass(frozen=True)
class Storefront:
    """Where buyers come from and go back to, and the Stripe price ids of the packages (empty: inline prices)."""

    base_url: str
    price_ids: dict[str, str]

    @property
    def page(self) -> str:
        """The address of the credits page."""
        return f"{self.base_url}/dashboard/credits"

    def return_url(self, checkout_session_id: str) -> str:
        """Return where a buyer comes back to from this Checkout session, having paid."""
        return f"{self.page}?success=true&session_id={checkout_session_id}"


def build_request(storefront: Storefront, purchase: Any, package: Package) -> CheckoutRequest:
    """Return what Stripe is asked for: a page for this purchase row, which leads back to us."""
    return CheckoutRequest(
        idempotency_key=purchase.stripe_checkout_key,
        customer_id=purchase.stripe_customer_id,
        client_reference_id=str(purchase.id),
        product_name=f"{package.name}: {purchase.credits} credits",
        unit_amount=purchase.amount_total,
        currency=purchase.currency,
        price_id=storefront.price_ids.get(package.id, ""),
        success_url=storefront.return_url("{CHECKOUT_SESSION_ID}"),
        cancel_url=f"{storefront.page}?canceled=true",
        expires_at=purchase.checkout_expires_at,
        metadata={
            "userId": str(purchase.user_id),
            "credits": str(purchase.credits),
            "packageId": purchase.package_id,
            "purchaseId": str(purchase.id),
        },
    )
