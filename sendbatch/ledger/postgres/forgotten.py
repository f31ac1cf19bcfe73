"""Who was forgotten in a record in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sendbatch.ledger.forgotten import SECRET, Forgotten
from sendbatch.ledger.postgres.connecting import Cursor, Query
from sendbatch.ledger.postgres.text import told


class Asked(Protocol):
    """What answers statements."""

    def execute(self, query: Query, values: Sequence[Any] | Mapping[str, Any] | None = None) -> Cursor: ...


def known(db: Asked, record: int) -> Forgotten:
    found = db.execute(
        "SELECT value FROM sendbatch.meta WHERE record = %s AND key = %s", (record, SECRET)
    ).fetchone()
    names = db.execute("SELECT mark, name FROM sendbatch.forgotten WHERE record = %s", (record,)).fetchall()
    return Forgotten(
        bytes.fromhex(found[0]) if found is not None else b"", {mark: told(name) for mark, name in names}
    )
