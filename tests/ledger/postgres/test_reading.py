"""PostgreSQL tells of the same rows what SQLite tells: whatever stands in them, and however few are read at
once."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.ledger.postgres import parts, people
from sendbatch.ledger.postgres.reading import PostgresReading
from sendbatch.ledger.postgres.text import stored, stored_cells
from sendbatch.ledger.postgres.view import ALL_HELD
from sendbatch.ledger.sqlite.reading import SqliteReading
from sendbatch.ledger.sqlite.schema import TABLES
from sendbatch.ledger.sqlite.soundness import PLANNED as PLANS
from sendbatch.ledger.sqlite.soundness import TRIED
from sendbatch.ledger.sqlite.sql import Connection
from sendbatch.values import Status, Why
from tests.kit.thoroughness import examples

RECORD = 1
TEXTS = (
    "ann@example.com", "Ann@Example.com", "ÄLTER@example.com", '"x@y"@example.org', '"quoted"', "no at sign",
    "", "\1", "\1\2", "tab\there", "yes", " Yes\u00a0", "\U0001f4ef", "\uffee", "\\u0000", "a 7 b", "a 19 b",
)  # fmt: skip
texts = st.sampled_from(TEXTS)
maybe = st.none() | texts
times = st.none() | st.sampled_from((0.0, 1.04, 20.96, 21.0, 1e9 + 1 / 3))
whys = st.none() | st.sampled_from(("accepted", "by-hand", "crashed", *map(str, Why)))
statuses = st.sampled_from(sorted(map(str, TRIED)))
PLANNED = ("pending", "pending", *map(str, PLANS))
ATTEMPTED = ("defer", "reject", "doubt", "crash", "accept")
standing = st.fixed_dictionaries(
    {
        "status": statuses, "was": st.none() | statuses, "attempts": st.integers(0, 2), "due_at": times,
        "code": st.sampled_from((None, 250, 451, 550)), "enhanced_code": maybe, "reply": maybe, "why": whys,
        "detail": maybe, "content": st.sampled_from((None, "one", "two")), "dated_at": times,
        "first_attempt_at": times, "finished_at": times,
    }
)  # fmt: skip
Values = dict[str, Any]


@st.composite
def records(draw: st.DrawFn) -> dict[str, list[Values]]:
    """Rows for all tables, as a store may leave them: each delivery is one row's, or gone."""
    lines = sorted(draw(st.sets(st.integers(2, 12), max_size=7)))
    rows, deliveries = [], []
    older = iter(range(1, 50))

    def delivery(id_: int, **more: object) -> None:
        made = {"id": id_, "key": draw(texts), "email": draw(texts), "vars": None, "gone": None}
        stands = draw(standing)
        if stands["status"] == "accepted" and stands["finished_at"] is None:
            stands["finished_at"] = 30.0
        deliveries.append(made | stands | more)

    for line in lines:
        cells = json.dumps([draw(texts), draw(texts)], ensure_ascii=False)
        pointed = draw(st.sampled_from(("nobody", "its own", "older")))
        one = {
            "id": 100 + line, "plan": 2, "row": line, "key": draw(texts), "email": draw(texts), "vars": cells,
            "status": draw(st.sampled_from(PLANNED)), "why": draw(whys), "detail": draw(maybe),
            "delivery": None,
        }  # fmt: skip
        if pointed == "its own" and one["status"] == "pending":
            delivery(100 + line)
        elif pointed == "older":
            one["delivery"] = (id_ := next(older))
            delivery(id_)
        rows.append(one)
    for line in draw(st.lists(st.integers(1, 12), max_size=4)):
        delivery(next(older), gone=line)
    left = {"id": 200, "plan": 1, "row": 5, "key": "left", "email": "", "vars": "[]", "status": "pending"}
    ids = [one["id"] for one in deliveries]
    attempts = [
        {"id": number, "delivery": draw(st.sampled_from(ids)), "at": at}
        | {"what": draw(st.sampled_from(ATTEMPTED))}
        | draw(standing)
        for number, at in enumerate(draw(st.lists(st.sampled_from((1.0, 20.05)), max_size=3)), 1)
        if ids
    ]
    events = [
        {"at": draw(st.sampled_from((0.5, 21.0))), "kind": "server", "detail": draw(texts)}
        for _ in range(draw(st.integers(0, 3)))
    ]
    meta = {draw(st.sampled_from(("who", "subjects of one", "subjects of \1"))): draw(texts)}
    return {
        "plan_row": [*rows, *([left] if draw(st.booleans()) else [])],
        "delivery": deliveries,
        "attempt": attempts,
        "event": events,
        "meta": [{"key": key, "value": value} for key, value in meta.items()],
        "plan": [
            {
                "id": id_, "inputs": "inputs", "started_at": 1.0, "completed_at": 2.0, "counts": "{}",
                "columns": json.dumps(["email", "name \1"]), "recipients_digest": "", "content_digest": "",
            }
            for id_ in draw(st.sampled_from(((1, 2), ())))
        ],
    }  # fmt: skip


def in_sqlite(record: dict[str, list[Values]]) -> Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, factory=Connection)
    db.executescript(TABLES)
    db.execute("UPDATE meta SET value = '1000' WHERE key = 'folded'")
    for table, rows in record.items():
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            db.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", [*row.values()])
    return db


def in_postgres(db: psycopg.Connection[Any], record: dict[str, list[Values]]) -> None:
    db.execute("BEGIN")
    db.execute("DELETE FROM sendbatch.record")
    for table in ("plan_row", "delivery", "attempt"):
        db.execute(f"DELETE FROM sendbatch.{table}")
    db.execute(
        "INSERT INTO sendbatch.record (id, project, name, edition, profile, made_at) OVERRIDING SYSTEM VALUE "
        "SELECT n, 'p', n::text, '', '', 1 FROM generate_series(1, 2) AS n"
    )
    for table, rows in record.items():
        for row in rows:
            values = {name: kept(name, value) for name, value in row.items()} | {"record": RECORD}
            if table == "plan":
                values["rows"] = values["id"]
            names = ", ".join(f'"{name}"' for name in values)
            marks = ", ".join(["%s"] * len(values))
            db.execute(f"INSERT INTO sendbatch.{table} ({names}) VALUES ({marks})", [*values.values()])
    db.execute("COMMIT")


def kept(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return stored_cells(value) if name in ("vars", "columns") else stored(value)


def told(reading: SqliteReading | PostgresReading) -> dict[str, Any]:
    planned = reading.plan() is not None
    some = (Status.ACCEPTED, Status.DEFERRED, Status.IN_DOUBT, Status.PENDING, Status.WITHDRAWN)
    return {
        "plan": reading.plan(),
        "entries": list(reading.entries(all_rows=True)),
        "entries of the plan": list(reading.entries()),
        "some": list(reading.entries(some, all_rows=True)),
        "nobody": [*reading.entries(()), *reading.report_rows((), all_rows=True)],
        "told": list(reading.report_rows()),
        "with cells": list(reading.rows_with_cells()),
        "holders": list(reading.holders()),
        "census": reading.census(),
        "totals": (reading.totals(), reading.departed()),
        "tried": (reading.has_tried(), sorted(reading.tried_cells(99), key=repr)),
        "tried with": sorted(reading.tried_with(["one", "\1"])),
        "of before": sorted(reading.tried_keys_of_before()),
        "span": (reading.span(), reading.latest()),
        "replies": sorted(reading.replies(), key=repr),
        "held": sorted(reading.held(), key=repr),
        "contents": sorted(reading.contents()),
        "answers": reading.answers(tuple(Status), 9),
        "figures": reading.figures(),
        "servers": (reading.servers(), reading.accepted_since(20.96)),
        "events": reading.events(2),
        "addresses": list(reading.addresses()),
        "shared": (reading.shared_addresses(9), reading.shared_addresses(1)[0]),
        "meta": (reading.meta("who"), reading.subjects(), reading.domain_of("one")),
        "named": [reading.named((text, "\1")) for text in TEXTS[:4]],
        "unlike": list(reading.unlike_their_key()),
        "without mail": reading.domains_without_mail(),
        "says": [reading.saying(name, ("yes", "\1", "")) for name in ("email", "name \1") if planned],
        "empty": reading.empty(("email", "name \1")) if planned else {},
        "usual": [reading.usual(name, 9) for name in ("email", "name \1") if planned],
    }


@pytest.mark.parametrize("at_rest", [False, True])
@settings(max_examples=examples(32))
@given(record=records(), few=st.integers(1, 3))
def test_what_is_told_of_a_record_is_what_sqlite_tells(
    tables: psycopg.Connection[Any], at_rest: bool, record: dict[str, list[Values]], few: int
) -> None:
    in_postgres(tables, record)
    with closing(in_sqlite(record)) as db, pytest.MonkeyPatch.context() as patch:
        for module, name in ((parts, "FEW"), (parts, "MANY"), (people, "FEW")):
            patch.setattr(module, name, few)
        patch.setattr(parts, "MOST_BYTES", 40 * few)
        theirs = PostgresReading(tables, RECORD, unheld=ALL_HELD if at_rest else None)
        assert told(theirs) == told(SqliteReading(db, at_rest=at_rest))
