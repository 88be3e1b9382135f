"""The bar chart of daily use, worked out as percentages so that the SVG needs no viewBox. Pure.

Percent positions keep text at 12 px and bars crisp at every width; templates only write them down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from payapp.web.formats import number

TICK_INTERVALS_MAX = 4
DAYS_BETWEEN_LABELS = 7
BAR_SHARE_OF_SLOT = 0.7
# A tip near an edge leans inward, else it would leave the card on a phone.
TIP_EDGE_PERCENT = 10


@dataclass(frozen=True)
class Tick:
    """A horizontal line: its text ("25", "2.5k") and its distance from the top, in percent."""

    label: str
    y: float


@dataclass(frozen=True)
class DayLabel:
    """A day under the chart. `is_minor` ones are left out on phones."""

    text: str
    x: float
    is_last: bool
    is_minor: bool


@dataclass(frozen=True)
class Bar:
    """One day: `slot` is the left edge of its share of the width, the others place the bar in it; percent."""

    day: date
    label: str
    credits: int
    slot: float
    x: float
    y: float
    height: float
    middle: float
    tip_side: str


@dataclass(frozen=True)
class Chart:
    """Daily use, oldest day first. `slot_width` and `bar_width` are percent of the plot's width."""

    bars: list[Bar]
    ticks: list[Tick]
    day_labels: list[DayLabel]
    slot_width: float
    bar_width: float
    total: int
    average: int
    peak: Bar


def build_chart(daily: Sequence[tuple[date, int]]) -> Chart:
    """Return the chart of `daily`: one (day, credits used) a day, oldest first, days without use as 0.

    All zeros give a chart with empty bars. Raises ValueError when there is no day, or a negative number.
    """
    if not daily or min(used for _, used in daily) < 0:
        raise ValueError("a chart needs at least one day, and no day below zero")
    step = _nice_step(max(used for _, used in daily))
    top = step * max(1, -(-max(used for _, used in daily) // step))
    slot_width = 100 / len(daily)
    bars = [_build_bar(i, day, used, top, slot_width) for i, (day, used) in enumerate(daily)]
    total = sum(bar.credits for bar in bars)
    return Chart(
        bars=bars,
        ticks=[Tick(_shorten(value), _round(100 - 100 * value / top)) for value in range(0, top + 1, step)],
        day_labels=_build_day_labels(bars),
        slot_width=_round(slot_width),
        bar_width=_round(slot_width * BAR_SHARE_OF_SLOT),
        total=total,
        average=round(total / len(bars)),
        peak=max(bars, key=lambda bar: bar.credits),
    )


def _build_bar(index: int, day: date, used: int, top: int, slot_width: float) -> Bar:
    slot = index * slot_width
    middle = slot + slot_width / 2
    height = 100 * used / top
    return Bar(
        day=day,
        label=f"{day.day} {day:%b}",
        credits=used,
        slot=_round(slot),
        x=_round(slot + slot_width * (1 - BAR_SHARE_OF_SLOT) / 2),
        y=_round(100 - height),
        height=_round(height),
        middle=_round(middle),
        tip_side=_lean(middle),
    )


def _lean(middle: float) -> str:
    if middle < TIP_EDGE_PERCENT:
        return "start"
    return "end" if middle > 100 - TIP_EDGE_PERCENT else "middle"


def _build_day_labels(bars: Sequence[Bar]) -> list[DayLabel]:
    """Label the newest day and every seventh before it, oldest first."""
    newest_first = bars[::-1][::DAYS_BETWEEN_LABELS]
    labels = [
        DayLabel(bar.label, bar.middle, is_last=place == 0, is_minor=place % 2 == 1)
        for place, bar in enumerate(newest_first)
    ]
    return labels[::-1]


def _nice_step(highest: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 25, 50, 100, 200, 250 … that reaches `highest` in four."""
    power = 1
    while True:
        for step in (1, 2, 5) if power == 1 else (power, 2 * power, 5 * power // 2, 5 * power):
            if step * TICK_INTERVALS_MAX >= highest:
                return step
        power *= 10


def _shorten(value: int) -> str:
    """Write a tick in few characters: 950, 2.5k, 12k, 1.5M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:.2f}".rstrip("0").rstrip(".") + letter
    return number(value)


def _round(percent: float) -> float:
    """Two decimals: finer than a pixel at any width, and short in the page."""
    return round(percent, 2)
