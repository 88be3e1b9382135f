"""How gunicorn serves payapp: threads in a process for each core; WEB_CONCURRENCY sets their number."""

import os
from typing import Any

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
# A process uses one core at most: with one process on two cores, a third of the spends a second would be lost.
workers = int(os.environ.get("WEB_CONCURRENCY") or os.cpu_count() or 1)
# Eight are at work at once (payapp/web/seats.py). The others wait: 48 for their turn to hash a password
# (payapp/auth/hashing.py), 32 for Stripe (payapp/stripe_service/connection.py). A thread is made when first needed.
threads = 96
timeout = 60
graceful_timeout = 20
# Balancers keep an idle connection for a minute and use it again. Were we the first to close it, a request on its way
# would be lost, and the customer would see a 502. It costs no thread: idle connections wait in one poll.
keepalive = int(os.environ.get("KEEP_ALIVE_SECONDS", "75"))
control_socket_disable = True  # nobody uses it, and two servers of one user would share its path
max_requests = 100_000
max_requests_jitter = 10_000


def when_ready(server: Any) -> None:
    """Say where to look; gunicorn calls this once it listens."""
    server.log.info("payapp is ready: open %s", os.environ.get("APP_BASE_URL", "http://localhost:8000"))
