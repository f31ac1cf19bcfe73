"""What a run is about to make of the record, in SQLite. Behind `store.Draft`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from sendbatch.ledger.sqlite.changes import note, remember
from sendbatch.ledger.sqlite.reading import SqliteReading
from sendbatch.ledger.sqlite.selecting import SqliteSelection
from sendbatch.ledger.sqlite.staging import SqliteStaging


class SqliteDraft(SqliteSelection):
    """`merged` is called by `merge`, with the time at which a run begins to send, if it does."""

    def __init__(
        self, connection: sqlite3.Connection, merged: Callable[[float | None], None]
    ) -> None:
        super().__init__(connection)
        self.reading = self.people = SqliteReading(connection)
        self._merged = merged
        self.clear()

    def merge(self, begins_at: float | None = None, /) -> None:
        self._merged(begins_at)

    def stage(self, columns: Sequence[str]) -> SqliteStaging:
        return SqliteStaging(self._db, columns)

    def forget_everyone(self) -> None:
        """Its plans keep their numbers; the next one is as a first."""
        self._db.execute("DELETE FROM recipient")

    def remember(self, key: str, value: str) -> None:
        remember(self._db, key, value)

    def note(self, kind: str, detail: str, at: float) -> None:
        note(self._db, kind, detail, at)
