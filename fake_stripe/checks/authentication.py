"""API keys: `Authorization: Bearer sk_test_…`, or the key as the user name of basic authentication."""

import base64
import binascii
import hmac

from fake_stripe.errors import StripeError

_ABSENT = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, using "
    "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication "
    "for details, or we can help at https://support.stripe.com/."
)


def authenticate(header: str | None, expected_key: str | None) -> None:
    """Raise Stripe's 401 unless the header carries the expected key, or any `sk_test_…` when none is expected.

    https://docs.stripe.com/api/authentication
    """
    key = _read_key(header or "")
    if not key:
        raise StripeError(_ABSENT, status=401)
    if expected_key:
        is_right = hmac.compare_digest(key.encode(), expected_key.encode())
    else:
        is_right = key.startswith(("sk_test_", "rk_test_"))
    if not is_right:
        raise StripeError(f"Invalid API Key provided: {_redact(key)}", status=401)


def _read_key(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _redact(key: str) -> str:
    """Show what Stripe shows of a wrong key: its kind and the last four characters."""
    prefix = "_".join(key.split("_")[:2]) + "_" if key.count("_") > 1 else ""
    rest = key[len(prefix) :]
    return prefix + "*" * max(len(rest) - 4, 0) + rest[-4:]
