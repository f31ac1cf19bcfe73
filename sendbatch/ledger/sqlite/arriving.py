"""A record that comes to a folder: made under another name, read back, and given its own in one step."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from sendbatch.errors import LedgerError, shown
from sendbatch.ledger.facts import Unsound
from sendbatch.ledger.moving import ARRIVAL, MOVE, move_in
from sendbatch.ledger.portable import Row, Table, Told
from sendbatch.ledger.postgres.noted import FILE as NOTED
from sendbatch.ledger.sqlite.access import ARRIVING, FILE, LOG, SHARED, denied
from sendbatch.ledger.sqlite.holding import Hold
from sendbatch.ledger.sqlite.leaving import rows_of
from sendbatch.ledger.sqlite.merging import key_index
from sendbatch.ledger.sqlite.schema import (
    TABLES,
    VERSION,
    open_for_reading,
    open_for_writing,
    unusable,
)
from sendbatch.ledger.sqlite.soundness import hold_plans, hold_rows, hold_tables
from sendbatch.ledger.sqlite.sql import remember
from sendbatch.runtime.files import create, sync

JOURNAL = f"{ARRIVING}-journal"


class SqliteTarget:
    """Behind `moving.Target`: a folder, whose lock is in this hand."""

    def __init__(self, folder: Path, hold: Hold) -> None:
        self._folder = folder
        self._hold = hold
        self._file = folder / ARRIVING
        self._making: sqlite3.Connection | None = None

    def token(self) -> str | None:
        connection = open_for_reading(self._folder / FILE, claimed=True)
        if connection is None:
            return None
        with contextlib.closing(connection):
            found = connection.execute("SELECT value FROM meta WHERE key = ?", (ARRIVAL,)).fetchone()
            left = connection.execute("SELECT value FROM meta WHERE key = ?", (MOVE,)).fetchone()
            if left is not None and (gone := move_in(left[0])) is not None and gone.is_done:
                return None  # what a record has left here that went elsewhere, and comes back
            if found is not None:
                return str(found[0])
            return "" if connection.execute("SELECT 1 FROM plan").fetchone() else None

    def left_by(self) -> str | None:
        connection = open_for_reading(self._folder / FILE, claimed=True)
        if connection is None:
            return None
        with contextlib.closing(connection):
            found = dict(connection.execute("SELECT key, value FROM meta WHERE key IN (?, 'salt')", (MOVE,)))
        gone = move_in(found.get(MOVE))
        return found.get("salt", "") if gone is not None and gone.is_done else None

    def claim(self, token: str) -> None:
        try:
            self.give_up()
            create(self._file, b"")
            sync(self._folder)
        except OSError as error:
            raise denied(self._folder, self._file, error) from None
        self._leave_no_log()
        with self._told():
            db = self._making = sqlite3.connect(self._file, isolation_level=None)
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA fullfsync=1")
            db.executescript(f"{TABLES}PRAGMA user_version={VERSION};")
            db.execute("BEGIN")
            remember(db, ARRIVAL, token)

    def _leave_no_log(self) -> None:
        """A log that lies there belongs to the file in whose place this one will be."""
        if (self._folder / FILE).exists() and (self._folder / FILE).stat().st_size:
            open_for_writing(self._folder / FILE, claimed=True).close()
        for name in (LOG, SHARED, f"{FILE}-journal"):
            if (self._folder / name).exists():
                raise LedgerError(
                    f"{shown(self._folder / name)}: something has the record here open; nothing was moved",
                    hint="close it, and say it again",
                )

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        columns = ", ".join(f'"{name}"' for name in table.columns)
        marks = ", ".join("?" * len(table.columns))
        with self._told():
            self._made.executemany(
                f"INSERT OR REPLACE INTO {table.name} ({columns}) VALUES ({marks})", rows
            )

    @contextlib.contextmanager
    def written(self) -> Iterator[Told]:
        with self._told():
            db = self._made
            (plan,) = db.execute("SELECT max(id) FROM plan").fetchone()
            db.execute(
                f"CREATE UNIQUE INDEX {key_index(plan)} ON plan_row (key) "
                f"WHERE plan = {plan:d} AND status = 'pending'"
            )
            db.execute("COMMIT")
            self._close()
            with contextlib.closing(
                sqlite3.connect(f"{self._file.resolve().as_uri()}?mode=ro", uri=True)
            ) as again:
                hold_tables(again)
                hold_plans(again)
                hold_rows(again)
                yield _Written(again)

    def open(self) -> None:
        try:
            descriptor = os.open(self._file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._leave_no_log()
            self._hold.clear()
            self._file.rename(self._folder / FILE)
            with contextlib.suppress(FileNotFoundError):  # that it is in a database, where it was
                (self._folder / NOTED).unlink()
            sync(self._folder)
        except OSError as error:
            raise denied(self._folder, self._file, error) from None

    def give_up(self) -> None:
        self._close()
        for name in (JOURNAL, ARRIVING):  # a journal without its file is nothing, and not the other way round
            with contextlib.suppress(FileNotFoundError):
                (self._folder / name).unlink()
        sync(self._folder)

    @property
    def _made(self) -> sqlite3.Connection:
        assert self._making is not None
        return self._making

    def _close(self) -> None:
        if self._making is not None:
            self._making.close()
            self._making = None

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Raises LedgerError where the disk says no, or the rows are none of ours."""
        try:
            yield
        except Unsound as error:
            raise unusable(self._file, error) from None
        except sqlite3.Error as error:
            raise LedgerError(f"{shown(self._file)}: cannot be written: {error}; nothing was moved") from None


class _Written:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def rows(self, table: Table) -> Generator[Row]:
        return rows_of(self._db, table)
