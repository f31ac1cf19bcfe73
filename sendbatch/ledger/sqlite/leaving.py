"""The rows of a record in SQLite, in the form in which they go to another store; and where it went."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Generator
from pathlib import Path

from sendbatch.errors import SendbatchError
from sendbatch.ledger.moving import ARRIVAL, MOVE, Move, move_in
from sendbatch.ledger.portable import META, PLAN_ROW, STAYING, Row, Table
from sendbatch.ledger.sqlite.access import FILE
from sendbatch.ledger.sqlite.schema import open_for_reading
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


def moves_in(folder: Path) -> tuple[Move | None, str]:
    """By which move the record here goes elsewhere, or has gone, and the token of the one by which it came;
    nothing where it cannot be read."""
    with contextlib.suppress(SendbatchError, sqlite3.Error):
        connection = open_for_reading(folder / FILE, claimed=True)
        if connection is not None:
            with contextlib.closing(connection):
                found = dict(
                    connection.execute("SELECT key, value FROM meta WHERE key IN (?, ?)", (MOVE, ARRIVAL))
                )
            return move_in(found.get(MOVE)), found.get(ARRIVAL, "")
    return None, ""
