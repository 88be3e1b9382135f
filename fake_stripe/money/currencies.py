"""Currencies, their smallest charge and how an amount is written."""

from decimal import Decimal

from fake_stripe.errors import parameter_error

AMOUNT_MAX = 99_999_999  # https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts: eight digits

# Presentment currencies: https://docs.stripe.com/currencies#presentment-currencies
CURRENCIES = frozenset(
    (  # noqa: SIM905  (as a list this would be 140 lines)
        "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bif bmd bnd bob brl bsd bwp byn bzd cad "
        "cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd "
        "hnl htg huf idr ils inr isk jmd jpy kes kgs khr kmf krw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd "
        "mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln pyg qar ron rsd "
        "rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx uyu uzs vnd "
        "vuv wst xaf xcd xof xpf yer zar zmw"
    ).split()
)
ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf")
)

# Smallest charge in minor units: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
_AMOUNT_MIN = {
    **{"aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500, "jpy": 50},
    **{"mxn": 1000, "myr": 200, "nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000},
}
_AMOUNT_MIN_DEFAULT = 50
_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹", "cad": "CA$", "aud": "A$"}


def check_currency(currency: str, param: str) -> str:
    """Return the currency in lower case. Raises StripeError for one that Stripe doesn't have."""
    lowered = currency.lower()
    if lowered not in CURRENCIES:
        known = ", ".join(sorted(CURRENCIES))
        message = f"Invalid currency: {currency}. Stripe currently supports these currencies: {known}"
        raise parameter_error(message, param)
    return lowered


def amount_min(currency: str) -> int:
    """Return the smallest amount that can be charged, in minor units."""
    return _AMOUNT_MIN.get(currency, 1 if currency in ZERO_DECIMAL else _AMOUNT_MIN_DEFAULT)


def format_money(amount: int, currency: str) -> str:
    """Write an amount of minor units for people: $39.00, ¥500, 12.00 CHF."""
    number = f"{amount:,}" if currency in ZERO_DECIMAL else f"{amount / 100:,.2f}"
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{number}" if symbol else f"{number} {currency.upper()}"


def format_unit(amount: str, currency: str) -> str:
    """Write a price for one, which may have fractions of a cent: 7.8¢ as $0.078."""
    exact = Decimal(amount)
    if exact == exact.to_integral_value():
        return format_money(int(exact), currency)
    number = exact if currency in ZERO_DECIMAL else exact / 100
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{number:f}" if symbol else f"{number:f} {currency.upper()}"
