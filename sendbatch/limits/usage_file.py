"""usage.sqlite as a file that several runs write at once: one connection a process, kept open.

To open it for each block of a quota and keep a rollback journal cost several synchronised writes and
a file made and deleted, on the disk that the record's own commits wait for. With a write-ahead log
it is one. Where that does not hold, on a network file system, the journal stays.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from sendbatch.errors import LedgerError
from sendbatch.runtime.files import create, named_folder, refuse_linked_database
from sendbatch.runtime.mounts import network_of

ELSEWHERE = (
    "name a folder that lasts, as a container's volume does: XDG_STATE_HOME=DIR in the environment, or "
    "usage: FILE in the profile"
)
Connection: TypeAlias = sqlite3.Connection

TIMEOUT = 30.0  # seconds that one process waits for another


class UsageFile:
    """Made where there is none, readable by its owner only. Safe to use from any thread: one at a
    time has the connection. It is closed in the end by itself; `close` does so sooner."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[Connection]:
        """The connection, for one transaction; what was begun and not committed is undone. Raises
        LedgerError where the file cannot be used."""
        with self._lock:
            try:
                connection = self._current()
                try:
                    yield connection
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
            except (OSError, sqlite3.Error) as error:
                raise self.unusable(error) from None

    def close(self) -> None:
        """The next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _current(self) -> Connection:
        if self._connection is not None and not self.path.exists():
            self._connection.close()  # what would be written to it nobody else would see
            self._connection = None
        self._connection = self._connection or self._connected()
        return self._connection

    def _connected(self) -> Connection:
        refuse_linked_database(self.path)
        if not self.path.exists():
            named_folder(self.path.parent)
            with contextlib.suppress(FileExistsError):  # another run was sooner
                create(self.path, b"")
        connection = sqlite3.connect(
            self.path, isolation_level=None, timeout=TIMEOUT, check_same_thread=False
        )
        weakref.finalize(self, connection.close)
        with contextlib.suppress(
            sqlite3.OperationalError
        ):  # another run uses it as it is: so do we
            connection.execute(f"PRAGMA journal_mode={self._journal()}")
        # a crash may count too much, never too little: taken is durable before it is spent
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _journal(self) -> str:
        return "WAL" if network_of(self.path.parent) is None else "DELETE"

    def unusable(self, error: OSError | sqlite3.Error) -> LedgerError:
        words = (isinstance(error, OSError) and error.strerror) or str(error)
        return LedgerError(
            f"{self.path}: what the account has used cannot be kept here: {words}",
            hint=ELSEWHERE,
        )
