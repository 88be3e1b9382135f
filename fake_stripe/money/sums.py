"""Where the money is: sums of the balance transactions, by currency and by payment intent."""

from collections import defaultdict

from fake_stripe.errors import JsonObject
from fake_stripe.state.store import Store

# Movement of a balance transaction → the sum it belongs to, and the sign it has there.
_SUMS = {
    "charge": ("charged", 1),
    "refund": ("refunded", -1),
    "refund_failure": ("refunded", -1),
    "dispute": ("disputed", -1),
    "dispute_reversal": ("reinstated", 1),
}


def summarize_money(store: Store) -> JsonObject:
    """Return what was charged, refunded (less what came back), disputed and reinstated, fees and net, in minor units.

    `net` is what stays after everything: charged + reinstated, less refunded, disputed and fees.
    """
    currencies: dict[str, JsonObject] = defaultdict(_nothing)
    intents: dict[str, JsonObject] = {}
    for row in store.rows(_MOVEMENTS):
        intent = intents.setdefault(row["payment_intent"], {"currency": row["currency"], **_nothing()})
        for sums in (currencies[row["currency"]], intent):
            _add(sums, row["movement"], row["amount"], row["fee"])
    return {"currencies": dict(currencies), "payment_intents": intents}


def _nothing() -> JsonObject:
    return {"charged": 0, "refunded": 0, "disputed": 0, "reinstated": 0, "fees": 0, "net": 0}


def _add(sums: JsonObject, movement: str, amount: int, fee: int) -> None:
    name, sign = _SUMS[movement]
    sums[name] += sign * amount
    sums["fees"] += fee
    sums["net"] += amount - fee


_MOVEMENTS = """
    SELECT json_extract(private, '$.payment_intent') AS payment_intent, json_extract(private, '$.movement') AS movement,
           json_extract(body, '$.currency') AS currency, json_extract(body, '$.amount') AS amount,
           json_extract(body, '$.fee') AS fee
    FROM objects WHERE kind = 'balance_transaction' ORDER BY seq
"""
