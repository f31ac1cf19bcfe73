"""The people of a plan, in SQLite: who they are, and what their cells say. Behind `store.People`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sendbatch.ledger.facts import Entry, Plan, Saying
from sendbatch.ledger.sqlite.cells import saying, usual
from sendbatch.ledger.sqlite.rows import COLUMNS, to_recipient
from sendbatch.ledger.sqlite.sql import listed
from sendbatch.ledger.states import SETTLED, Event, sources
from sendbatch.values import Recipient, Status

CURRENT = "plan = (SELECT max(id) FROM plan)"
ENTRY = (
    'id, "row", key, email, status, was, attempts, due_at, code, enhanced_code, reply, reason, '
    "content, dated_at, first_attempt_at, finished_at"
)
_STATUSES = {str(status): status for status in Status}


# Where nobody writes: who was to be sent to again, and was not, is what they were. The next run puts
# them back.
AT_REST = (
    f"iif(status IN {listed(sources(Event.PUT_BACK))} AND was IN {listed(SETTLED)}, was, status)"
)


class SqlitePeople:
    """Those of the last plan. `at_rest`: the record is read by who does not write it."""

    def __init__(self, connection: sqlite3.Connection, *, at_rest: bool = False) -> None:
        self._db = connection
        self._status = AT_REST if at_rest else "status"

    def plan(self) -> Plan | None:
        found = self._db.execute(
            "SELECT id, inputs, completed_at, columns, recipients_digest, content_digest FROM plan "
            "WHERE completed_at IS NOT NULL ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if found is None:
            return None
        id_, inputs, completed_at, columns, recipients, content = found
        return Plan(id_, inputs, completed_at, tuple(json.loads(columns)), recipients, content)

    def census(self) -> tuple[dict[Status, int], int]:
        rows = self._db.execute(
            f"SELECT status, count(*), count(claim) FROM recipient WHERE {CURRENT} GROUP BY status"
        ).fetchall()
        return {Status(status): count for status, count, _ in rows}, sum(n for *_, n in rows)

    def entries(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Entry]:
        return map(_entry, self._by_line(ENTRY, statuses, all_rows))

    def _by_line(
        self, columns: str, statuses: Collection[Status] | None, all_rows: bool
    ) -> sqlite3.Cursor:
        wanted = f" AND {self._status} IN {listed(statuses)}" if statuses is not None else ""
        condition = "1" if all_rows else CURRENT
        (plans,) = self._db.execute("SELECT count(*) FROM plan").fetchone()
        # The rows of a first plan stand as they were read: to sort them takes as long as to read them.
        order = "id" if plans == 1 else '"row", id'
        return self._db.execute(
            f"SELECT {columns.replace('status', self._status)} FROM recipient "
            f"WHERE {condition}{wanted} ORDER BY {order}"
        )

    def holders(self) -> Iterator[Recipient]:
        rows = self._db.execute(
            f'SELECT {COLUMNS} FROM recipient WHERE {CURRENT} AND claim IS NOT NULL ORDER BY "row"'
        )
        return (to_recipient(row) for row in rows)

    def named(self, spellings: tuple[str, ...]) -> Recipient | None:
        found = self._db.execute(
            f"SELECT {COLUMNS} FROM recipient WHERE {CURRENT} AND claim IS NOT NULL AND "
            "(key IN (SELECT value FROM json_each(?1)) OR email IN (SELECT value FROM json_each(?1)))"
            ' ORDER BY "row" LIMIT 1',
            (json.dumps(spellings),),
        ).fetchone()
        return to_recipient(found) if found else None

    def unlike_their_key(self) -> Iterator[tuple[int, str, str]]:
        return self._db.execute(
            'SELECT "row", key, email FROM recipient '
            f"WHERE {CURRENT} AND claim IS NOT NULL AND lower(email) <> key"
        )

    def shared_addresses(self, most: int) -> tuple[int, list[tuple[int, int]]]:
        rows = self._db.execute(
            'SELECT count(*) OVER (), min("row"), max("row") FROM recipient '
            f"WHERE {CURRENT} AND claim IS NOT NULL GROUP BY lower(email) HAVING count(*) > 1 "
            "ORDER BY 2 LIMIT ?",
            (most,),
        ).fetchall()
        return (rows[0][0] if rows else 0), [(first, last) for _, first, last in rows]

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        condition = f"{CURRENT} AND claim IS NOT NULL"
        return saying(self._db, "recipient", condition, self._place(column), words)

    def usual(self, column: str, most: int) -> list[str]:
        return usual(self._db, "recipient", CURRENT, self._place(column), most)

    def _place(self, column: str) -> int:
        plan = self.plan()
        assert plan is not None
        return plan.columns.index(column)

    def domains_without_mail(self) -> list[str]:
        rows = self._db.execute(
            f"SELECT DISTINCT email FROM recipient WHERE {CURRENT} AND status = 'invalid' "
            "AND reason GLOB 'no mail server: *'"
        )
        return sorted({email.rpartition("@")[2] for (email,) in rows})


def _entry(row: tuple[Any, ...]) -> Entry:
    id_, line, key, email, status, was, *rest = row
    return Entry(id_, line, key, email, _STATUSES[status], _STATUSES[was] if was else None, *rest)
