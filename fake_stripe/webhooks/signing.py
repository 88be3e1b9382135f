"""Signs webhook payloads and tells the API version, both as the pinned SDK has them."""

import time


def sign(payload: str, secret: str) -> str:
    """Return a `Stripe-Signature` header with the present moment: each attempt is signed anew.

    https://docs.stripe.com/webhooks#verify-manually
    """
    from stripe import WebhookSignature

    header: str = WebhookSignature.generate_signature_header(payload, secret, timestamp=int(time.time()))
    return header


def api_version() -> str:
    """Return the API version the pinned SDK was made for."""
    from stripe import api_version as version

    return str(version)
