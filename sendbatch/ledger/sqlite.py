"""ledger.sqlite as one object: a connection with its three sides, and what is said about it all.

`sending` makes changes during a run, `reading` tells, `staging` plans. Only `open_ledger` writes
to the record itself; `open_scratch` works on a copy that is thrown away.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sendbatch.errors import LedgerError, RecordStopped, SendbatchError, shown
from sendbatch.ledger.access import FILE as FILE
from sendbatch.ledger.access import LOG
from sendbatch.ledger.changes import note
from sendbatch.ledger.holding import BEFORE, NUMBER, Hold, abandon, is_newer, vouches
from sendbatch.ledger.lost import UNDER_WAY, is_outdated, log_is_lost
from sendbatch.ledger.reading import LedgerReading
from sendbatch.ledger.schema import open_copy, open_for_reading, open_for_writing, unusable
from sendbatch.ledger.scratch import has_no_room, no_room, scratch_folder
from sendbatch.ledger.sending import SendingStore
from sendbatch.ledger.soundness import Unsound, hold_rows
from sendbatch.ledger.sql import transaction, writable
from sendbatch.ledger.staging import Staging
from sendbatch.ledger.states import SENDABLE

STEPS = 100_000  # of SQLite's machine between two calls of a `heed`: some milliseconds


class Ledger:
    """An open record; close it when done."""

    def __init__(
        self, connection: sqlite3.Connection, hold: Hold | None = None, *, at_rest: bool = False
    ) -> None:
        self._connection = connection
        self._mark: str | None = None  # of this process, which takes it away in the end
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

    def forget_all(self) -> None:
        """No recipient is known any more, inside the open transaction: for a record of mail that nobody
        gets, whose rehearsal begins anew. Its plans keep their numbers; the next one is as a first."""
        self._connection.execute("DELETE FROM recipient")

    def remember(self, key: str, value: str) -> None:
        """Write one line of `meta`."""
        self._connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def note(self, kind: str, detail: str, at: float) -> None:
        """Write one event."""
        note(self._connection, kind, detail, at)

    def begin_sending(self, at: float) -> None:
        """Leave the mark that a run is under way, inside its transaction. See `lost`."""
        self._mark = str(at)
        self.remember(UNDER_WAY, self._mark)

    def checkpoint(self) -> None:
        """Bring all of the log into the file itself, durably, unless others read it for long."""
        with writable():
            self._connection.execute("PRAGMA wal_checkpoint(FULL)")

    def close(self) -> None:
        """The mark goes with the log. Where a full disk does not let it, the log may make room."""
        if self._hold is not None and self._hold.was_taken():
            abandon(self._connection)
            return
        if self._mark is not None:
            with contextlib.suppress(RecordStopped):
                try:
                    self._unmark()
                except RecordStopped:
                    self.checkpoint()
                    self._unmark()
        self._connection.close()

    def _unmark(self) -> None:
        with transaction(self._connection):  # wherever the file is by now, its log goes into it
            ours = (UNDER_WAY, self._mark)
            self._connection.execute("DELETE FROM meta WHERE key = ? AND value = ?", ours)
        self._mark = None

    def take_over(self) -> None:
        """A run that was cut off left its mark: with its log the record is whole, and the mark is ours."""
        self._mark = self.reading.meta(UNDER_WAY)

    def doubt(self, folder: Path, noted: bytes, *, has_log: bool) -> LedgerError | None:
        """What is said where a run was cut off and its log is missing in `folder`, unless what was `noted`
        in the lock vouches for the record; and where that shows that the record is an older one. It must
        have been noted before the record was read, for a run may be writing to it."""
        stands = self.reading.meta(NUMBER)
        if vouches(noted, stands):
            return None
        is_cut_off = not has_log and self.reading.meta(UNDER_WAY) is not None
        if not is_cut_off and not is_newer(noted, stands, self.reading.meta(BEFORE)):
            return None
        everyone, holders = self.reading.census()
        left = sum(everyone.get(status, 0) for status in SENDABLE)
        if not is_cut_off:
            return is_outdated(folder, left, holders)
        return log_is_lost(folder, left, holders) if left else None


@contextlib.contextmanager
def open_ledger(
    folder: Path, hold: Hold | None = None, *, without_log: bool = False
) -> Iterator[Ledger]:
    """The record in `folder`, to be written; made where there is none. With `hold` it is in that hand
    from now on. Raises LedgerError, also where a run's log is missing or the record is an older one, unless
    that is accepted (`without_log`); LockedError."""
    is_whole = without_log or has_log(folder)
    connection = open_for_writing(folder / FILE)
    with _told(folder / FILE, Ledger(connection, hold)) as ledger:
        hold_rows(connection)
        noted = hold.noted if hold is not None and not without_log else b""
        if (doubt := ledger.doubt(folder, noted, has_log=is_whole)) is not None:
            raise doubt
        if hold is not None:
            hold.take(connection, folder / FILE)
        ledger.take_over()
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


def has_log(folder: Path) -> bool:
    """A run's log is there until it is closed, and never empty: the plan went through it. An empty one is
    made by whoever only reads."""
    try:
        return (folder / LOG).stat().st_size > 0
    except OSError:
        return False


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
