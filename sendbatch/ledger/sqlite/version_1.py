"""Records of version 1, taken over: there, a row and what had become of it were one.

What was tried becomes a delivery, under its id; what the last plan says becomes a row of it. All of it is one
transaction, before which a copy of the file is kept; a record that is only read is taken over in a copy. What
version 1 said in sentences is a code and a detail from then on.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.reasons_of_1 import coded
from sendbatch.ledger.sqlite.merging import key_index
from sendbatch.ledger.sqlite.soundness import OURS as OURS_NOW
from sendbatch.ledger.sqlite.soundness import hold_rows
from sendbatch.ledger.states import LEFT_OUT
from sendbatch.runtime.files import create, sync
from sendbatch.values import Status

VERSION = 1
KEPT = ".version-1"  # behind the name of the file
_COLUMNS = (
    "id plan row key claim email vars status was attempts due_at code enhanced_code reply reason content "
    "dated_at first_attempt_at finished_at"
)
OURS = {table: OURS_NOW[table] for table in ("meta", "plan", "event")} | {
    "recipient": frozenset(_COLUMNS.split())
}
_KEPT_TABLES = OURS.keys() & OURS_NOW.keys()
_OUT = listed((*LEFT_OUT, Status.WITHDRAWN))  # over a status that stands behind it
_PLANNED = listed((*LEFT_OUT, Status.DUPLICATE))
_TRIED = (
    "(attempts > 0 OR was IS NOT NULL OR first_attempt_at IS NOT NULL OR content IS NOT NULL OR "
    "status IN ('accepted', 'deferred', 'failed', 'in_doubt', 'rejected', 'sending', 'withdrawn'))"
)


def keep_copy(db: sqlite3.Connection, path: Path) -> None:
    """Beside the record, whole and durable. Raises OSError, sqlite3.Error."""
    kept = path.with_name(path.name + KEPT)
    making = path.with_name(f"{path.name}{KEPT}.making")
    with contextlib.suppress(FileNotFoundError):
        making.unlink()
    create(making, b"")
    with contextlib.closing(sqlite3.connect(making, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous=FULL")
        db.backup(copy)
    descriptor = os.open(making, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    making.rename(kept)
    sync(path.parent)


def take_over(db: sqlite3.Connection, tables: str, version: int) -> None:
    """Make of a record of version 1 one of `version`, whose `tables` are made here, or leave it as it is.

    Raises Unsound where it holds what version 1 did not write, sqlite3.Error.
    """
    db.create_function("coded", 4, _coded, deterministic=True)
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM plan").fetchone()
    (base,) = db.execute("SELECT coalesce(max(id), 0) FROM recipient").fetchone()
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("ALTER TABLE recipient RENAME TO recipient_of_1")
        for statement in filter(str.strip, tables.split(";")):
            if not any(f"CREATE TABLE {table} (" in statement for table in _KEPT_TABLES):
                db.execute(statement)
        db.execute(_DELIVERIES, (last,))
        db.execute(_ROWS, (base, last))
        db.execute("DROP TABLE recipient_of_1")
        hold_rows(db)
        db.execute(
            f"CREATE UNIQUE INDEX {key_index(last)} ON plan_row (key) "
            f"WHERE plan = {last:d} AND status = 'pending'"
        )
        db.execute(f"PRAGMA user_version={version:d}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _reason(when: str) -> str:
    """Code and detail of the reason, under a condition."""
    said = 'reason, "row", code'
    return ", ".join(
        f"CASE WHEN {when} THEN coded({part}, {said}) END" for part in ("0", "1")
    )


_DELIVERIES = (
    "INSERT INTO delivery (id, key, email, status, was, attempts, due_at, code, enhanced_code, reply, why, "
    "detail, content, vars, dated_at, first_attempt_at, finished_at, gone) SELECT id, key, email, "
    f"iif(status IN {_OUT}, coalesce(was, 'pending'), status), iif(status IN {_OUT}, NULL, was), attempts, "
    f"due_at, code, enhanced_code, reply, {_reason(f'status NOT IN {_PLANNED}')}, content, "
    "iif('in_doubt' IN (status, was), vars, NULL), dated_at, first_attempt_at, finished_at, "
    f'iif(plan = ?1, NULL, "row") FROM recipient_of_1 WHERE {_TRIED}'
)
# Where the message was sent, version 1 did not say any more why a plan left the row out.
_ROWS = (
    'INSERT INTO plan_row (id, plan, "row", key, email, vars, status, why, detail, delivery) '
    'SELECT ?1 + "row", plan, "row", key, email, vars, CASE WHEN claim IS NOT NULL THEN \'pending\' '
    f"WHEN status IN {_PLANNED} THEN status ELSE 'filtered' END, "
    f"{_reason(f'status IN {_PLANNED}')}, iif({_TRIED}, id, NULL) "
    'FROM recipient_of_1 WHERE plan = ?2 ORDER BY "row"'
)


def _coded(part: int, reason: str | None, row: int, code: int | None) -> str | None:
    return None if reason is None else coded(reason, row, code)[part]
