"""Stripe's test cards and what each of them does. https://docs.stripe.com/testing"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """One test card. `token` is its ready-made payment method, `number` what a person types.

    `decline_code` declines every charge (attaching too, unless `can_attach`). `authentication`: `always`, or
    `unless_saved` (not after it was saved for later use). `refund`: how refunds go, see refunding.py.
    `dispute`: the reason of the dispute that follows a payment; `inquiry` says that it begins as one.
    """

    token: str
    number: str
    brand: str = "visa"
    funding: str = "credit"
    decline_code: str | None = None
    can_attach: bool = False
    authentication: str = "never"
    refund: str = "succeeds"
    dispute: str | None = None
    is_inquiry: bool = False

    @property
    def last4(self) -> str:
        """The digits that are shown."""
        return self.number[-4:]


_ALL = (
    Card("pm_card_visa", "4242424242424242"),
    Card("pm_card_visa_debit", "4000056655665556", funding="debit"),
    Card("pm_card_mastercard", "5555555555554444", brand="mastercard"),
    Card("pm_card_mastercard_debit", "5200828282828210", brand="mastercard", funding="debit"),
    Card("pm_card_mastercard_prepaid", "5105105105105100", brand="mastercard", funding="prepaid"),
    Card("pm_card_amex", "378282246310005", brand="amex"),
    Card("pm_card_discover", "6011111111111117", brand="discover"),
    Card("pm_card_diners", "3056930009020004", brand="diners"),
    Card("pm_card_jcb", "3566002020360505", brand="jcb"),
    Card("pm_card_unionpay", "6200000000000005", brand="unionpay"),
    # Declined payments: https://docs.stripe.com/testing#declined-payments
    Card("pm_card_visa_chargeDeclined", "4000000000000002", decline_code="generic_decline"),
    Card("pm_card_visa_chargeDeclinedInsufficientFunds", "4000000000009995", decline_code="insufficient_funds"),
    Card("pm_card_visa_chargeDeclinedLostCard", "4000000000009987", decline_code="lost_card"),
    Card("pm_card_visa_chargeDeclinedStolenCard", "4000000000009979", decline_code="stolen_card"),
    Card("pm_card_chargeDeclinedExpiredCard", "4000000000000069", decline_code="expired_card"),
    Card("pm_card_chargeDeclinedIncorrectCvc", "4000000000000127", decline_code="incorrect_cvc"),
    Card("pm_card_chargeDeclinedProcessingError", "4000000000000119", decline_code="processing_error"),
    Card("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "4000000000006975", decline_code="card_velocity_exceeded"),
    Card("pm_card_chargeCustomerFail", "4000000000000341", decline_code="generic_decline", can_attach=True),
    # Refunds: https://docs.stripe.com/testing#refunds
    Card("pm_card_pendingRefund", "4000000000007726", refund="pending"),
    Card("pm_card_refundFail", "4000000000005126", refund="fails_later"),
    # Disputes: https://docs.stripe.com/testing#disputes
    Card("pm_card_createDispute", "4000000000000259", dispute="fraudulent"),
    Card("pm_card_createDisputeProductNotReceived", "4000000000002685", dispute="product_not_received"),
    Card("pm_card_createDisputeInquiry", "4000000000001976", dispute="fraudulent", is_inquiry=True),
    # Authentication: https://docs.stripe.com/testing#regulatory-cards
    Card("pm_card_authenticationRequired", "4000002760003184", authentication="always"),
    Card("pm_card_threeDSecure2Required", "4000000000003220", authentication="always"),
    Card("pm_card_authenticationRequiredOnSetup", "4000002500003155", authentication="unless_saved"),
    Card("pm_card_authenticationRequiredSetupForOffSession", "4000003800000446", authentication="on_session"),
    Card(
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        authentication="always",
        decline_code="insufficient_funds",
        can_attach=True,
    ),
)
# Older names that Stripe still takes.
_ALIASES = {
    "pm_card_chargeDeclined": "pm_card_visa_chargeDeclined",
    "pm_card_chargeDeclinedInsufficientFunds": "pm_card_visa_chargeDeclinedInsufficientFunds",
}
CARDS = {card.token: card for card in _ALL}
_BY_NUMBER = {card.number: card for card in _ALL}


def find_card(token_or_number: str) -> Card | None:
    """Return the test card of this ready-made payment method, old-style token (`tok_…`) or number."""
    name = token_or_number.replace(" ", "")
    if name.startswith("tok_"):
        name = f"pm_card_{name.removeprefix('tok_')}"
    return CARDS.get(_ALIASES.get(name, name)) or _BY_NUMBER.get(name)
