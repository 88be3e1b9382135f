"""The three scenes: each gives the rows of the table that belong to it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Event
from threading import Event as ThreadEvent
from time import monotonic, sleep

from bench.footprint import PAGES
from bench.load import render_request
from bench.pressure.clients import Answer, send_each, send_in_cycle
from bench.pressure.people import Buyer, Deed
from bench.pressure.plan import Plan
from bench.seeding import make_event, make_page_request, sign_event
from payapp.billing.models import Purchase
from tests.journeys.person import Person
from tests.processes import Stack
from tests.stand_in import StandIn

WEBHOOK_SECONDS_MAX, PAGE_SECONDS_MAX = 0.5, 1.0
BEFORE_SECONDS = 0.5  # in which the pages begin to be asked for
FAULTS = 1_000_000  # more than anybody asks


@dataclass(frozen=True)
class Row:
    """What was measured: seconds, one each; `goal` is what 99 of 100 should stay below, None where none is set."""

    what: str
    took: list[float]
    goal: float | None = None
    remark: str = ""


@dataclass(frozen=True)
class Stage:
    """Where it happens: the servers, the client processes with what stops them, and somebody who only looks."""

    plan: Plan
    stack: Stack
    clients: Executor
    stop: Event
    onlooker: Person

    def watch(self, scene: str, deeds: Sequence[Callable[[], Deed]]) -> tuple[list[Deed], list[Row]]:
        """Do all the deeds at once, and return how long other people's pages took meanwhile, row by row."""
        self.stop.clear()
        pages = {"/healthz": render_request("GET", "/healthz", {})}
        pages |= {name: make_page_request(self.onlooker, path) for name, path in PAGES.items()}
        asked = self.clients.submit(send_in_cycle, self.stack.port, [*pages.values()], self.plan.pages_a_second)
        sleep(BEFORE_SECONDS)
        began_at = monotonic()
        with ThreadPoolExecutor(len(deeds)) as threads:
            done = [future.result() for future in [threads.submit(deed) for deed in deeds]]
        ended_at = monotonic()
        self.stop.set()
        answers = [one for one in asked.result() if began_at <= one.due_at <= ended_at]
        return done, [
            Row(f"{scene}: {name}", [one.took for one in answers if one.number % len(pages) == place], PAGE_SECONDS_MAX)
            for place, name in enumerate(pages)
        ]


def log_in_at_once(stage: Stage, people: Sequence[Buyer]) -> Iterator[Row]:
    """Everybody has the page open already, and presses the button in the same moment."""
    deeds = [partial(person.log_in_patiently, person.csrf_token()) for person in people]
    scene = f"{len(people)} people log in at once"
    done, rows = stage.watch(scene, deeds)
    yield from rows
    told = sum(deed.times_told_to_wait for deed in done)
    yield Row(f"{scene}: they themselves", [deed.took for deed in done], remark=f"{told} times told to wait")


def buy_at_once(stage: Stage, people: Sequence[Buyer]) -> Iterator[Row]:
    """Everybody presses Buy in the same moment; Stripe is silent."""
    deeds = [partial(person.press_buy, person.csrf_token()) for person in people]
    scene = f"{len(people)} people press Buy, Stripe is silent"
    with _silence(stage):
        done, rows = stage.watch(scene, deeds)
    yield from rows
    yield Row(f"{scene}: they themselves", [deed.took for deed in done])


def bring_webhooks(stage: Stage, purchases: Sequence[Purchase], people: Sequence[Buyer]) -> Iterator[Row]:
    """Stripe brings events and answers nothing, while a few people press Buy and come back all the time."""
    is_over = ThreadEvent()
    scene = f"{stage.plan.webhooks_a_second} webhooks a second for {stage.plan.seconds} s, Stripe is silent"
    with _silence(stage), ThreadPoolExecutor(len(people)) as threads:
        asking = [threads.submit(person.keep_asking_stripe, is_over) for person in people]
        brought: Future[list[Answer]] = stage.clients.submit(
            send_each, stage.stack.port, [*map(make_event, purchases)], sign_event, stage.plan.webhooks_a_second
        )
        wait([brought])
        is_over.set()
        deeds = [deed for one in asking for deed in one.result()]
    yield Row(f"{scene}: webhooks", [answer.took for answer in brought.result()], WEBHOOK_SECONDS_MAX)
    yield Row(f"{scene}: {len(people)} people who ask Stripe", [deed.took for deed in deeds])


@contextmanager
def _silence(stage: Stage) -> Iterator[None]:
    """Every call of Stripe's API hangs, and then the line is closed without an answer."""
    stand_in = StandIn(stage.stack.stripe_url, stage.stack.folder / "fake_stripe.sqlite3")
    stand_in.arm("*", "hang", count=FAULTS, seconds=stage.plan.silent_seconds)
    try:
        yield
    finally:
        stand_in.reset()
