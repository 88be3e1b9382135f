"""What a declined card says. https://docs.stripe.com/declines/codes and https://docs.stripe.com/error-codes"""

from fake_stripe.errors import JsonObject

# Decline codes that are also error codes; all others come as `card_declined`.
_OWN_CODES = {"expired_card", "incorrect_cvc", "processing_error", "authentication_required"}

_MESSAGES = {
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "card_velocity_exceeded": "Your card was declined for making repeated attempts too frequently or exceeding its "
    "amount limit.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "insufficient_funds": "Your card has insufficient funds.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
}
_NETWORK_CODES = {"insufficient_funds": "51", "lost_card": "41", "stolen_card": "43", "expired_card": "54"}
_ADVICE = {"lost_card": "do_not_try_again", "stolen_card": "do_not_try_again", "expired_card": "confirm_card_data"}


def decline_error(decline_code: str) -> JsonObject:
    """Return the card error for a decline, as `last_payment_error` and the answer to a request have it."""
    code = decline_code if decline_code in _OWN_CODES else "card_declined"
    error = {
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": _MESSAGES.get(decline_code, "Your card was declined."),
        "type": "card_error",
    }
    # When the bank asks for its customer, the network has not declined anything.
    if decline_code != "authentication_required":
        error["advice_code"] = _ADVICE.get(decline_code, "try_again_later")
        error["network_decline_code"] = _NETWORK_CODES.get(decline_code, "01")
    # Stripe's own table has no decline code for these two: the code says it all.
    if decline_code not in ("expired_card", "incorrect_cvc", "processing_error"):
        error["decline_code"] = decline_code
    return error


def declined_outcome(decline_code: str) -> JsonObject:
    """Return a charge's `outcome` after a decline."""
    return {
        "advice_code": _ADVICE.get(decline_code, "try_again_later"),
        "network_advice_code": None,
        "network_decline_code": _NETWORK_CODES.get(decline_code, "01"),
        "network_status": "declined_by_network",
        "reason": decline_code,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }
