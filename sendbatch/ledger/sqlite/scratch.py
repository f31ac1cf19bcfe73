"""A folder for a copy of a record that is only looked at, in the folder for temporary files; memory, where
there is no such folder that can be written, as in a container with a disk that is read-only.

It is gone afterwards. One that a killed process left is cleared by the next call: a copy in use is
locked by the operating system for as long as its process lives.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sendbatch.errors import LedgerError, RecordStopped
from sendbatch.ledger.sqlite.holding import identity

PREFIX = "sendbatch-copy-"
# Why there may be no folder for temporary files.
NOWHERE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR)
# What SQLite says where a disk has no room, or does not take what is written.
NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path | None]:
    """An empty folder, readable by its owner only; None where nothing can be written. Raises LedgerError
    where there is no room for one, or none for what is written in it within the block."""
    folder, descriptor = None, None
    try:
        clear_left_over()
        folder, descriptor = _made()
    except OSError as error:
        if error.errno not in NOWHERE:
            raise no_room(error.strerror or str(error)) from None
    try:
        yield folder
    except RecordStopped as stopped:
        if isinstance(stopped.__cause__, sqlite3.Error) and has_no_room(stopped.__cause__):
            raise no_room(str(stopped.__cause__)) from None
        raise
    finally:
        if folder is not None and descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def clear_left_over() -> None:
    """Remove the copies of this user whose process is gone. Raises OSError where there is no folder for
    temporary files."""
    with os.scandir(tempfile.gettempdir()) as found:
        ours = [entry for entry in found if entry.name.startswith(PREFIX)]
    for entry in ours:
        with contextlib.suppress(OSError):  # in use, or gone meanwhile
            about = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid():
                descriptor = _locked(Path(entry.path))
                shutil.rmtree(entry.path, ignore_errors=True)
                os.close(descriptor)


def sort_in_memory_if_need_be(connection: sqlite3.Connection) -> None:
    """What SQLite does not hold in its cache it writes to files of its own in the folder for temporary files;
    where there is none that can be written, "disk I/O error" would end a large plan or run."""
    try:
        is_there = os.access(tempfile.gettempdir(), os.W_OK | os.X_OK)
    except OSError:
        is_there = False
    if not is_there:
        connection.execute("PRAGMA temp_store=MEMORY")


def has_no_room(error: Exception) -> bool:
    """Whether it is the disk, and not what stands on it, that SQLite complains of."""
    code = getattr(error, "sqlite_errorcode", None)
    reading = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)
    return code is not None and code & 0xFF in NO_ROOM and code not in reading


def no_room(why: str) -> LedgerError:
    """For where the folder for temporary files does not take a copy."""
    try:
        where = f"{tempfile.gettempdir()}: "
    except OSError:
        where = ""  # `why` names those that were tried
    return LedgerError(
        f"{where}the folder for temporary files has no room for a copy of the record: {why}; the record "
        "is as it was",
        hint="make room there, or set TMPDIR to a folder that has",
    )


def _made() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            return folder, _locked(folder)
        # Another process took it for one left over before it was locked, and removes it.


def _locked(folder: Path) -> int:
    """A descriptor of a folder that locks it for as long as it is open. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if identity(folder) != identity(descriptor):
            raise FileNotFoundError
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
