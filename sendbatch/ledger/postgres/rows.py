"""Recipients out of result rows of the record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from sendbatch.ledger.postgres.parts import Asked, read
from sendbatch.ledger.postgres.text import told
from sendbatch.ledger.postgres.view import Rows
from sendbatch.ledger.sqlite import rows as shared
from sendbatch.values import Recipient

# Of a table of people as `view` has it.
COLUMNS: Final = (
    'id, "row", key, email, vars, status, attempts, dated_at, content, '
    "coalesce(was = 'in_doubt', false), CASE WHEN code >= 500 THEN code END, enhanced_code, reply, "
    "finished_at"
)
_MARK_IN_JSON = "\\u0001"  # of `text`


def to_recipients(rows: Sequence[tuple[Any, ...]]) -> list[Recipient]:
    """From result rows of `COLUMNS`, as `parts.ask` has them. Raises Unsound."""
    made = shared.to_recipients(rows)
    if any(_MARK_IN_JSON in row[4] for row in rows):
        return [one._replace(cells=tuple(map(told, one.cells))) for one in made]
    return made


def in_parts(
    asked: Asked, people: Rows, condition: str, values: Sequence[object] = ()
) -> Iterator[Recipient]:
    """Those under a condition, by line, some at a time."""
    yield from as_recipients(read(asked, people, COLUMNS, condition, values))


def as_recipients(rows: Iterator[tuple[Any, ...]]) -> Iterator[Recipient]:
    """All of them, decoded some at a time."""
    while part := list(islice(rows, shared.AT_ONCE)):
        yield from to_recipients(part)
