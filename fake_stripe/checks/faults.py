"""Trouble on order: what an API request meets when Stripe is slow, down, or loses the line."""

import threading
from dataclasses import dataclass

from flask import Response

from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.wsgi_server import hang_up

KINDS = ("timeout", "hang", "500", "502", "429", "lock_timeout", "reset", "refused")
MOMENTS = ("before", "during", "after")


@dataclass
class Fault:
    """Trouble for the next `count` calls of an operation: before it, during it, or after its effect.

    During means that the idempotency key is taken and nothing has happened yet: its twin meets a 409, and an
    error is kept and given again, as Stripe does with what fails while an endpoint executes.

    timeout: the request goes on after `seconds`; hang: the line is closed without an answer after `seconds`;
    reset, refused: the line is closed at once, with a TCP reset or without; 500, 502, 429, lock_timeout: that answer.
    """

    operation: str
    fault: str
    when: str = "before"
    count: int = 1
    seconds: float = 30


class Faults:
    """The faults that are still to happen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []
        self.stopping = threading.Event()

    def arm(self, fault: Fault) -> None:
        """Add a fault. Raises ValueError when it makes no sense."""
        if fault.fault not in KINDS:
            raise ValueError(f"fault must be one of {', '.join(KINDS)}")
        if fault.when not in MOMENTS:
            raise ValueError(f"when must be one of {', '.join(MOMENTS)}")
        if fault.count < 1 or fault.seconds < 0:
            raise ValueError("count must be at least 1 and seconds not negative")
        with self._lock:
            self._armed.append(fault)

    def clear(self) -> None:
        """Forget all that are still to happen; requests that hang already go on hanging."""
        with self._lock:
            self._armed.clear()

    def list_armed(self) -> list[Fault]:
        """Return the faults that are still to happen."""
        with self._lock:
            return list(self._armed)

    def take(self, operation: str, path: str, when: str) -> Fault | None:
        """Return the first fault meant for this call, counted down; None when all is well."""
        with self._lock:
            for fault in self._armed:
                if fault.when == when and fault.operation in ("*", operation, path):
                    fault.count -= 1
                    if fault.count == 0:
                        self._armed.remove(fault)
                    return fault
        return None

    def strike(self, fault: Fault) -> Response | None:
        """Let it happen. Returns what to answer instead, None to go on; raises StripeError for Stripe's own."""
        if fault.fault in ("timeout", "hang"):
            is_stopping = self.stopping.wait(fault.seconds)
            return None if fault.fault == "timeout" and not is_stopping else hang_up(is_reset=False)
        if fault.fault == "502":
            return Response(_BAD_GATEWAY, 502, mimetype="text/html")
        if fault.fault in _ANSWERS:
            status, message, error_type, code = _ANSWERS[fault.fault]
            raise StripeError(message, status=status, error_type=error_type, code=code, is_kept=fault.when == "during")
        return hang_up(is_reset=fault.fault == "reset")


_BAD_GATEWAY = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n"
_ANSWERS: dict[str, tuple[int, str, str, str | None]] = {
    "500": (500, "An unknown error occurred (ordered from the stand-in).", "api_error", None),
    # https://docs.stripe.com/rate-limits#object-lock-timeouts
    "lock_timeout": (
        429,
        "This object cannot be accessed right now because another API request or Stripe process is currently "
        "accessing it. If you see this error intermittently, retry the request.",
        "invalid_request_error",
        "lock_timeout",
    ),
    "429": (429, "Too many requests. Please try again in a moment.", "invalid_request_error", "rate_limit"),
}


def to_json(fault: Fault) -> JsonObject:
    """Return a fault as the control calls show it."""
    return dict(vars(fault))
