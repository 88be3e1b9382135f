"""The people: signed up through the pages before the first kill, then shared by all clients."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.plan import Plan
from tests.chaos.servers import ChaosStack
from tests.journeys.person import Person


@dataclass(frozen=True)
class Shopper:
    """Somebody who is logged in: cookie and CSRF token do in any process what the browser would."""

    email: str
    cookie: str
    csrf_token: str


@dataclass(frozen=True)
class Scene:
    """What every client is told."""

    plan: Plan
    app_url: str
    stripe_url: str
    folder: Path
    shoppers: list[Shopper]


def prepare(plan: Plan, stack: ChaosStack) -> Scene:
    """Sign everybody up."""
    with ThreadPoolExecutor(4) as threads:
        shoppers = list(threads.map(lambda number: _sign_up(stack.url, number), range(plan.shoppers)))
    return Scene(plan, stack.url, stack.stripe_url, stack.folder, shoppers)


def _sign_up(app_url: str, number: int) -> Shopper:
    person = Person(app_url, f"shopper{number}@example.com")
    person.sign_up()
    csrf_token = person.csrf_token()  # first: the session in the cookie holds it from then on
    return Shopper(person.email, f"session={person.http.cookies['session']}", csrf_token)
