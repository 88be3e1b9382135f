"""How fast an account uses its credits, and how long the rest will last. Pure arithmetic."""

from dataclasses import dataclass
from datetime import date

PACE_DAYS = 7
LOW_CREDITS = 20
LOW_DAYS = 3


@dataclass(frozen=True)
class Pace:
    """`daily`: credits a day over the last week, None if none were used. `days_left`: None if it can't be told."""

    daily: float | None
    days_left: int | None
    is_low: bool


def measure_pace(usage: list[tuple[date, int]], available: int) -> Pace:
    """Return the pace of the last PACE_DAYS days of `usage` (oldest first) and what is left at that pace."""
    used = sum(credits for _, credits in usage[-PACE_DAYS:])
    daily = used / PACE_DAYS if used else None
    days_left = max(0, int(available / daily)) if daily else None
    is_low = available < LOW_CREDITS or (days_left is not None and days_left < LOW_DAYS)
    return Pace(daily, days_left, is_low)
