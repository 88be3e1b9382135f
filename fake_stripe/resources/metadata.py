"""Metadata: merged key by key, within Stripe's limits. https://docs.stripe.com/api/metadata"""

from fake_stripe.errors import parameter_error

KEYS_MAX = 50
KEY_LENGTH_MAX = 40
VALUE_LENGTH_MAX = 500


def merge_metadata(
    current: dict[str, str], sent: dict[str, str] | str | None, param: str = "metadata"
) -> dict[str, str]:
    """Return the new metadata: an empty value removes its key, an empty string instead removes all.

    Raises StripeError beyond 50 keys, 40 characters a key, 500 characters a value.
    """
    if sent is None:
        return dict(current)
    if isinstance(sent, str):
        return {}
    merged = {**current, **sent}
    kept = {key: value for key, value in merged.items() if value != ""}
    _check_limits(kept, param)
    return kept


def _check_limits(metadata: dict[str, str], param: str) -> None:
    if len(metadata) > KEYS_MAX:
        raise parameter_error(f"Metadata can only have {KEYS_MAX} keys, but you passed {len(metadata)}.", param)
    for key, value in metadata.items():
        if len(key) > KEY_LENGTH_MAX:
            message = f"Metadata keys must be at most {KEY_LENGTH_MAX} characters, but '{key}' has {len(key)}."
            raise parameter_error(message, param)
        if len(value) > VALUE_LENGTH_MAX:
            raise parameter_error(
                f"Metadata values must be at most {VALUE_LENGTH_MAX} characters, "
                f"but the value of '{key}' has {len(value)}.",
                f"{param}[{key}]",
            )
