"""Reading Stripe's JSON strictly: every function returns what it promises or raises ValueError.

What is wrong is named by its type only: the value may be too long, or too deeply nested, to be shown.
"""

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

TEXT_LENGTH_MAX = 255  # of Stripe's ids, and of the columns we keep them in
MOMENT_MAX = 2**33  # the year 2242: no time zone leads from there beyond what Python and the databases can hold
# A backslash before the backslash makes it a text about NUL, which is harmless.
ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def read_json(text: str) -> Any:
    """Parse JSON that a database can hold: no NUL, no lone surrogate, no number beyond a float.

    Raises RecursionError when it is nested too deeply.
    """
    value = json.loads(text, parse_float=_read_float, parse_constant=_read_float)
    if "\\u" in text:
        if ESCAPED_NUL.search(text):
            raise ValueError("a NUL character")
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate: UnicodeEncodeError
    return value


def read_object(value: Any) -> dict[str, Any]:
    """Return a JSON object; a list or a text is none."""
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, not {type(value).__name__}")
    return value


def read_text(value: Any, length_max: int = TEXT_LENGTH_MAX) -> str:
    """Return a text of 1 to `length_max` characters."""
    if not isinstance(value, str) or not 1 <= len(value) <= length_max:
        raise ValueError(f"expected a text of 1 to {length_max} characters, not {type(value).__name__}")
    return value


def read_text_or_none(value: Any, length_max: int = TEXT_LENGTH_MAX) -> str | None:
    """Return a text like read_text(), or None for null."""
    return None if value is None else read_text(value, length_max)


def read_id_or_none(value: Any) -> str | None:
    """Return the id of a field that Stripe may expand: an id, an object with one, or null."""
    return read_text(value["id"]) if isinstance(value, dict) else read_text_or_none(value)


def read_whole_number(value: Any) -> int:
    """Return an integer; true and 1.0 are none."""
    if type(value) is not int:
        raise ValueError(f"expected a whole number, not {type(value).__name__}")
    return value


def read_flag(value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, not {type(value).__name__}")
    return value


def read_moment(value: Any) -> datetime:
    """Return the aware UTC moment of a Unix time in whole seconds, of the years 1970 to 2242."""
    if not 0 <= read_whole_number(value) <= MOMENT_MAX:
        raise ValueError("no moment of our times")
    return datetime.fromtimestamp(value, UTC)


def read_metadata(value: Any) -> dict[str, str]:
    """Return an object's metadata: texts under texts, none at all for null."""
    if value is None:
        return {}
    metadata = read_object(value)
    if not all(isinstance(each, str) for each in metadata.values()):
        raise ValueError("metadata holds texts")
    return metadata


def _read_float(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value
