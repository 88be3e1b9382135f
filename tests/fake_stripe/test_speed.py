"""Speed in processor time, because the machine of a test run has other things to do as well."""

import resource
from pathlib import Path

import psutil
import requests

from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.processes import API_KEY, StandInProcess

REQUESTS = 300
REQUESTS_PER_SECOND = 200
READY_SECONDS_MAX = 1.0
STARTS_MAX = 5


def test_it_is_ready_after_little_work(start_stand_in: StartStandIn, tmp_path: Path) -> None:
    """What is loaded before the line that says ready; `python -m bench.stand_in` measures the real time."""
    seconds: list[float] = []
    while not seconds or (min(seconds) >= READY_SECONDS_MAX and len(seconds) < STARTS_MAX):
        process = start_stand_in(state=tmp_path / f"{len(seconds)}.sqlite3").process
        assert process is not None
        used = psutil.Process(process.pid).cpu_times()
        seconds.append(used.user + used.system)
    assert min(seconds) < READY_SECONDS_MAX


def test_it_serves_200_requests_in_a_second_of_one_processor(start_stand_in: StartStandIn, tmp_path: Path) -> None:
    idle = seconds_of(start_stand_in(state=tmp_path / "idle.sqlite3"), 1)
    busy = seconds_of(start_stand_in(state=tmp_path / "busy.sqlite3"), REQUESTS + 1)
    assert REQUESTS / (busy - idle) > REQUESTS_PER_SECOND


def seconds_of(stand_in: StandInProcess, count: int) -> float:
    """Return the processor time of a stand-in from its start until it has made `count` customers and ended."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {API_KEY}"
        for number in range(count):
            form = {"email": f"{number}@example.com"}
            assert session.post(f"{stand_in.url}/v1/customers", form, timeout=10).status_code == 200
    stand_in.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
