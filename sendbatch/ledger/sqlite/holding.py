"""A record in hand: that the path still leads to what is open, and that nobody else has taken it over.

Somebody may move or delete the folder of a run that is alive, put a copy in its place, or remove its
lock as stale; then another run can begin beside it. So a random number of the holder stands in the
lock and in the record itself, where the next holder puts its own: every transaction looks for it, as
its first statement, and so before any other can be written. And before an intent is committed the
files are looked for by their names. Where either fails no dot leaves.

Beside the number stands how many transactions its holder has committed, in the record as part of each, in
the lock after it. So the lock can vouch for a record that a run left and whose log another program
has taken into the file since; and it tells of one that is older than itself, as a backup put back is.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import TypeAlias

from sendbatch.errors import LedgerError, LockedError, RecordLost, shown
from sendbatch.ledger.sqlite.sql import is_busy
from sendbatch.ledger.sqlite.view import KNOWN, SENT

NUMBER = "holder"  # in meta
BEFORE = "holder before"  # in meta: what stood in the lock when this holder took the record
MOST_NUMBER = 100  # bytes that are read of a lock
_STANDS = "SELECT value FROM meta WHERE key = 'holder'"
_COUNT = "UPDATE meta SET value = ? WHERE key = 'holder' AND value = ?"
_SENT = f"SELECT count(*) FROM {KNOWN} WHERE status IN {SENT}"

Identity: TypeAlias = tuple[int, int]


class Hold:
    """Made by `lock.hold`, with the lock in hand: its path, and a descriptor of it that is open. `number`
    tells this holder from all others; `noted` is what the last one left in the lock."""

    def __init__(self, lock: Path, descriptor: int, number: str) -> None:
        self.number = number
        self.noted = os.pread(descriptor, MOST_NUMBER, 0)
        self._lock = lock
        self._descriptor = descriptor
        self._committed = 0
        self._record = lock
        self._opened = {lock: identity(descriptor)}

    def take(self, db: sqlite3.Connection, record: Path) -> None:
        """Put the number into the open record and the lock: whoever had it before writes no more.

        Raises LockedError where another process is writing, LedgerError where it cannot be written.
        """
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [(NUMBER, self._stands), (BEFORE, _read(self.noted)[0])],
            )
            db.execute("COMMIT")
            os.truncate(self._descriptor, 0)
            self._note()
            os.fsync(
                self._descriptor
            )  # else a power cut might leave an older number than the record's
        except sqlite3.Error as error:
            if is_busy(error):
                raise being_written(record) from None
            raise LedgerError(
                f"{shown(record)}: the record cannot be written: {error}; nothing was sent"
            ) from None
        except OSError as error:
            raise LedgerError(
                f"{shown(self._lock)}: cannot be written: {error.strerror}; nothing was sent"
            ) from None
        self._record = record
        log = record.with_name(f"{record.name}-wal")
        self._opened |= {path: identity(path) for path in (record, log)}

    def clear(self) -> None:
        """Another record comes in the place of the one that this lock tells of. Raises OSError."""
        os.truncate(self._descriptor, 0)
        os.fsync(self._descriptor)

    def count(self, db: sqlite3.Connection) -> None:
        """The first statement of a transaction: nobody has taken the record over, nor can before its
        end. Raises RecordLost."""
        if db.execute(_COUNT, (self._next, self._stands)).rowcount != 1:
            raise self._taken_over()

    def counted(self) -> None:
        """The transaction was committed."""
        self._committed += 1
        with contextlib.suppress(OSError):  # then the lock vouches for less than there is
            self._note()

    def confirm(self, db: sqlite3.Connection) -> None:
        """Nobody has taken the record over by now. Raises RecordLost."""
        found = db.execute(_STANDS).fetchone()
        if found is None or found[0] != self._stands:
            raise self._taken_over()

    @property
    def _stands(self) -> str:
        return f"{self.number} {self._committed}"

    @property
    def _next(self) -> str:
        return f"{self.number} {self._committed + 1}"

    def _note(self) -> None:
        os.pwrite(self._descriptor, self._stands.encode() + b"\n", 0)

    def _taken_over(self) -> RecordLost:
        return RecordLost(
            f"{shown(self._record.parent)}: another run has taken this record over, as the lock of "
            "this run was removed while it was alive; this one has stopped",
            hint="let the other one end, which mails nobody twice: sendbatch status shows how far it is",
        )

    def look(self, db: sqlite3.Connection) -> None:
        """The names still lead to the files that are open. Raises RecordLost."""
        for path, opened in self._opened.items():
            try:
                found = os.stat(path)
            except OSError:
                raise self._lost(db, path) from None
            if (found.st_dev, found.st_ino) != opened:
                raise self._lost(db, path)

    def was_taken(self) -> bool:
        """Whether a lock stands in the place of ours in which another holder has put its number."""
        return noted_in(self._lock).split()[:1] not in ([], [self.number.encode()])

    def _lost(self, db: sqlite3.Connection, path: Path) -> RecordLost:
        if not _leads_to(self._record, self._opened[self._record]):
            (sent,) = db.execute(_SENT).fetchone()
            return RecordLost(
                f"{shown(self._record)}: the record of this run is no longer there: it was moved, deleted "
                "or replaced while messages were being sent; the run has stopped",
                hint="put it back, with the files beside it, before anything is sent again: without it "
                f"the {sent:,} that were sent to would be mailed again",
            )
        what = "the lock of this run" if path == self._lock else "a part of the record in use"
        return RecordLost(
            f"{shown(path)}: {what} was removed or replaced while messages were being sent, so that "
            "another run could have begun beside it; the run has stopped",
            hint="what was sent stands in the record, and another run goes on from there; leave its "
            "files alone while one is alive",
        )


def noted_in(lock: Path) -> bytes:
    """What its holder, or the last one, has put into a lock; nothing where it cannot be read."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(MOST_NUMBER)
    except OSError:
        return b""


def vouches(noted: bytes, stands: str | None) -> bool:
    """Whether what was noted in a lock shows that a record in which this `stands` has every transaction
    that its holder committed."""
    number, committed = _read(noted)
    ours, known = _read((stands or "").encode())
    if not number or number != ours or committed is None or known is None:
        return False
    return committed <= known


def is_newer(noted: bytes, stands: str | None, before: str | None) -> bool:
    """Whether what was noted in a lock shows that somebody has written to the record in whose place one
    is in which this `stands`, as it stood `before`, and which knows nothing of it."""
    number, _ = _read(noted)
    if (
        not number or number == before
    ):  # who took this record was cut off before it had noted itself
        return False
    return not vouches(noted, stands)


def _read(noted: bytes) -> tuple[str, int | None]:
    """The number of a holder, and how many transactions it has committed."""
    number, _, committed = noted[:MOST_NUMBER].decode("ascii", "replace").strip().partition(" ")
    return number, int(committed) if committed.isascii() and committed.isdecimal() else None


def identity(what: Path | int) -> Identity:
    """What tells a file from all others, by its name or by a descriptor. Raises OSError."""
    found = os.stat(what)
    return found.st_dev, found.st_ino


def abandon(db: sqlite3.Connection) -> None:
    """Leave a record that another has taken over as that one left it.

    The last to close a file merges its own log into it. Where the log was removed with the lock, that is
    an old one, and would undo all that the other run has written since."""
    if sys.version_info >= (3, 12):
        db.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
        db.close()
    else:  # no such word yet: it stays open, and ends with the process, which should not open it again
        import ctypes  # hardly ever needed

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(db))


def _leads_to(path: Path, opened: Identity) -> bool:
    try:
        return identity(path) == opened
    except OSError:
        return False


def being_written(record: Path) -> LockedError:
    """For where another process keeps the file for longer than is waited for."""
    return LockedError(
        f"{shown(record)}: another process is writing to this record",
        hint="sendbatch status shows how far it is",
    )
