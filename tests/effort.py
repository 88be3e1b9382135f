"""How much the tests try: `make test` each thing at small size, `make test-long` those marked `long` at full size."""

import os
from typing import TypeVar

from hypothesis import settings

IS_LONG = bool(os.environ.get("PAYAPP_TEST_LONG"))
EXAMPLES = 300 if IS_LONG else 20

Size = TypeVar("Size")


def pick(short: Size, long: Size) -> Size:
    """Return the size of this run. The test must be marked `long`, or nobody ever runs it at full size."""
    return long if IS_LONG else short


def choose_examples() -> None:
    """Have hypothesis make as many examples as fit this run."""
    settings.register_profile("payapp", max_examples=EXAMPLES, deadline=None)
    settings.load_profile("payapp")
