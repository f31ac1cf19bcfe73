"""Whom a run may send to, in SQLite: what is next, and the changes that a hand-over makes.

Whoever is handed out is looked for among what is folded, so each look folds first what was brought since the
last one. Nothing else that a run asks for needs more than a moment.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sendbatch.errors import RecordLost, RecordStopped
from sendbatch.ledger.facts import EVERYONE, Change, Failed, Intent, Lane, LeftInDoubt, Settled
from sendbatch.ledger.sqlite.attempts import Attempts
from sendbatch.ledger.sqlite.folding import fold
from sendbatch.ledger.sqlite.holding import Hold
from sendbatch.ledger.sqlite.rows import COLUMNS, first, to_recipients
from sendbatch.ledger.sqlite.selecting import SqliteSelection, restore
from sendbatch.ledger.sqlite.sql import Connection, readable, transaction
from sendbatch.ledger.sqlite.view import CURRENT, FOLDED, deferred_of, rows_of
from sendbatch.values import Recipient, Status


class SqliteBacklog:
    """Behind `store.Backlog`. One process sends: who is claimed is known to it alone."""

    def __init__(
        self,
        connection: Connection,
        hold: Hold | None,
        attempts: Attempts,
        selection: SqliteSelection,
        now: Callable[[], float],
    ) -> None:
        self._db = connection
        self._hold = hold
        self._attempts = attempts
        self._selection = selection
        self.now = now
        self.waits = self.others = False
        self.streak = None
        self.announces = False
        self._claimed: set[int] = set()
        self._lost: RecordLost | None = None
        self._rows, self._deferred = rows_of(CURRENT, FOLDED), deferred_of(CURRENT)
        first = f'SELECT id - "row" FROM plan_row WHERE plan = {CURRENT} ORDER BY id LIMIT 1'
        # ids are counted on by lines, from here
        self._base = next((base for (base,) in connection.execute(first)), 0)
        attempts.begin()

    def totals(self) -> dict[Status, int]:
        return self._selection.totals()

    def left_over(self) -> int:
        return self._selection.left_over()

    @readable()
    def claim_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        self._attempts.fold()
        asked = (
            f"SELECT {COLUMNS} FROM {self._rows} WHERE holds AND status IN ('pending', 'failed') "
            f"AND place > ?{self._selection.those}{_within(lane)} ORDER BY place"
        )
        with contextlib.closing(self._db.execute(asked, (self._base + after_row, *lane.domains))) as rows:
            found = {row[0]: row for row in first(islice(self._unclaimed(rows), limit))}
        return self._claim(to_recipients(list(found.values())))

    @readable()
    def has_due(self, now: float) -> bool:
        return bool(self._due("1", now, 1))

    @readable()
    def claim_due(self, now: float, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        return self._claim(to_recipients(first(self._due(COLUMNS, now, limit, lane))))

    def _due(
        self, columns: str, now: float, limit: int, lane: Lane = EVERYONE
    ) -> list[tuple[object, ...]]:
        self._attempts.fold()
        any_due = "SELECT 1 FROM delivery WHERE status = 'deferred' AND due_at <= ? LIMIT 1"
        if self._db.execute(any_due, (now,)).fetchone() is None:
            return []  # as nearly always; whom to leave out need not be told to SQLite
        return self._db.execute(
            f"SELECT {columns} FROM {self._deferred} WHERE due_at <= ? "
            "AND holds AND id NOT IN (SELECT value FROM json_each(?)) "
            f"{self._selection.those}{_within(lane)} ORDER BY due_at LIMIT ?",
            (now, json.dumps(sorted(self._claimed)), *lane.domains, limit),
        ).fetchall()

    @readable()
    def next_due_at(self, lane: Lane = EVERYONE) -> float | None:
        self._attempts.fold()
        found = self._db.execute(
            f"SELECT min(due_at) FROM {self._deferred} WHERE due_at IS NOT NULL "
            "AND holds AND id NOT IN (SELECT value FROM json_each(?)) "
            f"{self._selection.those}{_within(lane)}",
            (json.dumps(sorted(self._claimed)), *lane.domains),
        ).fetchone()[0]
        return float(found) if found is not None else None

    def _unclaimed(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        return (row for row in rows if row[0] not in self._claimed)

    def _claim(self, recipients: list[Recipient]) -> list[Recipient]:
        ids = [recipient.id for recipient in recipients]
        self._claimed.update(ids)
        self._attempts.learn(ids)
        return recipients

    def give_back(self, ids: Collection[int]) -> None:
        self._claimed.difference_update(ids)
        self._attempts.forget(ids)

    def apply(self, changes: Sequence[Change]) -> Collection[int]:
        if changes and self._lost is None:
            try:
                self._attempts.append(changes)
            except RecordLost as lost:
                self._lost = lost
                # Nothing of it reaches the file any more, which may be another's by now.
                self._db.execute("PRAGMA wal_autocheckpoint=0")
            else:
                self.give_back([change.id for change in changes if isinstance(change, _ENDS)])
        if self._lost is not None:
            self._settle_begun(changes)
            raise self._lost
        return ()

    def _settle_begun(self, changes: Sequence[Change]) -> None:
        """What left is told where its intent stands, as long as no other has taken the record over."""
        begun = [change for change in changes if not isinstance(change, Intent)]
        if begun:
            with contextlib.suppress(RecordStopped):
                self._attempts.append(begun)

    async def announce(self, block: Collection[int]) -> None:
        """Nobody else looks: an intent on this disk is all that is needed."""

    def tidy(self) -> None:
        self._attempts.tidy()

    def end(self) -> None:
        with transaction(self._db, self._hold):
            fold(self._db)
            restore(self._db)
        self._attempts.begin()
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
