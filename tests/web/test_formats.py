"""How numbers, money and times are written for people."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from payapp.web import formats


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (7, "7"), (1240, "1,240"), (-120, "\u2212120"), (-12345, "\u221212,345")]
)
def test_numbers_have_separators_and_a_true_minus(value: int, text: str) -> None:
    assert formats.number(value) == text


@pytest.mark.parametrize(("value", "text"), [(500, "+500"), (1500, "+1,500"), (0, "0"), (-316, "\u2212316")])
def test_changes_say_their_direction(value: int, text: str) -> None:
    assert formats.signed(value) == text


@pytest.mark.parametrize(
    ("minor_units", "currency", "text"),
    [
        (3900, "usd", "$39.00"),
        (123456789, "usd", "$1,234,567.89"),
        (5, "usd", "$0.05"),
        (-900, "usd", "\u2212$9.00"),
        (3900, "EUR", "€39.00"),
        (3900, "jpy", "¥3,900"),
        (3900, "chf", "CHF\u00a039.00"),
        (500, "isk", "ISK\u00a05.00"),
        (5120, "kwd", "KWD\u00a05.120"),
    ],
)
def test_money_has_the_decimals_of_its_currency(minor_units: int, currency: str, text: str) -> None:
    assert formats.money(minor_units, currency) == text


@pytest.mark.parametrize(
    ("minor_units", "currency", "text"),
    [
        (9.0, "usd", "9.0¢"),
        (7.8, "usd", "7.8¢"),
        (120, "usd", "$1.20"),
        (7.8, "eur", "€0.078"),
        (7.8, "jpy", "¥7.8"),
        (780, "jpy", "¥780"),
    ],
)
def test_small_prices_can_be_compared(minor_units: float, currency: str, text: str) -> None:
    assert formats.price_of_one(minor_units, currency) == text


def test_times_are_written_in_utc() -> None:
    in_new_york = datetime(2026, 11, 20, 20, 14, tzinfo=timezone(timedelta(hours=-5)))
    assert formats.day(in_new_york) == "21 Nov 2026"
    assert formats.moment(in_new_york) == "21 November 2026 at 01:14 UTC"
    assert formats.iso(in_new_york) == "2026-11-21T01:14:00Z"


def test_a_time_without_a_zone_is_utc_already() -> None:
    aware = datetime(2026, 11, 2, 9, 4, tzinfo=UTC)
    assert formats.moment(aware.replace(tzinfo=None)) == formats.moment(aware) == "2 November 2026 at 09:04 UTC"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (-1, "\u22121 day"), (1500, "1,500 days")]
)
def test_a_count_agrees_with_its_word(count: int, text: str) -> None:
    assert formats.plural(count, "day") == text


def test_a_word_may_have_a_plural_of_its_own() -> None:
    assert formats.plural(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (23_400, "23 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (2_640_000, "2.6 MB"),
    ],
)
def test_files_have_a_size(size: int, text: str) -> None:
    assert formats.size(size) == text
