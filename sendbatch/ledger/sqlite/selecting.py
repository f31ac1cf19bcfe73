"""Whom a run is about, in SQLite: --only, --limit, and who is sent to again by a person's word.

The selection stands in temporary tables of the connection, which a draft fills and the backlog goes by:
`scope` has whom --only names, `chosen` whom this run may send to, `left` whom a limit has left over; `asked`
has those done with whom a draft takes up again, `hurried` those deferred whom it makes due.
"""

from __future__ import annotations

import sqlite3

from sendbatch.ledger.conditions import happens, leads_to, listed
from sendbatch.ledger.sqlite.sql import Connection
from sendbatch.ledger.sqlite.view import CURRENT, rows_of
from sendbatch.ledger.states import SENDABLE, SETTLED, Event
from sendbatch.values import Status

TABLES = ("scope", "wanted", "chosen", "left", "asked", "hurried")
# Who is to be sent to for one run only, and was not yet, is as before.
_RESTORE = (
    f"UPDATE delivery SET status = {leads_to(Event.RESTORE)}, was = NULL, due_at = NULL "
    f"WHERE {happens(Event.RESTORE)} AND was IN {listed(SETTLED)}"
)


class SqliteSelection:
    """Behind `store.Selection`."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection
        self.scope = ""  # SQL: those that --only names
        self.chosen = ""  # SQL: those among them that this run may send to
        self.left = ""  # SQL: those that a limit has left over

    @property
    def rows(self) -> str:
        """The table of rows that is selected from."""
        return rows_of(CURRENT)

    @property
    def those(self) -> str:
        """A condition: this run may send to them."""
        return f"{self.scope}{self.chosen}"

    def totals(self) -> dict[Status, int]:
        left_over = f" AND NOT (status IN {listed(SENDABLE)}{_negated(self.chosen)})"
        rows = self._db.execute(
            f"SELECT status, count(*) FROM {self.rows} WHERE 1"
            f"{self.scope}{left_over if self.chosen else ''}{_negated(self.left)} GROUP BY status"
        )
        return {Status(status): count for status, count in rows}

    def left_over(self) -> int:
        if not self.chosen:
            return 0
        asked = (
            f"SELECT count(*) FROM {self.left.rpartition(' ')[2]}" if self.left else "SELECT 0"
        )
        left = (
            f"SELECT count(*) FROM {self.rows} "
            f"WHERE status IN {listed(SENDABLE)}{self.scope}{_negated(self.chosen)}"
        )
        return sum(self._db.execute(query).fetchone()[0] for query in (asked, left))

    def keep(self) -> None:
        """A run goes by it from now on: no other draft touches its tables any more."""
        self.scope = self._kept("scope", self.scope)
        self.chosen = self._kept("chosen", self.chosen)
        self.left = self._kept("left", self.left)

    def _kept(self, table: str, condition: str) -> str:
        self._db.execute(f"DROP TABLE IF EXISTS temp.{table}_of_run")
        if condition:
            self._db.execute(f"ALTER TABLE temp.{table} RENAME TO {table}_of_run")
        return condition.replace(f"temp.{table}", f"temp.{table}_of_run")


def restore(db: sqlite3.Connection) -> int:
    """Whoever was made pending for one run is as before where they were not sent to; returns how many."""
    return db.execute(_RESTORE).rowcount


def _negated(condition: str) -> str:
    return condition.replace(" IN ", " NOT IN ")
