"""Fixtures: one shared stand-in for tests that need no options of their own, and means to start others."""

from collections.abc import Callable, Iterator

import pytest
import stripe

from tests.fake_stripe.processes import WEBHOOK_SECRET, Receiver, StandInProcess

StartStandIn = Callable[..., StandInProcess]


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandInProcess]:
    """A running stand-in that all tests of this process share; each test uses its own objects in it."""
    process = StandInProcess({"settle_seconds": 0.3, "late_seconds": 0.5, "refund_seconds": 0.3}).start()
    yield process
    process.kill()


@pytest.fixture
def client(stand_in: StandInProcess) -> stripe.StripeClient:
    """The real SDK on the shared stand-in."""
    return stand_in.client()


@pytest.fixture
def start_stand_in() -> Iterator[StartStandIn]:
    """Start a stand-in with options of one's own: `start_stand_in(settle_seconds=1)`."""
    started: list[StandInProcess] = []

    def start(**options: object) -> StandInProcess:
        started.append(StandInProcess(options).start())
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An endpoint for webhooks."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def forwarding(start_stand_in: StartStandIn, receiver: Receiver) -> StandInProcess:
    """A stand-in that sends all events to the receiver, with short waits."""
    return start_stand_in(
        webhook_url=f"{receiver.url}/webhooks",
        webhook_secret=WEBHOOK_SECRET,
        settle_seconds=0.3,
        refund_seconds=0.3,
        late_seconds=0.7,
        retry_base_seconds=0.1,
        delivery_timeout_seconds=2,
    )
