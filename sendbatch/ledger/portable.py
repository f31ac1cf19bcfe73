"""A record in the form in which it goes from one store to another: its tables, their rows in a fixed order,
and a digest over all of them. Each store reads and writes this form, and knows no other store.

A record that moves is at rest: nobody is *sending*, and nothing is left to be folded. The lines of `meta`
that speak of one store or one machine alone stay behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Value: TypeAlias = "str | int | float | None"
Row: TypeAlias = "tuple[Value, ...]"

_STANDING = (
    "status", "was", "attempts", "due_at", "code", "enhanced_code", "reply", "why", "detail", "content",
    "dated_at", "first_attempt_at", "finished_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """Its rows stand in the order of `by`; where that is none, in the order in which they were written."""

    name: str
    columns: tuple[str, ...]
    by: str | None


# `folded` in meta is the highest id that an attempt ever had.
META = Table("meta", ("key", "value"), "key")
PLAN = Table(
    "plan",
    (
        "id", "inputs", "started_at", "completed_at", "columns", "recipients_digest", "content_digest",
        "counts",
    ),
    "id",
)  # fmt: skip
# Of the last plan; `plan` is its id.
PLAN_ROW = Table(
    "plan_row", ("id", "plan", "row", "key", "email", "vars", "status", "why", "detail", "delivery"), "id"
)
DELIVERY = Table("delivery", ("id", "key", "email", *_STANDING, "vars", "gone"), "id")
ATTEMPT = Table("attempt", ("id", "delivery", "what", "at", *_STANDING, "email"), "id")
EVENT = Table("event", ("at", "kind", "detail"), None)
FORGOTTEN = Table("forgotten", ("mark", "name", "at"), "mark")
TABLES = (META, PLAN, PLAN_ROW, DELIVERY, ATTEMPT, EVENT, FORGOTTEN)

# Lines of meta that are one store's own, or tell of a move.
STAYING = frozenset({"holder", "holder before", "under way", "head", "move", "arrival"})


class Told(Protocol):
    """A record that can be told in this form."""

    def rows(self, table: Table) -> Generator[Row]:
        """In their order, without what stays behind."""
        ...


def digest_of(record: Told, heed: Callable[[], None] = lambda: None) -> str:
    """Over everything that goes along. `heed` is called now and then; what it raises ends it."""
    digest = hashlib.sha256()
    for table in TABLES:
        number = 0
        cells = [place for place, name in enumerate(table.columns) if name in ("vars", "columns")]
        with contextlib.closing(record.rows(table)) as rows:
            for number, row in enumerate(rows, 1):
                digest.update(_line(_alike(row, cells)))
                if number % 1000 == 0:
                    heed()
        digest.update(f"{table.name} {number}\n".encode())
    return digest.hexdigest()


def _alike(row: Row, cells: list[int]) -> Iterable[Value]:
    """JSON that says the same may be written otherwise, where a store writes a character in its own way."""
    told = list(row)
    for place in cells:
        text = told[place]
        if isinstance(text, str) and "\\u00" in text:
            with contextlib.suppress(ValueError, RecursionError):
                told[place] = json.dumps(json.loads(text))
    return told


def _line(row: Iterable[Value]) -> bytes:
    return json.dumps(list(row), ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
