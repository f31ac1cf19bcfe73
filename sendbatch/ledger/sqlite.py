"""ledger.sqlite as one object: a connection with its three sides, and what is said about it all.

`sending` makes changes during a run, `reading` tells, `staging` plans. Only `open_ledger` writes
to the record itself; `open_scratch` works on a copy that is thrown away.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from sendbatch.errors import LedgerError, shown
from sendbatch.ledger.changes import note
from sendbatch.ledger.holding import Hold
from sendbatch.ledger.reading import LedgerReading
from sendbatch.ledger.schema import open_copy, open_for_reading, open_for_writing, unusable
from sendbatch.ledger.scratch import has_no_room, no_room, scratch_folder
from sendbatch.ledger.sending import SendingStore
from sendbatch.ledger.soundness import Unsound, hold_rows
from sendbatch.ledger.sql import transaction
from sendbatch.ledger.staging import Staging

FILE = "ledger.sqlite"


class Ledger:
    """An open record; close it when done."""

    def __init__(
        self, connection: sqlite3.Connection, hold: Hold | None = None, *, at_rest: bool = False
    ) -> None:
        self._connection = connection
        self._hold = hold
        self.reading = LedgerReading(connection, at_rest=at_rest)
        self.sending = SendingStore(connection, hold)

    def stage(self, columns: Sequence[str]) -> Staging:
        """Begin a plan whose rows have these cells. Stays inside the open transaction."""
        return Staging(self._connection, columns)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything until its end is kept, or nothing of it. Raises RecordStopped."""
        with transaction(self._connection, self._hold):
            yield

    def confirm(self) -> None:
        """This is the record that others find, and nobody else's. Raises RecordLost."""
        if self._hold is not None:
            self._hold.confirm(self._connection)
            self._hold.look(self._connection)

    def remember(self, key: str, value: str) -> None:
        """Write one line of `meta`."""
        self._connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def note(self, kind: str, detail: str, at: float) -> None:
        """Write one event."""
        note(self._connection, kind, detail, at)

    def close(self) -> None:
        self._connection.close()


@contextlib.contextmanager
def open_ledger(folder: Path, hold: Hold | None = None) -> Iterator[Ledger]:
    """The record in `folder`, to be written; made where there is none. With `hold` it is in that hand
    from now on. Raises LedgerError, LockedError."""
    connection = open_for_writing(folder / FILE)
    with _told(folder / FILE, Ledger(connection, hold)) as ledger:
        hold_rows(connection)
        if hold is not None:
            hold.take(connection, folder / FILE)
        yield ledger


@contextlib.contextmanager
def read_ledger(folder: Path) -> Iterator[Ledger]:
    """The record in `folder`, which must exist, to be read. Raises LedgerError."""
    connection = open_for_reading(folder / FILE)
    if connection is None:
        raise LedgerError(f"{shown(folder / FILE)}: the record cannot be read: there is none yet")
    with _told(folder / FILE, Ledger(connection, at_rest=True)) as ledger:
        hold_rows(connection)
        yield ledger


@contextlib.contextmanager
def open_scratch(folder: Path) -> Iterator[Ledger]:
    """A copy of the record in `folder`, or an empty one, that is gone afterwards. Raises LedgerError."""
    with scratch_folder() as scratch:
        connection = open_copy(folder / FILE, scratch)
        with _told(folder / FILE, Ledger(connection)) as ledger:
            try:
                hold_rows(connection)
                yield ledger
            except sqlite3.Error as error:
                if has_no_room(error):
                    raise no_room(str(error)) from None
                raise


@contextlib.contextmanager
def _told(path: Path, ledger: Ledger) -> Iterator[Ledger]:
    """Closes the record in the end; what SQLite says of it becomes a LedgerError."""
    try:
        yield ledger
    except Unsound as error:
        raise unusable(path, error) from None
    except sqlite3.Error as error:
        raise LedgerError(f"{shown(path)}: the record cannot be read: {error}") from None
    finally:
        ledger.close()


def has_ledger(folder: Path, run: str | None = None) -> bool:
    """Whether there is a record with a plan, and of that edition where one is given: a run that was refused
    or declined leaves none. Raises LedgerError."""
    connection = open_for_reading(folder / FILE)
    if connection is None:
        return False
    with _told(folder / FILE, Ledger(connection)) as ledger:
        is_meant = run is None or ledger.reading.meta("run") in (None, run)
        return is_meant and ledger.reading.plan() is not None
