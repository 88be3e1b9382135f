"""Looks for what the clock does by itself; what that is: appointments.py."""

import threading
import traceback
from typing import TYPE_CHECKING

from fake_stripe.clock.appointments import run_due

if TYPE_CHECKING:
    from fake_stripe.stand_in import StandIn

TICK_SECONDS = 0.25


class ClockWorker:
    """A thread that looks four times a second for what has become due."""

    def __init__(self, stand_in: "StandIn") -> None:
        self._stand_in = stand_in
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock-worker", daemon=True)

    def start(self) -> None:
        """Start looking; what became due while nothing ran is done at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the tick under way."""
        self._is_stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._is_stopping.wait(TICK_SECONDS):
            try:
                run_due(self._stand_in)
            except Exception:  # noqa: BLE001  (the clock goes on; the terminal shows what went wrong)
                traceback.print_exc()
