"""Waiting no longer than one can afford, whatever the call does."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


def call_within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return what `call` returns, or raise what it raises; TimeoutError after `seconds`.

    The call itself goes on, in a thread of its own that does not keep the process from ending: time-outs of
    sockets begin anew with every address and every byte, and looking a name up has none.
    """
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001  (raised again where the result is waited for)
            outcome.set_exception(error)

    Thread(target=run, name="call_within", daemon=True).start()
    return outcome.result(timeout=seconds)
