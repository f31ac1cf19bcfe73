"""The tables of ledger.sqlite, and how the file is opened so that a power cut loses nothing.

WAL with `synchronous=FULL`: one synchronised write a commit, readers never wait for the writer.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sendbatch.errors import LedgerError, LockedError, shown
from sendbatch.ledger.facts import Unsound
from sendbatch.ledger.sqlite import version_1
from sendbatch.ledger.sqlite.access import hold_readable, hold_writable, refuse_arriving
from sendbatch.ledger.sqlite.holding import being_written
from sendbatch.ledger.sqlite.scratch import has_no_room, no_room, sort_in_memory_if_need_be
from sendbatch.ledger.sqlite.soundness import OURS, hold_plans, hold_tables
from sendbatch.ledger.sqlite.sql import Connection, is_busy, is_full
from sendbatch.runtime.files import Linked, create, refuse_linked_database
from sendbatch.runtime.mounts import TABLE as MOUNTS
from sendbatch.runtime.mounts import network_of

VERSION = 4
WITHOUT_FORGOTTEN = 3  # the one before: nobody could be forgotten
WITHOUT_ATTEMPTS = 2  # and before that: what was brought stood in the deliveries at once
MOST_IN_MEMORY = 65_536  # pages of 4 KiB, of a copy for which there is no disk
PATIENCE = 10.0  # seconds that one process waits for another to write

# What was appended and is not folded yet, or is kept as somebody's story (`folding`): what happened (an event
# of `states`), when, and where it left the delivery; `attempts` are those that had ended by then, `email` is
# where it was tried, if that is another by now.
ATTEMPT = """
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, what TEXT NOT NULL, at REAL, status TEXT NOT NULL,
    was TEXT, attempts INTEGER NOT NULL, due_at REAL, code INTEGER, enhanced_code TEXT, reply TEXT, why TEXT,
    detail TEXT, content TEXT, dated_at REAL, first_attempt_at REAL, finished_at REAL, email TEXT
)""".strip()
# Who was forgotten: the hash of a key that was theirs, and what stands in its place (`forgetting`).
FORGOTTEN = """
CREATE TABLE forgotten (mark TEXT PRIMARY KEY, name TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID""".strip()
# `recipient` is empty: only by a table of this name does version 1 see that a record is of a newer version.
# Without it, it tells people to put a backup in its place, which would mail again whoever that does not know.
TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE plan (
    id INTEGER PRIMARY KEY, inputs TEXT NOT NULL, started_at REAL NOT NULL, completed_at REAL,
    columns TEXT NOT NULL, recipients_digest TEXT NOT NULL, content_digest TEXT NOT NULL,
    counts TEXT NOT NULL
);
CREATE TABLE plan_row (
    id INTEGER PRIMARY KEY, plan INTEGER NOT NULL, "row" INTEGER NOT NULL, key TEXT NOT NULL,
    email TEXT NOT NULL, vars TEXT NOT NULL, status TEXT NOT NULL, why TEXT, detail TEXT, delivery INTEGER
);
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, email TEXT NOT NULL, status TEXT NOT NULL, was TEXT,
    attempts INTEGER NOT NULL, due_at REAL, code INTEGER, enhanced_code TEXT, reply TEXT, why TEXT,
    detail TEXT, content TEXT, vars TEXT, dated_at REAL, first_attempt_at REAL, finished_at REAL,
    gone INTEGER
);
INSERT OR REPLACE INTO meta VALUES ('folded', '0');
CREATE TABLE event (at REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE recipient (id INTEGER PRIMARY KEY);
{ATTEMPT};
{FORGOTTEN};
CREATE INDEX plan_row_delivery ON plan_row (delivery) WHERE delivery IS NOT NULL;
CREATE INDEX delivery_due ON delivery (due_at) WHERE status = 'deferred';
CREATE INDEX delivery_sending ON delivery (id) WHERE status = 'sending';
CREATE INDEX delivery_gone ON delivery (gone) WHERE gone IS NOT NULL;
"""


def open_for_writing(path: Path, *, claimed: bool = False) -> Connection:
    """The one writing connection; makes the file and its tables where there are none. `claimed` as below.

    Raises LedgerError.
    """
    refuse_network(path.parent)
    _refuse_links(path)
    if not claimed:
        refuse_arriving(path.parent)
    hold_writable(path.parent)
    _refuse_log_alone(path)
    try:
        if not path.exists():
            create(path, b"")
        connection = _connect(path)
    except (OSError, sqlite3.Error) as error:
        raise LedgerError(f"{shown(path)}: the record cannot be opened: {_words(error)}") from None
    with _closed_if_unusable(connection, path):
        connection.execute(f"PRAGMA busy_timeout={PATIENCE * 1000:.0f}")
        sort_in_memory_if_need_be(connection)
        _check_version(connection, path)  # a foreign file stays as it is
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # macOS: fsync alone leaves it in the drive's cache
        connection.execute("PRAGMA fullfsync=1")
        _keep_as_it_was(connection, path)
        _prepare(connection)
    return connection


def _keep_as_it_was(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) != version_1.VERSION:
        return
    try:
        version_1.keep_copy(connection, path)
    except (OSError, sqlite3.Error) as error:
        raise LedgerError(
            f"{shown(path)}: this record is of an earlier version, and no copy of it can be kept before "
            f"it is taken over: {_words(error)}; nothing was changed",
            hint="make room for one beside it",
        ) from None


def is_of_earlier_version(path: Path) -> bool:
    """Whether the record there is yet to be taken over. Raises LedgerError."""
    connection = open_for_reading(path)
    if connection is None:
        return False
    with contextlib.closing(connection):
        return is_earlier(connection)


def is_earlier(connection: sqlite3.Connection) -> bool:
    """Whether a record that is open for reading is yet to be taken over."""
    return _version(connection) < VERSION


def open_for_reading(path: Path, *, claimed: bool = False) -> Connection | None:
    """A connection that changes nothing but its own temporary tables, and sees the record as it is now for as
    long as it is open; None where there is no record yet, for want of a file or as a run was killed while
    it made one; `claimed`: also where another is on its way here. Raises LedgerError."""
    _refuse_links(path)
    if not claimed:
        refuse_arriving(path.parent)
    is_there = hold_readable(path.parent)
    _refuse_log_alone(path)
    if not is_there:
        return None
    _undo_half_a_page(path)
    connection = _connected(path, "ro&immutable=1" if _is_still(path) else "ro")
    with _closed_if_unusable(connection, path):
        connection.execute("BEGIN")
        if _check_version(connection, path):
            return connection
    connection.close()
    return None


def _connect(database: str | Path, *, uri: bool = False) -> Connection:
    return sqlite3.connect(
        database, uri=uri, isolation_level=None, check_same_thread=False, factory=Connection
    )


def _connected(path: Path, mode: str) -> Connection:
    try:
        connection = _connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)
    except sqlite3.Error as error:
        raise unusable(path, error) from None
    connection.execute(f"PRAGMA busy_timeout={PATIENCE * 1000:.0f}")
    sort_in_memory_if_need_be(connection)
    return connection


def _undo_half_a_page(path: Path) -> None:
    """The first page is written by way of a journal. One that a killed run left must be undone before
    the file can be read, and only who may write can do so."""
    if not _size(path.with_name(f"{path.name}-journal")) or not os.access(path.parent, os.W_OK):
        return
    connection = _connected(path, "rw")
    with _closed_if_unusable(connection, path):
        _version(connection)
    connection.close()


def _refuse_log_alone(path: Path) -> None:
    """SQLite would remove the log of a file that is empty, and with it what stands only there."""
    log = path.with_name(f"{path.name}-wal")
    if not _size(path) and _size(log):
        raise LedgerError(
            f"{shown(path)}: the record is {'empty' if path.exists() else 'missing'}, and {log.name} beside "
            "it is not; nothing was sent. Restore both from a backup: starting without them would mail "
            "everyone again",
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _refuse_links(path: Path) -> None:
    try:
        refuse_linked_database(path)
    except Linked as linked:
        raise LedgerError(
            f"{shown(Path(linked.filename))}: a symbolic link stands where the record belongs, and nothing "
            "is written through one",
            hint="if you put it there yourself, put the file that it leads to in its place, with all that "
            "stands beside it, for that is the record; one that came with a repository can be removed",
        ) from None


def _is_still(path: Path) -> bool:
    """Whether nobody can write here, and nothing is left to be merged: else WAL needs to. Raises
    LedgerError where what is left cannot be read for that."""
    log = path.with_name(path.name + "-wal")
    if os.access(path.parent, os.W_OK):
        return False
    if not _size(log):
        return True
    if not path.with_name(path.name + "-shm").exists():
        raise LedgerError(
            f"{shown(path)}: a run that was cut off left a log beside it, which cannot be read where the "
            "folder cannot be written",
            hint=f"copy the folder, with {log.name}, to where it can be, and name that: --record DIR",
        )
    return False


def open_copy(path: Path, scratch: Path | None) -> Connection:
    """A copy of the record in the folder `scratch`, or in memory; an empty one where there is no record.

    For plans that are only looked at: made by the same statements as one that is sent, and gone
    with the folder. Raises LedgerError.
    """
    source = open_for_reading(path)
    target = scratch / "ledger.sqlite" if scratch is not None else ":memory:"
    try:
        if isinstance(target, Path):
            create(target, b"")
        connection = _connect(target)
        with _closed_if_unusable(connection, path, is_copy=True):
            connection.execute("PRAGMA synchronous=OFF")
            sort_in_memory_if_need_be(connection)
            if scratch is None:
                connection.execute(f"PRAGMA max_page_count={MOST_IN_MEMORY}")
            if source is not None:
                source.backup(connection)
            _prepare(connection)
    except OSError as error:
        raise no_room(error.strerror or str(error)) from None
    finally:
        if source is not None:
            source.close()
    return connection


@contextlib.contextmanager
def _closed_if_unusable(
    connection: sqlite3.Connection, path: Path, *, is_copy: bool = False
) -> Iterator[None]:
    """Raises LedgerError, the connection closed, where the file is no record of ours, or there is no
    room for a copy of it."""
    try:
        yield
    except (sqlite3.Error, Unsound) as error:
        connection.close()
        raise (
            no_room(str(error)) if is_copy and has_no_room(error) else unusable(path, error)
        ) from None
    except LedgerError:
        connection.close()
        raise


def _prepare(connection: sqlite3.Connection) -> None:
    version = _version(connection)
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE;{TABLES}PRAGMA user_version={VERSION};COMMIT;")
    elif version == version_1.VERSION:
        version_1.take_over(connection, TABLES, VERSION)
    elif version in (WITHOUT_ATTEMPTS, WITHOUT_FORGOTTEN):
        attempts = f"{ATTEMPT};INSERT OR REPLACE INTO meta VALUES ('folded', '0');"
        connection.executescript(
            f"BEGIN IMMEDIATE;{attempts if version == WITHOUT_ATTEMPTS else ''}{FORGOTTEN};"
            f"PRAGMA user_version={VERSION};COMMIT;"
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


_OURS = {
    VERSION: OURS,
    WITHOUT_FORGOTTEN: {table: OURS[table] for table in OURS if table != "forgotten"},
    WITHOUT_ATTEMPTS: {table: OURS[table] for table in OURS if table not in ("attempt", "forgotten")},
    version_1.VERSION: version_1.OURS,
}


def _check_version(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether it is a record, False for a file with nothing in it. Raises LedgerError."""
    version = _version(connection)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    ours = _OURS.get(version, {})
    if ours and tables >= ours.keys():
        connection.execute("PRAGMA trusted_schema=OFF")
        for table in ours:
            connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # can it be read at all?
        hold_tables(connection, ours)
        hold_plans(connection)
        return True
    if version == 0 and not tables:
        return False
    if version > VERSION and {"meta", "plan"} <= tables:
        raise LedgerError(
            f"{shown(path)}: this record was written by a newer sendbatch "
            f"(its format is {version}, this one reads {VERSION})",
            hint="upgrade sendbatch: pip install -U sendbatch",
        )
    raise LedgerError(
        f"{shown(path)}: this is no record of sendbatch",
        hint="restore it from a backup; only if there never was a record here, move the file away: a new "
        "one knows nobody, and mails everyone",
    )


def unusable(path: Path, error: sqlite3.Error | Unsound) -> LedgerError | LockedError:
    """What a person is told where the file cannot be used."""
    if isinstance(error, Unsound):
        why = f"it holds what sendbatch does not write ({error})"
    elif is_busy(error):
        return being_written(path)
    elif is_full(error):
        return full(path)
    else:
        why = f"{_words(error)}; nothing was sent"
    return LedgerError(
        f"{shown(path)}: the record cannot be read: {why}. Restore the file from a backup: starting without "
        "it would mail everyone again",
    )


def full(path: Path) -> LedgerError:
    """What is said where the record is whole, and its disk has no room."""
    return LedgerError(
        f"{shown(path)}: the disk that the record is on is full; nothing was sent, and the record is "
        "as it was",
        hint="make room there, and say it again: the record is whole, and an older copy of it would mail "
        "again whom it does not know",
    )


def _words(error: OSError | sqlite3.Error) -> str:
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error)


def refuse_network(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raises LedgerError where `folder` is on a network file system: WAL does not hold there."""
    if (kind := network_of(folder, mounts)) is not None:
        raise LedgerError(
            f"{folder}: the record would be on a network file system ({kind}), where a crash could "
            "lose it",
            hint="put it on a local disk: --record DIR   (a record that is here already must be moved "
            "there: a new one knows nobody, and mails them again)",
        )
