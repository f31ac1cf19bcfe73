"""A plan in the making, in PostgreSQL: whose it is, and where its rows stand.

They stand among those of all plans from the beginning, under the token of whoever plans: a number that nobody
looks at before the merge. So a merge has no rows to write. What is refused or declined deletes them, and what
a dead planner left is cleared by the next. They wait for no disk: a crash that loses them is noticed by the
draft (`scratch`), and the merge, which does wait, brings all before it there too.

Ids are lines, counted on from `base`: so none is ever used for somebody else, and the rows of a plan stand in
the order of the CSV. More of them are reserved than any CSV has lines; what is too many is given back, unless
another has reserved behind them by then, and then it is a gap.

What is asked of all rows of a plan is asked without nested loops: right after a COPY the database believes
that there are no such rows, or one, and a loop over many, for each of very many, would never end. Not every
planner may tell it otherwise (ANALYZE is its owner's).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from sendbatch.errors import RecordLost
from sendbatch.ledger.postgres.connecting import Cursor, Query
from sendbatch.ledger.postgres.heeding import Heeded
from sendbatch.ledger.postgres.runs import deleted
from sendbatch.ledger.postgres.scratch import Scratch
from sendbatch.ledger.postgres.text import copied
from sendbatch.ledger.postgres.view import PlanRows

ROW: Final = '"row", key, email, vars, status, why, detail'  # as `Staging.add` takes it
_RESERVED: Final = 2**32  # lines
_COPY: Final = f"COPY sendbatch.plan_row (record, plan, id, {ROW}) FROM STDIN"
_ANALYZE: Final = "SET LOCAL lock_timeout = '5s'; ANALYZE sendbatch.plan_row"


@dataclass(frozen=True, slots=True)
class Making:
    """Of `record`, under `token`; what else is known of its rows is in `scratch`. `columns` are the names of
    the cells, in order; `last_rows` is the table of the rows it is compared with, and `last` its number, 0
    for none; `deliveries` the table of what was tried."""

    asked: Heeded
    scratch: Scratch
    record: int
    token: int
    base: int
    columns: tuple[str, ...]
    last: int
    last_rows: str
    deliveries: str

    @property
    def plan_rows(self) -> PlanRows:
        where = f"record = {self.record:d} AND id > {self.base:d}"
        return PlanRows("sendbatch.plan_row", where, f"plan = {self.token:d}")

    @property
    def rows(self) -> str:
        """For FROM, with an alias behind it."""
        return str(self.plan_rows)

    @property
    def changed(self) -> str:
        """What begins an UPDATE of rows `r`, up to SET; `are_rows` belongs into its condition."""
        return "UPDATE sendbatch.plan_row AS r SET"

    @property
    def are_rows(self) -> str:
        """A condition on `r`."""
        return f"r.record = {self.record:d} AND r.id > {self.base:d} AND r.plan = {self.token:d}"

    def execute(self, query: Query, values: Sequence[Any] | None = None) -> Cursor:
        """What concerns all rows."""
        return self.asked.of_all(query, values)

    def one(self, query: Query, values: Sequence[Any] | None = None) -> Any:
        """The first cell of the first row."""
        row = self.execute(query, values).fetchone()
        return row[0] if row is not None else None

    def written(self, columns: Sequence[Sequence[Any]]) -> str:
        """Rows as COPY takes them; `columns` are those of ROW, with texts that are stored already."""
        ids = [self.base + line for line in columns[0]]
        return copied([ids, *columns], before=f"{self.record:d}\t{self.token:d}\t")

    def put(self, texts: Iterable[str]) -> None:
        """Rows, as `written` has them, while the caller goes on."""
        self.asked.put_beside(_COPY, texts)

    def give_back(self, last_line: int) -> None:
        """There are no more lines than these."""
        self.asked.execute(
            f"UPDATE sendbatch.record SET next_id = {self.base + last_line + 1:d} "
            f"WHERE id = {self.record:d} AND next_id = {self.base + _RESERVED:d}"
        )

    def learn(self) -> None:
        """How many rows there are, and of what: nobody tells the database at once. Who may not tell it, or
        whom somebody else keeps from it, does without."""
        with contextlib.suppress(
            psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable
        ):
            self.asked.execute(_ANALYZE)

    def clear(self) -> None:
        """No row is left."""
        self.asked.execute(f"DELETE FROM sendbatch.plan_row AS r WHERE {self.are_rows}")


def reserved(asked: Heeded, record: int) -> int:
    """From which on ids are this plan's, a line for each."""
    beyond = asked.one(
        f"UPDATE sendbatch.record SET next_id = next_id + {_RESERVED:d} WHERE id = {record:d} "
        "RETURNING next_id"
    )
    if beyond is None:
        raise deleted(0)
    return int(beyond) - _RESERVED


def changed_meanwhile() -> RecordLost:
    """There is another plan than it was compared with, or rows of this one are gone."""
    return RecordLost(
        "the record was changed by something else while this plan was made; nothing was sent",
        hint="run it again: it plans anew",
    )
