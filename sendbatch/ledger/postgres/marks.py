"""How far a record was when a disk has last seen it (`noted`): a line of meta for each disk, with a number
that only grows. A record that moves takes them along."""

from __future__ import annotations

from typing import Final

from sendbatch.ledger.postgres.connecting import Cursor, one
from sendbatch.ledger.postgres.text import told

_KEY: Final = "seen "  # and the name of the mark


def raised(cursor: Cursor, record: int, name: str) -> int:
    """In a transaction: what it is from now on."""
    return int(
        one(
            cursor,
            "INSERT INTO sendbatch.meta AS m (record, key, value) VALUES (%s, %s, '1') "
            "ON CONFLICT (record, key) DO UPDATE SET value = (m.value::bigint + 1)::text RETURNING value",
            (record, _KEY + name),
        )
    )


def mark(cursor: Cursor, record: int, name: str) -> int:
    """0 where the record knows of none, or what it has is none."""
    found = one(
        cursor, "SELECT value FROM sendbatch.meta WHERE record = %s AND key = %s", (record, _KEY + name)
    )
    number = told(found) if found is not None else ""
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 15 else 0
