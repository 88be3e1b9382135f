"""The parts of one running stand-in, held together."""

from flask import current_app

from fake_stripe.checks.faults import Faults
from fake_stripe.checks.idempotency import IdempotencyKeys
from fake_stripe.settings import StandInSettings
from fake_stripe.state.clock import Clock
from fake_stripe.state.request_log import RequestLog
from fake_stripe.state.store import Store
from fake_stripe.webhooks.deliveries import Deliverer
from fake_stripe.work import Work


class StandIn:
    """State, clock, faults, log and webhooks of one stand-in; made once by `create_stand_in`."""

    def __init__(self, settings: StandInSettings) -> None:
        self.settings = settings
        self.store = Store(settings.state_path)
        self.clock = Clock(self.store)
        self.idempotency_keys = IdempotencyKeys(self.store, self.clock)
        self.faults = Faults()
        self.request_log = RequestLog()
        self.deliverer = Deliverer(self.store, self.clock, settings)

    def work(self, request_id: str | None = None, idempotency_key: str | None = None) -> Work:
        """Return the means for one piece of work; run it inside `store.transaction()`."""
        return Work(self.store, self.settings, self.clock, request_id, idempotency_key)

    def close(self) -> None:
        """Stop the threads and close the state."""
        self.faults.stopping.set()
        self.deliverer.stop()
        self.store.close()


def current_stand_in() -> StandIn:
    """Return the stand-in that serves the present request."""
    stand_in: StandIn = current_app.extensions["stand_in"]
    return stand_in
