"""Who was forgotten in a record in SQLite."""

from __future__ import annotations

import json
import sqlite3

from sendbatch.ledger.forgotten import SECRET, Forgotten
from sendbatch.ledger.person import Whose


def known(db: sqlite3.Connection) -> Forgotten:
    found = db.execute("SELECT value FROM meta WHERE key = ?", (SECRET,)).fetchone()
    names = dict(db.execute("SELECT mark, name FROM forgotten").fetchall())
    return Forgotten(bytes.fromhex(found[0]) if found is not None else b"", names)


def when_forgotten(db: sqlite3.Connection, whose: Whose) -> float | None:
    """When whoever has one of these keys was forgotten, if they were."""
    if not db.execute("SELECT EXISTS (SELECT 1 FROM forgotten)").fetchone()[0]:
        return None
    them = known(db)
    marks = json.dumps([them.mark_of(key) for key in whose.keys])
    found = db.execute(
        "SELECT max(at) FROM forgotten WHERE mark IN (SELECT value FROM json_each(?))", (marks,)
    ).fetchone()
    return None if found[0] is None else float(found[0])
