"""Counting the API's requests, when the Redis that the settings name does not answer."""

import logging
import time
from typing import Any

import pytest
from flask import Flask
from limits.errors import StorageError
from limits.storage import MemoryStorage

from payapp import create_app
from payapp.api import count, request_counts
from payapp.api.request_counts import RequestCounts, make_request_counts
from payapp.api.shared_counts import SharedCounts
from payapp.config import ConfigError
from tests.api.conftest import MakeProgram
from tests.people import Visitor
from tests.processes import free_port

LIMIT = 3
ANY_ENGINE = pytest.mark.parametrize("engine_name", ["sqlite"])


class Redis(MemoryStorage):
    """A storage that may be away, and that several processes would share."""

    is_away = False

    def incr(self, *args: Any, **kwargs: Any) -> int:
        if self.is_away:
            raise StorageError(ConnectionError("refused"))
        return super().incr(*args, **kwargs)

    def check(self) -> bool:
        return not self.is_away


def test_processes_share_a_storage() -> None:
    shared = Redis()
    processes = [RequestCounts(SharedCounts(shared)), RequestCounts(SharedCounts(shared))]
    counts = [processes[number % 2].count(LIMIT, "key") for number in range(4)]
    assert [each.is_within for each in counts] == [True, True, True, False]
    assert [each.remaining for each in counts] == [2, 1, 0, 0]
    assert 1 <= counts[-1].retry_after_seconds <= 60
    assert processes[0].notes() == []


def test_while_it_is_away_each_counts_by_itself_and_says_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = Redis()
    counts = RequestCounts(SharedCounts(shared))
    shared.is_away = True
    with caplog.at_level(logging.WARNING):
        assert [counts.count(LIMIT, "key").is_within for _ in range(4)] == [True, True, True, False]
    assert [record.levelname for record in caplog.records] == ["WARNING"]  # once, not for each request
    assert "RATELIMIT_STORAGE_URI does not answer" in caplog.text
    assert len(counts.notes()) == 1
    shared.is_away = False
    monkeypatch.setattr(request_counts, "monotonic", lambda: time.monotonic() + 31)
    assert counts.notes() == []
    assert counts.count(LIMIT, "key").remaining == 2


def test_another_minute_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, minute = RequestCounts(None), 60 * 20_000_000
    for module in (count, request_counts):
        monkeypatch.setattr(module, "time", lambda: minute + 59)
    before = [counts.count(LIMIT, "key") for _ in range(4)]
    assert [each.is_within for each in before] == [True, True, True, False]
    assert (before[-1].resets_at, before[-1].retry_after_seconds) == (minute + 60, 1)
    assert counts.count(LIMIT, "another").remaining == 2
    monkeypatch.setattr(request_counts, "time", lambda: minute + 60)
    assert counts.count(LIMIT, "key").remaining == 2


def test_memory_needs_nobody() -> None:
    assert make_request_counts("memory://").notes() == []


@pytest.mark.parametrize("uri", ["nonsense", "http://localhost:6379", "redis://localhost:port"])
def test_what_is_no_storage_stops_the_start(settings: dict[str, str], uri: str) -> None:
    with pytest.raises(ConfigError, match=r"^RATELIMIT_STORAGE_URI must be memory:// or redis://"):
        create_app(settings | {"RATELIMIT_STORAGE_URI": uri})


class TestRedisAway:
    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return settings | {"RATELIMIT_STORAGE_URI": f"redis://127.0.0.1:{free_port()}"}

    def test_everything_works(
        self, app: Flask, make_program: MakeProgram, visitor: Visitor, caplog: pytest.LogCaptureFixture
    ) -> None:
        program = make_program("spend")
        answer = program.get("/balance")
        assert answer.status_code == 200
        assert answer.headers["X-RateLimit-Remaining"] == "29999"
        assert visitor.sign_up().status_code == 303
        assert visitor.submit("/logout").status_code == 303
        assert visitor.log_in().status_code == 303
        assert "RATELIMIT_STORAGE_URI does not answer" in caplog.text

    @ANY_ENGINE
    def test_it_is_ready_and_tells_what_is_missing(self, app: Flask) -> None:
        answer = app.test_client().get("/readyz")
        assert answer.status_code == 200
        assert answer.get_json()["status"] == "ready"
        [note] = answer.get_json()["notes"]
        assert "RATELIMIT_STORAGE_URI does not answer" in note
