"""Rows out of the database, as they were given to it; and very many of them in flat memory.

A plan is read in parts, each by a statement of its own. So nothing is open between two of them: who reads may
take their time, as a pager does, and holds back neither the tidying up of the database nor a connection of a
pooler; or go away in the middle, or ask something else meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from sendbatch.ledger.postgres.text import told
from sendbatch.ledger.postgres.view import PlanRows, Rows

FEW: Final = 500  # rows in the first part, for who wants no more than the first
MANY: Final = 5_000
MOST_BYTES: Final = 4_000_000  # of the cells of one part, which has at least one row: a row may have millions
ANYBODY: Final = "true"  # a condition
_MARK = "\1"  # of `text`

_Row = tuple[Any, ...]


class Cursor(Protocol):
    def fetchall(self) -> list[_Row]: ...


class Asked(Protocol):
    """Who answers queries, in autocommit: a connection, or what makes a new one where that was lost."""

    def execute(self, query: Any, params: Sequence[Any] | None = None, /) -> Cursor: ...


def ask(asked: Asked, query: str, values: Sequence[object] = ()) -> list[_Row]:
    """All rows, with their texts as they were given."""
    rows = asked.execute(query, values or None).fetchall()
    if any(_MARK in cell for row in rows for cell in row if type(cell) is str):
        return [tuple(told(cell) if isinstance(cell, str) else cell for cell in row) for row in rows]
    return rows


def first(asked: Asked, query: str, values: Sequence[object] = ()) -> Any:
    """The first cell of the first row, None where there is none."""
    rows = ask(asked, query, values)
    return rows[0][0] if rows else None


def read(
    asked: Asked, rows: Rows, columns: str, condition: str = ANYBODY, values: Sequence[object] = ()
) -> Iterator[_Row]:
    """The rows of a table of people under a condition, by place."""
    if condition != ANYBODY and not ask(asked, f"SELECT 1 FROM {rows} WHERE {condition} LIMIT 1", values):
        return  # often nobody: one look at all is less than one at each part
    for after, upto in ends(asked, rows.of):
        yield from ask(
            asked,
            f"SELECT {columns} FROM {rows.part(after, upto)} WHERE {condition} ORDER BY place",
            values,
        )


def ends(asked: Asked, rows: PlanRows) -> Iterator[tuple[int, int]]:
    """The parts of all rows: ids from behind the first up to the second."""
    after, most = 0, FEW
    while True:
        ((upto, size),) = ask(asked, rows.next_part(after, most))
        if upto is None:
            return
        if size is not None and size > MOST_BYTES:
            upto = int(first(asked, rows.smaller_part(after, most, MOST_BYTES)))
        yield after, upto
        after, most = upto, MANY
