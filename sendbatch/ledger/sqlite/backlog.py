"""Whom a run may send to, in SQLite: what is next, and the changes that a hand-over makes.

Every statement names the event of `states` it stands for and touches a row only where its present
status is among the event's sources.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from itertools import islice

from sendbatch.errors import RecordLost, RecordStopped
from sendbatch.ledger.facts import EVERYONE, Change, Failed, Intent, Lane, LeftInDoubt, Settled
from sendbatch.ledger.sqlite.changes import write_all
from sendbatch.ledger.sqlite.holding import Hold
from sendbatch.ledger.sqlite.people import CURRENT
from sendbatch.ledger.sqlite.rows import COLUMNS, first, to_recipients
from sendbatch.ledger.sqlite.selecting import SqliteSelection, put_back
from sendbatch.ledger.sqlite.sql import readable, transaction
from sendbatch.values import Recipient, Status


class SqliteBacklog:
    """Behind `store.Backlog`. One process sends: who is claimed is known to it alone."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        hold: Hold | None,
        selection: SqliteSelection,
        now: Callable[[], float],
    ) -> None:
        self._db = connection
        self._hold = hold
        self._selection = selection
        self.now = now
        self._claimed: set[int] = set()
        self._lost: RecordLost | None = None

    def totals(self) -> dict[Status, int]:
        return self._selection.totals()

    def left_over(self) -> int:
        return self._selection.left_over()

    @readable()
    def claim_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM recipient WHERE status IN ('pending', 'failed') "
            f'AND claim IS NOT NULL AND "row" > ? AND {CURRENT}{self._selection.those}{_within(lane)} '
            'ORDER BY "row"',
            (after_row, *lane.domains),
        )
        unclaimed = (row for row in rows if row[0] not in self._claimed)
        return self._claim(to_recipients(first(islice(unclaimed, limit))))

    @readable()
    def has_due(self, now: float) -> bool:
        return bool(self._due("1", now, 1))

    @readable()
    def claim_due(self, now: float, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        return self._claim(to_recipients(first(self._due(COLUMNS, now, limit, lane))))

    def _due(
        self, columns: str, now: float, limit: int, lane: Lane = EVERYONE
    ) -> list[tuple[object, ...]]:
        any_due = "SELECT 1 FROM recipient WHERE status = 'deferred' AND due_at <= ? LIMIT 1"
        if self._db.execute(any_due, (now,)).fetchone() is None:
            return []  # as nearly always; whom to leave out need not be told to SQLite
        return self._db.execute(
            f"SELECT {columns} FROM recipient WHERE status = 'deferred' AND due_at <= ? "
            "AND claim IS NOT NULL AND id NOT IN (SELECT value FROM json_each(?)) "
            f"AND {CURRENT}{self._selection.those}{_within(lane)} ORDER BY due_at LIMIT ?",
            (now, json.dumps(sorted(self._claimed)), *lane.domains, limit),
        ).fetchall()

    @readable()
    def next_due_at(self, lane: Lane = EVERYONE) -> float | None:
        found = self._db.execute(
            "SELECT min(due_at) FROM recipient WHERE status = 'deferred' AND due_at IS NOT NULL "
            "AND claim IS NOT NULL AND id NOT IN (SELECT value FROM json_each(?)) "
            f"AND {CURRENT}{self._selection.those}{_within(lane)}",
            (json.dumps(sorted(self._claimed)), *lane.domains),
        ).fetchone()[0]
        return float(found) if found is not None else None

    def _claim(self, recipients: list[Recipient]) -> list[Recipient]:
        self._claimed.update(recipient.id for recipient in recipients)
        return recipients

    def give_back(self, ids: Collection[int]) -> None:
        self._claimed.difference_update(ids)

    def apply(self, changes: Sequence[Change]) -> None:
        if changes and self._lost is None:
            try:
                write_all(self._db, changes, self._hold)
            except RecordLost as lost:
                self._lost = lost
                # Nothing of it reaches the file any more, which may be another's by now.
                self._db.execute("PRAGMA wal_autocheckpoint=0")
            else:
                self._claimed.difference_update(
                    change.id for change in changes if isinstance(change, _ENDS)
                )
        if self._lost is not None:
            self._settle_begun(changes)
            raise self._lost

    def _settle_begun(self, changes: Sequence[Change]) -> None:
        """What left is told where its intent stands, as long as no other has taken the record over."""
        begun = [change for change in changes if not isinstance(change, Intent)]
        if begun:
            with contextlib.suppress(RecordStopped):
                write_all(self._db, begun, self._hold)

    def end(self) -> None:
        with transaction(self._db, self._hold):
            put_back(self._db)
        if self._hold is not None:
            self._hold.confirm(self._db)
            self._hold.look(self._db)


_ENDS = (Settled, Failed, LeftInDoubt)  # with these a claim ends


def _within(lane: Lane) -> str:
    """A condition on the address's domain, with a question mark for each that the lane names."""
    if not lane.domains:
        return ""
    marks = ", ".join("?" * len(lane.domains))
    word = "NOT IN" if lane.others else "IN"
    return f" AND lower(substr(email, instr(email, '@') + 1)) {word} ({marks})"
