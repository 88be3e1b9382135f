"""Pages of long lists, newest first: each begins where the one before has ended, and nothing is counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.orm import Session

Item = TypeVar("Item")
AFTER_ALL = 2**63 - 1


@dataclass(frozen=True)
class NewestFirst(Generic[Item]):
    """A page of a list, newest first. `next_before` is where the next page begins; None when there is no more."""

    items: Sequence[Item]
    next_before: int | None


@dataclass(frozen=True)
class Place:
    """Where a page begins (before the row with this id; None: at the newest), and how many it has at most."""

    before_id: int | None
    limit: int


def read_page(
    session: Session,
    statement: Select[Any],
    view: Callable[..., Item],
    place: Place,
    *,
    row_id: ColumnElement[int],
    group: tuple[ColumnElement[Any], Any] | None = None,
) -> NewestFirst[Item]:
    """Return a page of the statement's rows, each made into a `view` of its columns; the first column is the row's id.

    With `group`, a column and its value, only rows of that value: there is an index of the column and the id. Asked
    for it in plain words, PostgreSQL may walk through everybody's rows until it has found enough, while SQLite finds
    no place by a pair. See ledger/balances.py.
    """
    before = AFTER_ALL if place.before_id is None else place.before_id
    order = [row_id.desc()]
    if group is None:
        statement = statement.where(row_id < before)
    elif session.get_bind().dialect.name == "postgresql":
        statement = statement.where(group[0] >= group[1], tuple_(group[0], row_id) < tuple_(group[1], before))
        order = [group[0].desc(), *order]
    else:
        statement = statement.where(group[0] == group[1], row_id < before)
    rows = session.execute(statement.order_by(*order).limit(place.limit + 1)).all()
    shown = rows[: place.limit]
    return NewestFirst([view(*row) for row in shown], shown[-1][0] if len(rows) > len(shown) else None)
