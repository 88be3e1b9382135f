"""How fast credits are used, and how long the rest lasts."""

from datetime import date, timedelta

import pytest

from payapp.credits.pace import Pace, measure_pace

START = date(2026, 11, 1)


def days(*used: int) -> list[tuple[date, int]]:
    return [(START + timedelta(days=offset), credits) for offset, credits in enumerate(used)]


def test_it_works() -> None:
    assert measure_pace(days(*[10] * 30), available=100) == Pace(daily=10.0, days_left=10, is_low=False)


def test_it_looks_at_the_last_week_only() -> None:
    assert measure_pace(days(*[1000] * 23, *[7] * 7), available=700).daily == 7.0


def test_it_cannot_tell_without_use() -> None:
    assert measure_pace(days(*[0] * 30), available=100) == Pace(daily=None, days_left=None, is_low=False)


@pytest.mark.parametrize(("available", "is_low"), [(19, True), (20, False), (0, True), (-5, True)])
def test_it_warns_below_twenty_credits(available: int, is_low: bool) -> None:
    assert measure_pace(days(0), available).is_low is is_low


def test_it_warns_when_less_than_three_days_are_left() -> None:
    assert measure_pace(days(*[100] * 7), available=250).is_low
    assert not measure_pace(days(*[100] * 7), available=300).is_low


def test_it_is_never_negative() -> None:
    assert measure_pace(days(*[100] * 7), available=-50).days_left == 0
