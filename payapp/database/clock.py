"""The application's one source of the present moment, so that tests can freeze it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC. Holds expire by the database's clock instead."""
    return datetime.now(UTC)
