"""payapp.stripe_types.json_reading: strict reading."""

from datetime import UTC, datetime
from typing import Any

import pytest

from payapp.stripe_types.json_reading import (
    MOMENT_MAX,
    read_flag,
    read_id_or_none,
    read_json,
    read_metadata,
    read_moment,
    read_object,
    read_text,
    read_text_or_none,
    read_whole_number,
)


def test_it_parses_what_stripe_sends() -> None:
    assert read_json('{"amount": 900, "rate": 1.25, "url": null, "name": "Zo\\u00eb \\ud83d\\ude00"}') == {
        "amount": 900,
        "rate": 1.25,
        "url": None,
        "name": "Zoë 😀",
    }


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "-Infinity", "1" + "0" * 5000])
def test_it_refuses_numbers_that_are_none(number: str) -> None:
    with pytest.raises(ValueError):
        read_json(f'{{"amount": {number}}}')


@pytest.mark.parametrize(
    "text",
    [
        '"\\u0000"',
        '"a\\u0000b"',
        '{"\\u0000": 1}',
        '"\\\\\\u0000"',  # an escaped backslash, then a NUL
        '{"a": "\\u0000", "a": "b"}',  # the text is kept, also what a later key hides
        '"\0"',
        '"\\ud800"',
        '"\\udfff\\ud800"',
        '{"\\udc00": 1}',
    ],
)
def test_it_refuses_what_no_database_can_hold(text: str) -> None:
    with pytest.raises(ValueError):
        read_json(text)


def test_it_accepts_a_text_about_nul() -> None:
    assert read_json('{"note": "write \\\\u0000 for NUL"}') == {"note": "write \\u0000 for NUL"}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_it_says_when_json_is_nested_too_deeply(text: str) -> None:
    with pytest.raises(RecursionError):
        read_json(text)


@pytest.mark.parametrize("text", ["", " ", "{", "nonsense", "{'a': 1}", '{"a": 1} {}', "\ufeff{}", "{,}"])
def test_it_refuses_what_is_not_json(text: str) -> None:
    with pytest.raises(ValueError):
        read_json(text)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (read_object, {"a": 1}, {"a": 1}),
        (read_text, "x", "x"),
        (read_text, "x" * 255, "x" * 255),
        (read_text_or_none, None, None),
        (read_id_or_none, "pi_1", "pi_1"),
        (read_id_or_none, {"id": "pi_1", "object": "payment_intent"}, "pi_1"),
        (read_id_or_none, None, None),
        (read_whole_number, -3, -3),
        (read_whole_number, 10**4000, 10**4000),
        (read_flag, False, False),
        (read_moment, 0, datetime(1970, 1, 1, tzinfo=UTC)),
        (read_moment, 1_800_000_000, datetime(2027, 1, 15, 8, tzinfo=UTC)),
        (read_metadata, None, {}),
        (read_metadata, {"userId": "7"}, {"userId": "7"}),
    ],
)
def test_it_returns_what_it_promises(read: Any, value: object, expected: object) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (read_object, []),
        (read_object, None),
        (read_text, ""),
        (read_text, "x" * 256),
        (read_text, None),
        (read_text, 5),
        (read_text_or_none, []),
        (read_id_or_none, {"id": 5}),
        (read_id_or_none, True),
        (read_whole_number, True),
        (read_whole_number, 1.0),
        (read_whole_number, "1"),
        (read_flag, 1),
        (read_flag, None),
        (read_moment, -1),
        (read_moment, MOMENT_MAX + 1),
        (read_moment, 10**4000),
        (read_moment, True),
        (read_moment, 1.5),
        (read_metadata, []),
        (read_metadata, ""),
        (read_metadata, {"userId": 7}),
        (read_metadata, {"userId": None}),
    ],
)
def test_it_refuses_anything_else(read: Any, value: object) -> None:
    with pytest.raises(ValueError):
        read(value)


def test_it_names_what_is_wrong_without_showing_it() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="not list"):
        read_text(deep)
