"""What all sides of the SQLite record share: transactions, a line of `meta` or `event`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sendbatch.errors import RecordStopped
from sendbatch.ledger.facts import Unsound

if TYPE_CHECKING:
    from sendbatch.ledger.sqlite.holding import Hold


class Connection(sqlite3.Connection):
    """One that knows what is being read from it.

    SQLite drops no index and no table, and brings no log into the file, while a statement of the connection
    has rows left: SQLITE_LOCKED, however long one waits. A cursor that somebody went away from keeps its
    statement as long as anything keeps the cursor, as the traceback of a Ctrl-C does.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read: WeakSet[sqlite3.Cursor] = WeakSet()

    def read(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Rows that are taken one by one, for as long as nothing of what they are read from changes."""
        cursor = self.execute(statement, values)
        self._read.add(cursor)
        return cursor

    def end_reading(self) -> None:
        """Whoever is still at it, or went away in the middle, has seen enough."""
        for cursor in self._read:
            cursor.close()
        self._read.clear()


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process has the file."""
    code = getattr(error, "sqlite_errorcode", None)  # none where Python raised it by itself
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk has no room: for the file, or for what is shared in memory beside it."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


def remember(db: sqlite3.Connection, key: str, value: str) -> None:
    """One line of `meta`."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def note(db: sqlite3.Connection, kind: str, detail: str, at: float) -> None:
    """One event."""
    db.execute("INSERT INTO event VALUES (?, ?, ?)", (at, kind, detail))


@contextmanager
def readable() -> Iterator[None]:
    """Raises RecordStopped where the disk or the file says no, or holds what we do not write."""
    try:
        yield
    except (sqlite3.Error, Unsound) as error:
        raise RecordStopped(f"the record can no longer be read: {error}") from None


@contextmanager
def writable() -> Iterator[None]:
    """Raises RecordStopped where the disk says no."""
    try:
        yield
    except sqlite3.Error as error:
        mend = "close what else has it open" if is_busy(error) else "make room"
        raise RecordStopped(
            f"the record can no longer be written: {error}",
            hint=f"no message was sent that it does not know of; {mend} and run again",
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection, hold: Hold | None = None) -> Iterator[None]:
    """All or nothing, durable once left. Raises RecordStopped where the disk says no, RecordLost where
    the record is no longer in this hand."""
    with writable():
        _begin(connection, hold)
        try:
            if hold is not None:
                hold.count(connection)
            yield
            connection.execute("COMMIT")
            if hold is not None:
                hold.counted()
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _begin(connection: sqlite3.Connection, hold: Hold | None) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        if hold is not None:
            hold.confirm(connection)  # who is it that has been writing for so long?
        raise
