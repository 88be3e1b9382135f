"""Reading long lists without keeping them: ours in pages, and of Stripe's only what is needed to know an id again."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

ROWS_AT_ONCE = 1000


def read_rows(session: Session, statement: Select[Any], key: ColumnElement[int]) -> Iterator[list[Any]]:
    """Yield the statement's rows, which must have an `id`, in pages by that `key`, each read by a query of its own.

    No transaction is open while a page is looked at, so the caller may ask Stripe, write and commit in between.
    """
    after = 0
    while rows := list(session.execute(statement.where(key > after).order_by(key).limit(ROWS_AT_ONCE))):
        session.rollback()
        yield rows
        after = rows[-1].id
    session.rollback()


class SeenIds:
    """Which ids of Stripe's have gone by: eight bytes each, where texts would take a hundred.

    Two ids may look alike, once in 2**64 pairs; then a missing one goes unnoticed until the next run, which hashes
    otherwise.
    """

    def __init__(self) -> None:
        self._hashes = array("q")
        self._is_sorted = True

    def add(self, stripe_id: str) -> None:
        self._hashes.append(hash(stripe_id))
        self._is_sorted = False

    def __contains__(self, stripe_id: str) -> bool:
        if not self._is_sorted:
            self._hashes = array("q", sorted(self._hashes))
            self._is_sorted = True
        wanted = hash(stripe_id)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted
