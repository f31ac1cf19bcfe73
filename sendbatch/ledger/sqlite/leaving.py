"""The rows of a record in SQLite, in the form in which they go to another store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator

from sendbatch.ledger.portable import META, PLAN_ROW, STAYING, Row, Table
from sendbatch.ledger.sqlite.view import CURRENT


def rows_of(db: sqlite3.Connection, table: Table) -> Generator[Row]:
    """All is folded. A row of a plan that was not finished is nobody's."""
    columns = ", ".join(f'"{name}"' for name in table.columns)
    where, values = "", list[str]()
    if table is META:
        where, values = " WHERE key NOT IN (SELECT value FROM json_each(?))", [json.dumps([*STAYING])]
    elif table is PLAN_ROW:
        where = f" WHERE plan = {CURRENT}"
    order = table.by or "rowid"
    yield from db.execute(f"SELECT {columns} FROM {table.name}{where} ORDER BY {order}", values)
