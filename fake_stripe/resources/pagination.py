"""Lists: newest first, cut by cursors. https://docs.stripe.com/api/pagination"""

import json
from collections.abc import Sequence
from typing import Any

from fake_stripe.errors import JsonObject, no_such, parameter_error
from fake_stripe.resources.operations import Params
from fake_stripe.work import Work

LIMIT_DEFAULT = 10
LIMIT_MAX = 100

# A condition in SQL with its arguments. The SQL is always written in our code, never taken from a request.
Condition = tuple[str, Sequence[Any]]


def list_objects(work: Work, kind: str, url: str, params: Params, conditions: Sequence[Condition] = ()) -> JsonObject:
    """Return one page of a kind as Stripe's list object, filtered by `created` and the given conditions."""
    limit = _read_limit(params)
    is_backwards = "ending_before" in params
    where = [("kind = ? AND is_deleted = 0", (kind,)), *_created(params), *_cursor(work, kind, params), *conditions]
    sql = " AND ".join(f"({condition})" for condition, _ in where)
    arguments = [argument for _, some in where for argument in some]
    order = "ASC" if is_backwards else "DESC"
    rows = work.store.rows(
        f"SELECT body FROM objects WHERE {sql} ORDER BY seq {order} LIMIT ?",  # noqa: S608
        [*arguments, limit + 1],
    )
    page = [json.loads(row["body"]) for row in rows[:limit]]
    data = page[::-1] if is_backwards else page
    return {"object": "list", "data": data, "has_more": len(rows) > limit, "url": url}


def equals(params: Params, *fields: str) -> list[Condition]:
    """Return a condition for each of these parameters that was sent: the field of that name equals it."""
    return [(f"json_extract(body, '$.{field}') = ?", (params[field],)) for field in fields if field in params]


def one_of(field: str, values: Sequence[Any]) -> Condition:
    """Return the condition that a field is one of the values."""
    marks = ", ".join("?" for _ in values)
    return (f"json_extract(body, '$.{field}') IN ({marks})", values)


def _read_limit(params: Params) -> int:
    limit = params.get("limit", LIMIT_DEFAULT)
    if limit > LIMIT_MAX:
        raise parameter_error(
            f"This value must be less than or equal to {LIMIT_MAX} (it currently is '{limit}').",
            "limit",
            "parameter_invalid_integer",
        )
    if limit < 1:
        message = f"This value must be greater than or equal to 1 (it currently is '{limit}')."
        raise parameter_error(message, "limit", "parameter_invalid_integer")
    return int(limit)


_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def _created(params: Params) -> list[Condition]:
    created = params.get("created")
    if created is None:
        return []
    if isinstance(created, int):
        return [("created = ?", (created,))]
    return [(f"created {_COMPARISONS[name]} ?", (value,)) for name, value in created.items()]


def _cursor(work: Work, kind: str, params: Params) -> list[Condition]:
    sent = [(param, sign) for param, sign in (("starting_after", "<"), ("ending_before", ">")) if param in params]
    for param, _ in sent:
        if work.find(kind, params[param]) is None:
            raise no_such(kind, params[param], param)
    if len(sent) > 1:
        raise parameter_error("Received both starting_after and ending_before parameters. Please pass in only one.")
    place = "(SELECT seq FROM objects WHERE id = ?)"
    return [(f"seq {sign} {place}", (params[param],)) for param, sign in sent]
