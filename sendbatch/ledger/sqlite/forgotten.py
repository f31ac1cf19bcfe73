"""Who was forgotten in a record: known by the hash of their key, and by nothing else.

The hash is an HMAC under a random secret of the record. Who has the record can try guesses by it, and cannot
read it back. Rows of a later plan are blanked before they are written: their bytes never reach the file.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Iterable, Iterator

from sendbatch.ledger.person import Whose
from sendbatch.values import Status, Why

SECRET = "forgetting"  # noqa: S105 - the name of its line in meta


class Forgotten:
    """Those of one record, by their keys."""

    def __init__(self, db: sqlite3.Connection) -> None:
        found = db.execute("SELECT value FROM meta WHERE key = ?", (SECRET,)).fetchone()
        self._secret = bytes.fromhex(found[0]) if found is not None else b""
        self._names = dict(db.execute("SELECT mark, name FROM forgotten").fetchall())

    def __bool__(self) -> bool:
        return bool(self._names)

    def mark_of(self, key: str) -> str:
        told = b"sendbatch forgotten\0" + key.encode(errors="surrogatepass")
        return hmac.digest(self._secret, told, "sha256").hex()[:32]

    def name_of(self, key: str) -> str | None:
        """The key that they have since; None for all others."""
        return self._names.get(self.mark_of(key))

    def blanked(self, rows: Iterable[tuple[object, ...]], columns: int) -> Iterator[tuple[object, ...]]:
        """Rows as `Staging.add` takes them, with nothing of whoever is forgotten."""
        for row in rows:
            name = self.name_of(str(row[1]))
            yield row if name is None else (row[0], name, "", *blank(columns))


def blank(columns: int) -> tuple[str, str, str, None]:
    """Cells, status, why and detail of who was forgotten."""
    return json.dumps([""] * columns), Status.SUPPRESSED.value, Why.FORGOTTEN.value, None


def when_forgotten(db: sqlite3.Connection, whose: Whose) -> float | None:
    """When whoever has one of these keys was forgotten, if they were."""
    if not db.execute("SELECT EXISTS (SELECT 1 FROM forgotten)").fetchone()[0]:
        return None
    known = Forgotten(db)
    marks = json.dumps([known.mark_of(key) for key in whose.keys])
    found = db.execute(
        "SELECT max(at) FROM forgotten WHERE mark IN (SELECT value FROM json_each(?))", (marks,)
    ).fetchone()
    return None if found[0] is None else float(found[0])
