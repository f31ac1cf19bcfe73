"""ledger.sqlite as one object: a connection with its three sides, and what is said about it all.

`sending` makes changes during a run, `reading` tells, `staging` plans. Only `open_ledger` writes
to the record itself; `open_scratch` works on a copy that is thrown away.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sendbatch.errors import LedgerError, SendbatchError, shown
from sendbatch.ledger.changes import note
from sendbatch.ledger.reading import LedgerReading
from sendbatch.ledger.schema import open_copy, open_for_reading, open_for_writing
from sendbatch.ledger.sending import SendingStore
from sendbatch.ledger.sql import transaction
from sendbatch.ledger.staging import Staging

FILE = "ledger.sqlite"
STEPS = 100_000  # of SQLite's machine between two calls of a `heed`: some milliseconds


class Ledger:
    """An open record; close it when done."""

    def __init__(self, connection: sqlite3.Connection, *, at_rest: bool = False) -> None:
        self._connection = connection
        self.reading = LedgerReading(connection, at_rest=at_rest)
        self.sending = SendingStore(connection)

    def stage(self, columns: Sequence[str]) -> Staging:
        """Begin a plan whose rows have these cells. Stays inside the open transaction."""
        return Staging(self._connection, columns)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything until its end is kept, or nothing of it. Raises RecordStopped."""
        with transaction(self._connection):
            yield

    @contextlib.contextmanager
    def heeding(self, heed: Callable[[], None]) -> Iterator[None]:
        """`heed` is called now and then within each statement, which may take seconds for a million
        rows; the SendbatchError that it raises breaks the statement off, and is what the block raises."""
        raised: list[SendbatchError] = []

        def is_to_end() -> bool:
            try:
                heed()
            except SendbatchError as error:
                raised.append(error)
            return bool(raised)

        self._connection.set_progress_handler(is_to_end, STEPS)
        try:
            yield
        except sqlite3.OperationalError:
            if raised:
                raise raised[0] from None
            raise
        finally:
            self._connection.set_progress_handler(None, 0)

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
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """The record in `folder`, to be written; made where there is none. Raises LedgerError."""
    ledger = Ledger(open_for_writing(folder / FILE))
    with _told(folder / FILE, ledger):
        yield ledger


@contextlib.contextmanager
def read_ledger(folder: Path) -> Iterator[Ledger]:
    """The record in `folder`, which must exist, to be read. Raises LedgerError."""
    ledger = Ledger(open_for_reading(folder / FILE), at_rest=True)
    with _told(folder / FILE, ledger):
        yield ledger


@contextlib.contextmanager
def open_scratch(folder: Path) -> Iterator[Ledger]:
    """A copy of the record in `folder`, or an empty one, that is gone afterwards."""
    scratch = Path(tempfile.mkdtemp(prefix="sendbatch-"))  # readable by its owner only
    try:
        ledger = Ledger(open_copy(folder / FILE, scratch))
        with _told(folder / FILE, ledger):
            yield ledger
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def _told(path: Path, ledger: Ledger) -> Iterator[None]:
    """Closes the record in the end; what SQLite says of it becomes a LedgerError."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(f"{shown(path)}: the record cannot be read: {error}") from None
    finally:
        ledger.close()


def has_ledger(folder: Path) -> bool:
    """Whether there is a record with a plan: a run that was refused or declined leaves none."""
    if not (folder / FILE).exists():
        return False
    with read_ledger(folder) as ledger:
        return ledger.reading.plan() is not None
