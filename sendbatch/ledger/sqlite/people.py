"""The people of a plan, in SQLite: who they are, and what their cells say. Behind `store.People`."""

from __future__ import annotations

import heapq
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.facts import Entry, Plan, Saying
from sendbatch.ledger.sqlite.cells import empty, saying, usual
from sendbatch.ledger.sqlite.rows import COLUMNS, in_parts, to_recipient
from sendbatch.ledger.sqlite.sql import Connection
from sendbatch.ledger.sqlite.view import gone
from sendbatch.values import OF_DNS, Recipient, Status

ENTRY = (
    'id, "row", key, email, status, was, attempts, due_at, code, enhanced_code, reply, why, detail, '
    "content, dated_at, first_attempt_at, finished_at"
)
_STATUSES = {str(status): status for status in Status}
_ORDER = 2  # columns that say where somebody stands in a list: the line, and of one line who was there first


class SqlitePeople:
    """Those of `rows`, which is a table as `view` has it, of the plan `plan`."""

    def __init__(
        self, connection: Connection, rows: str, gone: str, plan: Plan | None = None
    ) -> None:
        self._db = connection
        self._rows = rows
        self._gone = gone
        self._plan = plan

    def plan(self) -> Plan | None:
        return self._plan

    def census(self) -> tuple[dict[Status, int], int]:
        rows = self._db.execute(
            f"SELECT status, count(*), sum(holds) FROM {self._rows} GROUP BY status"
        ).fetchall()
        return {Status(status): count for status, count, _ in rows}, sum(n for *_, n in rows)

    def entries(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Entry]:
        return map(_entry, self._by_line(ENTRY, statuses, all_rows))

    def _by_line(
        self, columns: str, statuses: Collection[Status] | None, all_rows: bool
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a plan stand in the order of the CSV; those that it has not are put between them."""
        wanted = f" WHERE status IN {listed(statuses)}" if statuses is not None else ""
        query = f"SELECT {columns} FROM {{}}{wanted}"
        rows = self._db.read(query.format(self._rows) + " ORDER BY place")
        if not all_rows:
            return rows
        departed = self._db.execute(
            f'SELECT "row", id, {columns} FROM {self._gone}{wanted} ORDER BY 1, 2'
        ).fetchall()
        if not departed:
            return rows
        query = f'SELECT "row", id, {columns} FROM {self._rows}{wanted} ORDER BY place'
        merged = heapq.merge(departed, self._db.read(query), key=lambda row: row[:_ORDER])
        return (row[_ORDER:] for row in merged)

    def holders(self) -> Iterator[Recipient]:
        rows = self._db.read(f"SELECT {COLUMNS} FROM {self._rows} WHERE holds ORDER BY place")
        yield from in_parts(rows)

    def named(self, spellings: tuple[str, ...]) -> Recipient | None:
        found = self._db.execute(
            f"SELECT {COLUMNS} FROM {self._rows} WHERE holds AND "
            "(key IN (SELECT value FROM json_each(?1)) OR email IN (SELECT value FROM json_each(?1)))"
            ' ORDER BY place LIMIT 1',
            (json.dumps(spellings),),
        ).fetchone()
        return to_recipient(found) if found else None

    def unlike_their_key(self) -> Iterator[tuple[int, str, str]]:
        return self._db.read(
            f'SELECT "row", key, email FROM {self._rows} WHERE holds AND lower(email) <> key'
        )

    def addresses(self) -> Iterator[tuple[int, str, str]]:
        return self._db.read(f'SELECT "row", key, email FROM {self._rows} WHERE holds ORDER BY place')

    def shared_addresses(self, most: int) -> tuple[int, list[tuple[int, int]]]:
        rows = self._db.execute(
            'SELECT count(*) OVER (), min("row"), max("row") FROM '
            f"{self._rows} WHERE holds GROUP BY lower(email) HAVING count(*) > 1 ORDER BY 2 LIMIT ?",
            (most,),
        ).fetchall()
        return (rows[0][0] if rows else 0), [(first, last) for _, first, last in rows]

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        return saying(self._db, self._rows, "holds", self._place(column), words)

    def empty(self, columns: Sequence[str]) -> dict[str, Saying]:
        found = empty(self._db, self._rows, "holds", [*map(self._place, columns)])
        return dict(zip(columns, found, strict=True))

    def usual(self, column: str, most: int) -> list[str]:
        return usual(self._db, self._rows, "1", self._place(column), most)

    def _place(self, column: str) -> int:
        plan = self.plan()
        assert plan is not None
        return plan.columns.index(column)

    def domains_without_mail(self) -> list[str]:
        rows = self._db.execute(
            f"SELECT DISTINCT email FROM {self._rows} WHERE status = 'invalid' "
            f"AND why IN {_listed(OF_DNS)}"
        )
        return sorted({email.rpartition("@")[2] for (email,) in rows})


def people_of(connection: Connection, rows: str, plan: Plan | None) -> SqlitePeople:
    """Those of a plan that is not the last one yet."""
    return SqlitePeople(connection, rows, gone(), plan)


def _listed(words: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


def _entry(row: tuple[Any, ...]) -> Entry:
    id_, line, key, email, status, was, *rest = row
    return Entry(id_, line, key, email, _STATUSES[status], _STATUSES[was] if was else None, *rest)
