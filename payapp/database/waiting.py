"""Waiting for a PostgreSQL server that is starting, recovering from a crash, or away for a while."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TypeVar

import psycopg
from sqlalchemy.exc import OperationalError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_before_delay,
    stop_when_event_set,
    wait_exponential_jitter,
)

log = logging.getLogger(__name__)

PAUSE_SECONDS_MAX = 5.0
FOR_EVER = float("inf")

Result = TypeVar("Result")


@dataclass
class DatabaseWait:
    """How long to wait for the database called `name`: `seconds_max`, and no longer than until `is_over` is set.

    Threads may share it: the log tells of an outage once, not once for each of them.
    """

    name: str
    seconds_max: float = FOR_EVER
    is_over: Event = field(default_factory=Event)
    _has_told: bool = field(default=False, init=False)

    def call(self, connect: Callable[[], Result]) -> Result:
        """Return what `connect` returns; tried again while the server refuses, then its last error is raised.

        A wrong password waits too: the server's answers can't be told apart. So the one line in the log gives the
        reason (libpq never repeats a password). The pauses double, with some chance in them.
        """
        retrying = Retrying(
            retry=retry_if_exception_type((psycopg.OperationalError, OperationalError)),
            wait=wait_exponential_jitter(multiplier=0.1, max=PAUSE_SECONDS_MAX, jitter=0.1),
            stop=stop_when_event_set(self.is_over) | stop_before_delay(self.seconds_max),
            sleep=sleep_using_event(self.is_over),
            before_sleep=self._say_once,
            reraise=True,
        )
        result = retrying(connect)
        self._has_told = False
        return result

    def _say_once(self, state: RetryCallState) -> None:
        if state.outcome and not self._has_told:
            self._has_told = True
            error = state.outcome.exception()
            reason = str(error.orig if isinstance(error, OperationalError) else error)
            log.warning("waiting for the database %s: %s", self.name, reason.partition("\n")[0])
