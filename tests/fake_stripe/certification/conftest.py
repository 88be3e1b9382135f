"""`side`: the stand-in, and then Stripe itself if there is a key; skipped, and said so, if not."""

from collections.abc import Iterator

import pytest

from tests.fake_stripe.certification.sides import NO_KEY, Side, clean_up, connect_to_stripe, read_test_key
from tests.fake_stripe.processes import StandInProcess

SETTINGS = {"settle_seconds": 0.3, "late_seconds": 0.5, "refund_seconds": 0.3}


@pytest.fixture(scope="session")
def own_stand_in() -> Iterator[StandInProcess]:
    """A stand-in for the proofs alone, so that its log of requests has nothing but theirs."""
    process = StandInProcess(dict(SETTINGS)).start()
    yield process
    process.kill()


@pytest.fixture(scope="session", params=["stand-in", "stripe"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    """One side after the other."""
    if request.param == "stand-in":
        process: StandInProcess = request.getfixturevalue("own_stand_in")
        yield Side(process.client(), process)
        return
    key = read_test_key()
    if key is None:
        pytest.skip(NO_KEY)
    side, paced = connect_to_stripe(key)
    yield side
    clean_up(side, paced)
