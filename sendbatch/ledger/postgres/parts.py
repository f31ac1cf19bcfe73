"""Rows out of the database, as they were given to it; and very many of them in flat memory.

A plan is read in parts, each by a statement of its own. So nothing is open between two of them: who reads may
take their time, as a pager does, and hold back neither the database's tidying up nor a pooler's connection; or
go away in the middle, or ask something else meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, Protocol

from sendbatch.ledger.postgres.text import told
from sendbatch.ledger.postgres.view import PlanRows, Rows
from sendbatch.ledger.sqlite import rows as shared
from sendbatch.values import Recipient

FEW: Final = 500  # rows in the first part, for who wants no more than the first
MANY: Final = 5_000
MOST_BYTES: Final = 4_000_000  # of the cells of one part, which has at least one row: a row may have millions
# Of a table as `view` has it: what `to_recipients` wants.
COLUMNS: Final = (
    'id, "row", key, email, vars, status, attempts, dated_at, content, '
    "coalesce(was = 'in_doubt', false), CASE WHEN code >= 500 THEN code END, enhanced_code, reply, "
    "finished_at"
)
_MARK = "\1"  # of `text`
_MARK_IN_JSON = "\\u0001"

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


def in_parts(
    asked: Asked, rows: Rows, columns: str, condition: str = "true", values: Sequence[object] = ()
) -> Iterator[_Row]:
    """The rows of a table of people under a condition, by place."""
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


def to_recipients(rows: Iterable[_Row]) -> Iterator[Recipient]:
    """From result rows of `COLUMNS`. Raises Unsound."""
    rows = iter(rows)
    while part := list(islice(rows, shared.AT_ONCE)):
        for row, one in zip(part, shared.to_recipients(part), strict=True):
            if _MARK_IN_JSON in row[4]:
                one = one._replace(cells=tuple(map(told, one.cells)))
            yield one
