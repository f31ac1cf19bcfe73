"""What a record in SQLite tells of one person, whichever plan, delivery or attempt they stand in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sendbatch.ledger.facts import Entry, Event
from sendbatch.ledger.person import Names, Stories, Story, Try, Whose
from sendbatch.ledger.sqlite.folding import PASSING
from sendbatch.ledger.sqlite.forgotten import when_forgotten
from sendbatch.ledger.sqlite.people import ENTRY
from sendbatch.ledger.sqlite.view import CURRENT, gone, rows_of
from sendbatch.values import Status

# What a plain address is made of: in small letters it is its default key. Of all others Python is asked.
_UNUSUAL = "*[^-a-zA-Z0-9._+@]*"
_TRY = "at, what, status, code, enhanced_code, reply, why, detail, email"


def stories_in(db: sqlite3.Connection, whose: Whose, *, at_rest: bool = True) -> Stories:
    """All that stands there of them. Changes nothing."""
    prepare(db, whose)
    rows, deliveries = found_in(db)
    told = tuple(_stories(db, rows, deliveries, at_rest=at_rest))
    names = names_of(db, whose, rows, deliveries)
    forgotten_at = when_forgotten(db, whose)
    return Stories(told, tuple(_events(db, names)), others_in(db, names, rows), forgotten_at)


def prepare(db: sqlite3.Connection, whose: Whose) -> None:
    """What the conditions here ask."""
    db.create_function("theirs", 1, whose.is_theirs, deterministic=True)
    db.execute("DROP TABLE IF EXISTS temp.meant")
    db.execute("CREATE TEMP TABLE meant (kind TEXT, value TEXT, PRIMARY KEY (kind, value)) WITHOUT ROWID")
    db.executemany(
        "INSERT INTO meant VALUES (?, ?)",
        [("address", one) for one in whose.addresses] + [("key", one) for one in whose.keys],
    )


def address_is_theirs(column: str) -> str:
    """SQL: the address in this column is theirs."""
    plain = f"lower({column}) IN (SELECT value FROM temp.meant WHERE kind = 'address')"
    return f"({plain} OR {column} GLOB '{_UNUSUAL}' AND theirs({column}))"


def key_is_theirs(column: str) -> str:
    """SQL: the key in this column is theirs, or is their address."""
    plain = f"{column} IN (SELECT value FROM temp.meant WHERE kind = 'key')"
    return f"({plain} OR instr({column}, '@') AND {address_is_theirs(column)})"


def found_in(db: sqlite3.Connection) -> tuple[list[int], list[int]]:
    """The ids of rows of the last plan, and of deliveries, that are theirs; both of whoever has one."""
    theirs = f"({key_is_theirs('key')} OR {address_is_theirs('email')})"
    rows = _ids(db, f"SELECT id FROM plan_row WHERE plan = {CURRENT} AND {theirs}")
    deliveries = _ids(
        db,
        f"SELECT id FROM delivery WHERE {theirs} UNION SELECT delivery FROM attempt WHERE email <> '' "
        f"AND {address_is_theirs('email')} UNION SELECT coalesce(delivery, id) FROM plan_row WHERE id IN "
        "(SELECT value FROM json_each(?)) AND coalesce(delivery, id) IN "
        "(SELECT id FROM delivery UNION SELECT delivery FROM attempt)",
        json.dumps(rows),
    )
    more = _ids(
        db,
        f"SELECT id FROM plan_row WHERE plan = {CURRENT} AND (delivery IN (SELECT value FROM json_each(?1)) "
        "OR delivery IS NULL AND id IN (SELECT value FROM json_each(?1)))",
        json.dumps(deliveries),
    )
    return sorted({*rows, *more}), deliveries


def _ids(db: sqlite3.Connection, query: str, *values: str) -> list[int]:
    return [id_ for (id_,) in db.execute(query, values)]


def _stories(
    db: sqlite3.Connection, rows: list[int], deliveries: list[int], *, at_rest: bool
) -> Iterator[Story]:
    of_plan = f"SELECT place, {ENTRY} FROM {rows_of(CURRENT, at_rest=at_rest)} "
    for place, *told in db.execute(
        f"{of_plan} WHERE place IN (SELECT value FROM json_each(?)) ORDER BY place", (json.dumps(rows),)
    ).fetchall():
        yield _story(db, told, place)
    for told in db.execute(
        f"SELECT {ENTRY} FROM {gone(at_rest=at_rest)} WHERE id IN (SELECT value FROM json_each(?)) "
        "ORDER BY id",
        (json.dumps(deliveries),),
    ).fetchall():
        yield _story(db, told, None)


def _story(db: sqlite3.Connection, told: Iterable[Any], place: int | None) -> Story:
    id_, line, key, email, status, was, *rest = told
    entry = Entry(id_, line, key, email, Status(status), Status(was) if was else None, *rest)
    passing = ", ".join(f"'{what}'" for what in PASSING)
    tries = [
        Try(*one)
        for one in db.execute(
            f"SELECT {_TRY} FROM attempt WHERE delivery = ? AND what NOT IN ({passing}) ORDER BY id", (id_,)
        )
    ]
    planned = [one for (one,) in db.execute("SELECT email FROM plan_row WHERE id = ?", (place,))]
    addresses = dict.fromkeys([email, *planned, *(one.email for one in tries)])
    return Story(entry, place is None, tuple(one for one in addresses if one), tuple(_earlier(tries, entry)))


def _earlier(tries: list[Try], entry: Entry) -> list[Try]:
    """Without the last one, where that is how the delivery stands."""
    last = tries[-1] if tries else None
    if last is not None and (last.at, last.status, last.email) == (entry.finished_at, entry.status, None):
        return tries[:-1]
    return tries


def names_of(
    db: sqlite3.Connection, whose: Whose, rows: Collection[int], deliveries: Collection[int]
) -> Names:
    """By which words texts may speak of them."""
    ids = (json.dumps(list(rows)), json.dumps(list(deliveries)))
    found = db.execute(
        "SELECT key, email FROM plan_row WHERE id IN (SELECT value FROM json_each(?1)) UNION "
        "SELECT key, email FROM delivery WHERE id IN (SELECT value FROM json_each(?2)) UNION "
        "SELECT '', email FROM attempt WHERE email <> '' AND delivery IN (SELECT value FROM json_each(?2))",
        ids,
    ).fetchall()
    addresses = {*whose.addresses, *(email.lower() for _, email in found if "@" in email)}
    return Names(frozenset(addresses), frozenset({*whose.keys, *(key for key, _ in found if key)}))


def _events(db: sqlite3.Connection, names: Names) -> Iterator[Event]:
    for at, kind, detail in db.execute("SELECT at, kind, detail FROM event ORDER BY rowid"):
        if names.stand_in(detail) or (kind == "resolved" and names.begin(detail)):
            yield Event(at, kind, detail)


def others_in(db: sqlite3.Connection, names: Names, rows: Collection[int]) -> int:
    """How many rows of others have their address in a cell."""
    ours, found = set(rows), 0
    for address in names.addresses:
        for id_, cells in db.execute(
            f"SELECT id, vars FROM plan_row WHERE plan = {CURRENT} AND instr(lower(vars), ?)", (address,)
        ):
            if id_ not in ours and names.stand_in(cells):
                ours.add(id_)
                found += 1
    return found
