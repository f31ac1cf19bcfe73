"""Recipients out of result rows of the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sendbatch.ledger.sqlite.soundness import decoded
from sendbatch.values import Recipient, Reply, Status

AT_ONCE = 500  # rows whose cells are decoded in one go
MOST_CHARACTERS = 4_000_000  # of the cells of those fetched in one go, who are at least one
_STATUSES = {str(status): status for status in Status}
COLUMNS = (
    'id, "row", key, email, vars, status, attempts, dated_at, content, '
    "iif(was = 'in_doubt', 1, 0), iif(code >= 500, code, NULL), enhanced_code, reply, finished_at"
)


def to_recipient(fields: tuple[Any, ...]) -> Recipient:
    """From one result row of `COLUMNS`."""
    return to_recipients([fields])[0]


def to_recipients(rows: Sequence[tuple[Any, ...]]) -> list[Recipient]:
    """As `to_recipient`, for a batch, which is fetched between two commits: every connection waits for
    it. Raises Unsound."""
    cells = decoded([row[4] for row in rows])
    return [_recipient(row, own) for row, own in zip(rows, cells, strict=True)]


def first(found: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """As many as have `MOST_CHARACTERS` in their cells: a row may have millions."""
    rows, size = [], 0
    for row in found:
        rows.append(row)
        size += len(row[4])
        if size > MOST_CHARACTERS:
            break
    return rows


def in_parts(rows: Iterator[tuple[Any, ...]]) -> Iterator[Recipient]:
    """All, some at a time."""
    while part := first(islice(rows, AT_ONCE)):
        yield from to_recipients(part)


def _recipient(fields: tuple[Any, ...], cells: list[str]) -> Recipient:
    id_, row, key, email, _, status, attempts, dated_at, content, doubted, code, *said = fields
    known = (
        id_, row, key, email, tuple(cells), _STATUSES[status], attempts, dated_at, content, doubted == 1,
    )  # fmt: skip
    if code is None:  # as nearly always
        return Recipient(*known)
    enhanced, text, finished_at = said
    return Recipient(*known, Reply(code, text or "", "", enhanced), finished_at is not None)
