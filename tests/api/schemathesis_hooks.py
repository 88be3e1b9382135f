"""What schemathesis has to know of the API beyond its document. Named by SCHEMATHESIS_HOOKS in test_schemathesis.py."""

from typing import Any
from uuid import uuid4

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A key that a valid request uses is new: a key used for another request is refused, as the document says.

    And it has no cursor: only one that an answer has given is valid, which no schema can say.
    """
    is_valid = case.meta is None or case.meta.generation.mode.is_positive
    if is_valid and case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    if is_valid and case.query:
        case.query.pop("cursor", None)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """For JSON Schema 5.0 is an integer; where credits are at stake it is none, and no schema can say so."""
    if not isinstance(body, dict):
        return body
    return {name: int(value) if _is_whole(value) else value for name, value in body.items()}


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()
