"""How numbers, money and times are written for people. Pure text; pages, e-mails and commands share it."""

import re
from datetime import UTC, datetime

MINUS = "\u2212"
NO_BREAK_SPACE = "\u00a0"
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}

# How many decimals a minor unit stands for; two for every currency not listed. Stripe takes ISK and UGX
# with two decimals although they have none in daily life. Source: https://docs.stripe.com/currencies
ZERO_DECIMAL = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
THREE_DECIMAL = "bhd jod kwd omr tnd"
DECIMALS = dict.fromkeys(ZERO_DECIMAL.split(), 0) | dict.fromkeys(THREE_DECIMAL.split(), 3)


def number(value: int) -> str:
    """Write a whole number with thousands separators, and a true minus sign where it is below zero: `1,240`."""
    return f"{MINUS if value < 0 else ''}{abs(value):,}"


def signed(value: int) -> str:
    """Write a change with its sign, plus included: `+500`. Zero has no sign."""
    return f"+{value:,}" if value > 0 else number(value)


def money(minor_units: float, currency: str) -> str:
    """Write an amount of `currency`, given in its minor units as Stripe gives it: `$39.00`, `¥3,900`.

    A currency without a symbol of its own here is named: `CHF 39.00`.
    """
    decimals = DECIMALS.get(currency.lower(), 2)
    return _with_currency(minor_units / 10**decimals, currency, decimals)


def minor_units(text: str, currency: str) -> int | None:
    """Read an amount of `currency` as it is typed, `39` or `3.90`, into minor units; None for what is no amount."""
    decimals = DECIMALS.get(currency.lower(), 2)
    typed = re.fullmatch(r"([0-9]{1,12})(?:\.([0-9]+))?", text)
    fraction = (typed[2] or "") if typed else ""
    if typed is None or len(fraction) > decimals:
        return None
    return int(typed[1] + fraction.ljust(decimals, "0"))


def price_of_one(minor_units: float, currency: str) -> str:
    """Write a small price exactly enough to compare: `7.8¢`, `$1.20`, `€0.078`, `¥7.8`.

    Dollars below one are written in cents; elsewhere the price has three digits that count.
    """
    if currency.lower() == "usd" and minor_units < 100:
        return f"{minor_units:.1f}¢"
    decimals = DECIMALS.get(currency.lower(), 2)
    major = minor_units / 10**decimals
    finest = 3 if major < 1 else 1 if major < 100 else 0
    return _with_currency(major, currency, max(decimals, finest))


def day(moment_: datetime) -> str:
    """Write the UTC day of a moment: `20 Nov 2026`."""
    return f"{_utc(moment_).day} {_utc(moment_):%b %Y}"


def moment(moment_: datetime) -> str:
    """Write a moment to the minute, with its zone: `20 November 2026 at 09:14 UTC`."""
    return f"{_utc(moment_).day} {_utc(moment_):%B %Y at %H:%M} UTC"


def minute(moment_: datetime) -> str:
    """Write a moment shortly, for lists that staff compare: `2026-11-20 09:14 UTC`."""
    return f"{_utc(moment_):%Y-%m-%d %H:%M} UTC"


def iso(moment_: datetime) -> str:
    """Write a moment for machines, as <time datetime> wants it: `2026-11-20T09:14:00Z`."""
    return f"{_utc(moment_):%Y-%m-%dT%H:%M:%SZ}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its word: `1 day`, `3 days`. `many` is `one` with an s unless given."""
    return f"{number(count)} {one if abs(count) == 1 else many or one + 's'}"


def size(bytes_: int) -> str:
    """Write the size of a file, as people are used to from their own: `640 bytes`, `23 KB`, `2.6 MB`."""
    if bytes_ < 1000:
        return plural(bytes_, "byte")
    return f"{bytes_ / 1e3:.0f} KB" if bytes_ < 999_500 else f"{bytes_ / 1e6:.1f} MB"


def _with_currency(major: float, currency: str, decimals: int) -> str:
    code = currency.lower()
    prefix = SYMBOLS.get(code, code.upper() + NO_BREAK_SPACE)
    return f"{MINUS if major < 0 else ''}{prefix}{abs(major):,.{decimals}f}"


def _utc(moment_: datetime) -> datetime:
    """A naive moment is UTC already: SQLite gives times back without their zone."""
    return moment_.replace(tzinfo=UTC) if moment_.tzinfo is None else moment_.astimezone(UTC)
