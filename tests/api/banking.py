"""One client process of the bank: does at random whatever can be done, and looks whether all it reads fits together."""

import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice, pairwise

from clients.payapp_client import InsufficientCreditsError, PayappClient
from tests.webhooks.delivering import deliver_over_http

PAGE = 20


@dataclass(frozen=True)
class Teller:
    """What a client process needs: address, accounts' keys, and signed letters of grants and refunds to tell."""

    url: str
    keys: list[str]
    letters: list[str]
    operations: int
    seed: int


@dataclass
class Till:
    """What a client process has done: how often, and how many credits were captured by acknowledged answers."""

    done: Counter[str] = field(default_factory=Counter)
    captured: int = 0


def serve(teller: Teller) -> Till:
    """Run in a process of its own. Raises AssertionError at a reading that is not consistent."""
    chance, till, letters = random.Random(teller.seed), Till(), list(teller.letters)
    clients = [PayappClient(teller.url, key) for key in teller.keys]
    deeds = {"spend": 4, "hold": 3, "balance": 2, "entries": 1, "letter": 2}
    for _ in range(teller.operations):
        deed = chance.choices(list(deeds), list(deeds.values()))[0]
        if deed == "letter" and letters:
            assert deliver_over_http(teller.url, letters.pop()) == 200
        elif deed != "letter":
            deed = _act(deed, chance.choice(clients), chance, till)
        till.done[deed] += 1
    for letter in letters:
        assert deliver_over_http(teller.url, letter) == 200
    return till


def _act(deed: str, client: PayappClient, chance: random.Random, till: Till) -> str:
    if deed == "balance":
        balance = client.balance()
        assert balance.available == balance.posted - balance.held
        assert balance.held >= 0
    elif deed == "entries":
        page = list(islice(client.entries(PAGE), PAGE))
        assert all(
            newer["balance_after"] - newer["amount"] == older["balance_after"] for newer, older in pairwise(page)
        )
    else:
        try:
            till.captured += _use(deed, client, chance.randint(1, 9), chance)
        except InsufficientCreditsError:
            return f"{deed} refused"
    return deed


def _use(deed: str, client: PayappClient, amount: int, chance: random.Random) -> int:
    """Use credits, at once or by way of a hold; return how many were captured."""
    if deed == "spend":
        client.spend(amount, feature="bank")
        return amount
    hold, captured = client.place_hold(amount, feature="bank"), chance.randint(0, amount)
    if captured:
        hold.capture(captured)
    else:
        hold.release()
    return captured
