"""Merging a new plan with rows that were tried: RECORD's table, as SQL.

`staged` holds the new plan, settled; `recipient` what the last one left. A row once tried belongs to
the record: a new plan refreshes it and never removes it.
"""

from __future__ import annotations

import json
import sqlite3

from sendbatch.ledger.sqlite.sql import listed
from sendbatch.ledger.states import LEFT_OUT, Event, sources

TRIED = (
    "(attempts > 0 OR was IS NOT NULL OR first_attempt_at IS NOT NULL OR "
    "status IN ('accepted', 'deferred', 'failed', 'in_doubt', 'rejected', 'sending', 'withdrawn'))"
)


def merge_staged(db: sqlite3.Connection, columns: tuple[str, ...], number: int) -> None:
    """Make the rows of `staged` those of the plan of this number, whose cells are `columns`."""
    db.execute(f"DELETE FROM recipient WHERE NOT {TRIED}")
    db.execute("UPDATE recipient SET claim = NULL")
    _match(db)
    _withdraw(db)
    _carry_over(db, columns)
    _refresh(db)
    _seat(db, number)
    _insert(db, number)


def _match(db: sqlite3.Connection) -> None:
    """Which staged row is which row of the record: the key's holder, else the first left out."""
    db.execute("CREATE INDEX temp.staged_key ON staged (key, id)")
    db.execute(
        "CREATE TEMP TABLE matched (id INTEGER PRIMARY KEY, staged INTEGER UNIQUE, readdressed INTEGER)"
    )
    left_out = listed(LEFT_OUT)
    db.execute(
        "INSERT INTO matched SELECT old.id, new.id, old.email <> new.email AND new.email <> '' "
        "FROM recipient AS old JOIN staged AS new ON new.id = coalesce("
        " (SELECT id FROM staged WHERE claim = old.key),"
        f" (SELECT min(id) FROM staged WHERE key = old.key AND status IN {left_out}))"
        " WHERE old.key <> ''"
    )


def _withdraw(db: sqlite3.Connection) -> None:
    """Tried without success, and no longer in the CSV. Accepted ones are kept, not counted."""
    db.execute(
        "UPDATE recipient SET was = coalesce(was, status), status = 'withdrawn', due_at = NULL, "
        f"reason = CASE WHEN status NOT IN {listed(LEFT_OUT)} THEN reason END "
        f"WHERE status IN {listed(sources(Event.WITHDRAW))} AND id NOT IN (SELECT id FROM matched)"
    )


def _carry_over(db: sqlite3.Connection, columns: tuple[str, ...]) -> None:
    """What a row keeps of an older plan stands in the order of this plan's columns."""

    def carried(old_columns: str, old: str, new: str) -> str:
        kept = dict(zip(json.loads(old_columns), json.loads(old), strict=True))
        cells = zip(columns, json.loads(new), strict=True)
        return json.dumps([kept.get(name, cell) for name, cell in cells], ensure_ascii=False)

    db.create_function("carried", 3, carried)
    db.execute(
        "UPDATE recipient SET vars = carried(old.columns, recipient.vars, new.vars) "
        "FROM matched JOIN staged AS new ON new.id = matched.staged, plan AS old "
        "WHERE recipient.id = matched.id AND old.id = recipient.plan AND old.columns <> ?",
        (json.dumps(columns),),
    )


def _refresh(db: sqlite3.Connection) -> None:
    """Rows that may still be sent to take what the CSV says now, the rejected for a person may ask for
    it. Whoever was sent the message, or may have been, is left as they were."""
    db.execute(
        "UPDATE recipient SET email = new.email, vars = new.vars, reason = NULL, due_at = NULL, "
        "was = iif(recipient.was = 'in_doubt', recipient.was, NULL), "
        "status = 'pending', code = NULL, enhanced_code = NULL, reply = NULL, "
        "content = NULL, dated_at = NULL, finished_at = NULL "
        "FROM matched JOIN staged AS new ON new.id = matched.staged "
        "WHERE recipient.id = matched.id AND readdressed AND new.claim IS NOT NULL "
        f"AND recipient.status IN {listed(sources(Event.READDRESS))}"
    )
    db.execute(
        "UPDATE recipient SET status = coalesce(recipient.was, recipient.status), was = NULL, "
        "vars = new.vars, reason = CASE recipient.status WHEN 'withdrawn' THEN recipient.reason END "
        "FROM matched JOIN staged AS new ON new.id = matched.staged "
        "WHERE recipient.id = matched.id AND new.claim IS NOT NULL "
        f"AND recipient.status IN {listed(sources(Event.RETURN))}"
    )
    db.execute(
        "UPDATE recipient SET was = coalesce(recipient.was, recipient.status), status = new.status, "
        "reason = new.reason FROM matched JOIN staged AS new ON new.id = matched.staged "
        "WHERE recipient.id = matched.id AND new.claim IS NULL "
        f"AND recipient.status IN {listed(sources(Event.EXCLUDE))}"
    )
    db.execute(
        "UPDATE recipient SET vars = new.vars "
        "FROM matched JOIN staged AS new ON new.id = matched.staged "
        "WHERE recipient.id = matched.id "
        "AND recipient.status IN ('pending', 'deferred', 'failed', 'rejected')"
    )


def _seat(db: sqlite3.Connection, number: int) -> None:
    """Every matched row stands at its new line of the new plan."""
    db.execute(
        'UPDATE recipient SET plan = ?, "row" = new."row", claim = new.claim '
        "FROM matched JOIN staged AS new ON new.id = matched.staged "
        "WHERE recipient.id = matched.id",
        (number,),
    )


def _insert(db: sqlite3.Connection, number: int) -> None:
    db.execute(
        'INSERT INTO recipient (plan, "row", key, claim, email, vars, status, reason) '
        'SELECT ?, "row", key, claim, email, vars, status, reason FROM staged '
        "WHERE id NOT IN (SELECT staged FROM matched) ORDER BY id",
        (number,),
    )
