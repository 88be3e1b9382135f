"""The worker's jobs, with QR codes that take their time, for tests that watch or kill it; the consumer runs `huey`."""

import time

from payapp.features import qr_codes
from payapp.jobs import qr_batches
from payapp.jobs.tasks import huey

__all__ = ["huey"]

CODE_SECONDS = 0.15
draw_files = qr_codes.draw_files


def draw_slowly(text: str) -> dict[str, bytes]:
    """Return the same files, later."""
    time.sleep(CODE_SECONDS)
    return draw_files(text)


qr_codes.draw_files = draw_slowly
qr_batches.PROGRESS_SECONDS = 0
