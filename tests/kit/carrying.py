"""A record of SQLite's, carried into the tables of PostgreSQL as it stands, row by row."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
from psycopg import sql

from sendbatch.ledger.postgres.text import stored, stored_cells
from sendbatch.ledger.sqlite.view import STANDING

_TABLES = {
    "meta": ("key", "value"),
    "plan": (
        "id", "inputs", "started_at", "completed_at", "columns", "recipients_digest", "content_digest",
        "counts",
    ),
    "plan_row": ("id", "plan", "row", "key", "email", "vars", "status", "why", "detail", "delivery"),
    "delivery": ("id", "key", "email", *STANDING, "vars", "gone"),
    "attempt": ("id", "delivery", "what", "at", *STANDING, "email"),
    "event": ("at", "kind", "detail"),
}  # fmt: skip


def carry(source: sqlite3.Connection, target: psycopg.Connection[Any], record: int) -> None:
    """All of `source`, which is folded, as that of `record`, which has nothing. Plans' rows stand under
    numbers that are not the plans' own."""
    for table, columns in _TABLES.items():
        named = ", ".join(f'"{column}"' for column in columns)
        for row in source.execute(f"SELECT {named} FROM {table} ORDER BY 1").fetchall():
            values = {column: _stored(column, value) for column, value in zip(columns, row, strict=True)}
            if table == "meta" and row[0] == "folded":
                continue
            if table == "plan":
                values["rows"] = _number(row[0])
            if table == "plan_row":
                values["plan"] = _number(values["plan"])
            _insert(target, table, {"record": record, **values})
    target.execute(
        "UPDATE sendbatch.record SET next_token = 1000, next_id = 1 + greatest((SELECT coalesce(max(id), 0) "
        "FROM sendbatch.plan_row WHERE record = %(record)s), (SELECT coalesce(max(id), 0) FROM "
        "sendbatch.delivery "
        "WHERE record = %(record)s)) WHERE id = %(record)s",
        {"record": record},
    )


def _number(plan: int) -> int:
    return 100 + plan


def _stored(column: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return stored_cells(value) if column in ("vars", "columns") else stored(value)


def _insert(target: psycopg.Connection[Any], table: str, values: dict[str, Any]) -> None:
    target.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier("sendbatch", table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        ),
        list(values.values()),
    )
