"""What all sides of the SQLite record share: transactions, and statuses as SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from sendbatch.errors import RecordStopped
from sendbatch.ledger.facts import Unsound
from sendbatch.ledger.sqlite.holding import Hold
from sendbatch.values import Status


def listed(statuses: Collection[Status]) -> str:
    """Statuses as an SQL list. They are ours, never a user's text."""
    return "(" + ", ".join(f"'{status}'" for status in sorted(statuses)) + ")"


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
        raise RecordStopped(
            f"the record can no longer be written: {error}",
            hint="no message was sent that it does not know of; make room and run again",
        ) from error


@contextmanager
def transaction(connection: sqlite3.Connection, hold: Hold | None = None) -> Iterator[None]:
    """All or nothing, durable once left. Raises RecordStopped where the disk says no, RecordLost where
    the record is no longer in this hand."""
    with writable(), open_transaction(connection, hold) as commit:
        yield
        commit()


@contextmanager
def open_transaction(
    connection: sqlite3.Connection, hold: Hold | None = None
) -> Iterator[Callable[[], None]]:
    """Nothing, unless the function that the block gets is called; raises what `transaction` does."""

    def commit() -> None:
        with writable():
            connection.execute("COMMIT")
        if hold is not None:
            hold.counted()

    with writable():
        _begin(connection, hold)
    try:
        if hold is not None:
            hold.count(connection)
        yield commit
    finally:
        if connection.in_transaction:
            with writable():
                connection.execute("ROLLBACK")


def _begin(connection: sqlite3.Connection, hold: Hold | None) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        if hold is not None:
            hold.confirm(connection)  # who is it that has been writing for so long?
        raise
