"""Moments as operators write them."""

import re
from datetime import UTC, datetime, timedelta

import click

from payapp.database.clock import utc_now

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    """A date, a date and time (UTC unless it says otherwise), or a span until now such as `3d`, `72h` or `90m`."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = _read(str(value))
            if moment.timestamp() >= 0:
                return moment
        except (ValueError, OverflowError):
            pass
        self.fail(f"{value!r} is neither a date such as 2026-11-20 nor a span such as 3d or 72h", param, ctx)


def _read(text: str) -> datetime:
    """Return the UTC moment that `text` means. Raises ValueError or OverflowError."""
    span = re.fullmatch(r"(\d{1,6})([mhd])", text, re.ASCII)
    if span:
        return utc_now() - timedelta(**{UNITS[span[2]]: int(span[1])})
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
