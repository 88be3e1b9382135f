"""The chart of daily use."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payapp.credits.chart import Chart, build_chart

LAST_DAY = date(2026, 11, 22)


def chart_of(*used: int) -> Chart:
    first = LAST_DAY - timedelta(days=len(used) - 1)
    return build_chart([(first + timedelta(days=offset), each) for offset, each in enumerate(used)])


def test_it_works() -> None:
    chart = chart_of(*[0] * 27, 40, 82, 10)
    assert (chart.total, chart.average, chart.peak.credits, chart.peak.label) == (132, 4, 82, "21 Nov")
    assert [(tick.label, tick.y) for tick in chart.ticks] == [
        ("0", 100.0),
        ("25", 75.0),
        ("50", 50.0),
        ("75", 25.0),
        ("100", 0.0),
    ]
    assert (chart.bars[28].y, chart.bars[28].height) == (18.0, 82.0)


def test_it_labels_the_last_day_and_each_week_before_it() -> None:
    labels = chart_of(*[1] * 30).day_labels
    assert [label.text for label in labels] == ["25 Oct", "1 Nov", "8 Nov", "15 Nov", "22 Nov"]
    assert [label.is_minor for label in labels] == [False, True, False, True, False]
    assert [label.is_last for label in labels] == [False, False, False, False, True]


def test_tips_lean_inward_at_the_edges() -> None:
    bars = chart_of(*[1] * 30).bars
    assert (bars[0].tip_side, bars[15].tip_side, bars[29].tip_side) == ("start", "middle", "end")


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (7, ["0", "2", "4", "6", "8"]),
        (41, ["0", "20", "40", "60"]),
        (90, ["0", "25", "50", "75", "100"]),
        (5_000, ["0", "2k", "4k", "6k"]),
        (9_001, ["0", "2.5k", "5k", "7.5k", "10k"]),
        (1_640_000, ["0", "500k", "1M", "1.5M", "2M"]),
    ],
)
def test_ticks_are_round_numbers(highest: int, labels: list[str]) -> None:
    assert [tick.label for tick in chart_of(0, highest).ticks] == labels


@pytest.mark.long
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=90))
def test_every_bar_stays_inside_the_plot(used: list[int]) -> None:
    chart = chart_of(*used)
    assert len(chart.ticks) <= 5
    assert chart.ticks[0].y == 100
    assert chart.ticks[-1].y == 0
    for bar, each in zip(chart.bars, used, strict=True):
        assert bar.credits == each
        assert bar.y >= 0
        assert bar.y + bar.height == pytest.approx(100, abs=0.02)
        assert bar.x >= bar.slot
        assert bar.x + chart.bar_width <= 100.02


@pytest.mark.parametrize("daily", [[], [(LAST_DAY, -1)]])
def test_it_rejects_no_days_and_days_below_zero(daily: list[tuple[date, int]]) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        build_chart(daily)
