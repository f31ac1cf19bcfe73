"""Who asks to be deleted is forgotten: what a record has of them is blanked, and a hash of their key stays,
by which a later plan knows them, and leaves them out.

What became of their message stays, under a made-up key, with its code and its times: the sums of a record
are right afterwards, and whoever has the mail is not mailed again (`forgotten`). What reached the file before
is overwritten, and the file is written anew without what was left in it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from sendbatch.ledger.conditions import happens, leads_to
from sendbatch.ledger.forgotten import SECRET, blank
from sendbatch.ledger.letters import LETTER
from sendbatch.ledger.person import FORGOTTEN, Blanked, Names, Whose, Words
from sendbatch.ledger.reach import REACH
from sendbatch.ledger.sqlite.folding import fold
from sendbatch.ledger.sqlite.forgotten import known
from sendbatch.ledger.sqlite.sql import note, remember
from sendbatch.ledger.sqlite.stories import found_in, names_of, others_in, prepare
from sendbatch.ledger.states import Event
from sendbatch.values import Why

FORGET = "forgotten"  # the kind of the event
# Lines of meta that are no words about people: most are compared with what stands in a campaign's files.
_KEPT = frozenset({
    SECRET, REACH, "name", "run", "project", "path", "key", "key column", "content", "server", "salt", "from",
    "signed by", "holder", "holder before", "folded",
})  # fmt: skip
_TEXTS = (
    ("delivery", "id", "reply"), ("delivery", "id", "detail"), ("attempt", "id", "reply"),
    ("attempt", "id", "detail"), ("plan_row", "id", "detail"), ("event", "rowid", "detail"),
)  # fmt: skip
# A reason's words of these may be what a cell said, by name or not.
_QUOTING = f"('{Why.UNBUILDABLE}', '{Why.ADDRESS}', '{Why.OTHER}', '{Why.RAGGED}', '{Why.BY_HAND}')"


def forget(db: sqlite3.Connection, whose: Whose, words: Words, at: float) -> Blanked:
    """Blank one person, in the transaction that is open."""
    fold(db)
    prepare(db, whose)
    rows, deliveries = found_in(db)
    names = names_of(db, whose, rows, deliveries)
    others = others_in(db, names, rows)
    attempts = _blank_attempts(db, deliveries)
    _rename(db, rows, deliveries, words.spelled, at)
    done = Blanked(len({*rows, *deliveries}), attempts, _scrub(db, names, words), others)
    if done:
        note(db, FORGET, "one person was forgotten, by a person's word", at)
    return done


def _rename(
    db: sqlite3.Connection,
    rows: list[int],
    deliveries: list[int],
    spelled: Callable[[str], Collection[str]],
    at: float,
) -> None:
    """Whoever has a key is known by its hash from now on; of who has none, there is nothing to be known."""
    if db.execute("SELECT 1 FROM meta WHERE key = ?", (SECRET,)).fetchone() is None:
        remember(db, SECRET, secrets.token_hex(32))
    them = known(db)
    for table, ids in (("plan_row", rows), ("delivery", deliveries)):
        found = db.execute(
            f"SELECT id, key FROM {table} WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)
        ).fetchall()
        for id_, key in found:
            name = key
            if key and not key.startswith(FORGOTTEN):
                name = f"{FORGOTTEN}{them.mark_of(key)}"
                db.executemany(
                    "INSERT OR IGNORE INTO forgotten VALUES (?, ?, ?)",
                    [(them.mark_of(one), name, at) for one in {key, *spelled(key)}],
                )
            (blank_row if table == "plan_row" else _blank_delivery)(db, id_, name)


def blank_row(db: sqlite3.Connection, id_: int, name: str) -> None:
    """A duplicate stays one: its first row is blanked, too."""
    (cells,) = db.execute("SELECT json_array_length(vars) FROM plan_row WHERE id = ?", (id_,)).fetchone()
    vars_, status, why, _ = blank(cells)
    db.execute(
        "UPDATE plan_row SET key = ?2, email = '', vars = ?3, "
        "detail = iif(status = 'duplicate', detail, NULL), why = iif(status = 'duplicate', why, ?5), "
        "status = iif(status = 'duplicate', status, ?4) WHERE id = ?1",
        (id_, name, vars_, status, why),
    )


def _blank_delivery(db: sqlite3.Connection, id_: int, name: str) -> None:
    """Nobody can settle a doubt about them any more, and nobody mails them whatever became of it: it is
    over."""
    db.execute(
        "UPDATE delivery SET key = ?2, email = '', vars = NULL, reply = NULL, due_at = NULL, "
        f"detail = iif(why IN {_QUOTING}, NULL, detail) WHERE id = ?1",
        (id_, name),
    )
    over = Event.RESOLVE_REJECTED
    db.execute(
        f"UPDATE delivery SET status = {leads_to(over)}, was = NULL, why = ?2, detail = NULL "
        f"WHERE id = ?1 AND status = 'in_doubt' AND {happens(over)}",
        (id_, Why.FORGOTTEN),
    )
    db.execute("UPDATE delivery SET was = 'rejected' WHERE id = ? AND was = 'in_doubt'", (id_,))


def _blank_attempts(db: sqlite3.Connection, deliveries: list[int]) -> int:
    return db.execute(
        f"UPDATE attempt SET email = NULL, reply = NULL, detail = iif(why IN {_QUOTING}, NULL, detail) "
        "WHERE delivery IN (SELECT value FROM json_each(?))",
        (json.dumps(deliveries),),
    ).rowcount


def _scrub(db: sqlite3.Connection, names: Names, words: Words) -> int:
    """Words of the record about others, or about all, in which they are named."""
    found = 0
    for table, id_, column in _TEXTS:
        wrong = [
            (names.without(text), row)
            for row, text in db.execute(f"SELECT {id_}, {column} FROM {table} WHERE {column} <> ''")
            if names.stand_in(text) or (table == "event" and names.begin(text))
        ]
        db.executemany(f"UPDATE {table} SET {column} = ? WHERE {id_} = ?", wrong)
        found += len(wrong)
    for key, value in db.execute("SELECT key, value FROM meta").fetchall():
        if key.startswith(LETTER) and value and names.stand_in(words.of_letter(value)):
            remember(db, key, "")  # then the next edition is not compared with it
            found += 1
        elif key not in _KEPT and names.stand_in(value):
            remember(db, key, names.without(value))
            found += 1
    return found


def erase(db: sqlite3.Connection) -> bool:
    """Write the file anew, without what earlier plans and changes left in it, and take all of the log into
    it. Returns False where somebody else reads it meanwhile, so that some of it may be left in the log."""
    db.execute("VACUUM")
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


class Changed(NamedTuple):
    """A row of this table that was changed: its id, the event's place among all of them, None where it is
    new; and what stands there now, by column."""

    table: str
    id: int | None
    values: dict[str, object]


_WATCHED = {
    "plan_row": ("key", "email", "vars", "status", "why", "detail"),
    "delivery": ("key", "email", "status", "was", "vars", "reply", "why", "detail", "due_at"),
    "attempt": ("email", "reply", "detail"),
    "event": ("at", "kind", "detail"),
    "meta": ("key", "value"),
    "forgotten": ("mark", "name", "at"),
}


@contextlib.contextmanager
def watched(db: sqlite3.Connection) -> Iterator[list[Changed]]:
    """All that is changed in the block is in the list after it. What is only folded is no change."""
    found: list[Changed] = []
    fold(db)
    db.execute("CREATE TEMP TABLE changed (tab TEXT, id)")
    for table in _WATCHED:
        id_ = {"meta": "new.key", "forgotten": "new.mark"}.get(table, "new.rowid")
        for what in ("INSERT", "UPDATE"):
            db.execute(
                f"CREATE TEMP TRIGGER {table}_{what} AFTER {what} ON main.{table} "
                f"BEGIN INSERT INTO changed VALUES ('{table}', {id_}); END"
            )
    yield found
    for table, columns in _WATCHED.items():
        by = {"meta": "key", "forgotten": "mark"}.get(table, "rowid")
        rows = db.execute(
            f"SELECT {by}, {', '.join(columns)} FROM {table} WHERE {by} IN "
            "(SELECT id FROM temp.changed WHERE tab = ?) ORDER BY 1",
            (table,),
        ).fetchall()
        for id_, *values in rows:
            number = None if table in ("meta", "forgotten") else id_
            found.append(Changed(table, number, dict(zip(columns, values, strict=True))))
    for table in _WATCHED:
        for what in ("INSERT", "UPDATE"):
            db.execute(f"DROP TRIGGER temp.{table}_{what}")
    db.execute("DROP TABLE temp.changed")
