"""How a crash becomes doubt, and how a person settles it.

Who stands as *sending* when a run begins was on the way as another ended: the message may have arrived, and
nobody can know. They are in doubt until a person says what became of them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from sendbatch.ledger.conditions import happens, leads_to
from sendbatch.ledger.sqlite.folding import crash, fold
from sendbatch.ledger.sqlite.selecting import restore
from sendbatch.ledger.sqlite.sql import note
from sendbatch.ledger.sqlite.view import CURRENT, gone, rows_of
from sendbatch.ledger.states import RESOLVED
from sendbatch.values import Status


def recover(db: sqlite3.Connection, at: float) -> int:
    """What the run before has left, whatever ended it: whom it could send to for itself alone is as before,
    and whoever was on the way is in doubt. Returns how many these are."""
    fold(db)
    restore(db)
    found = crash(db, at)
    if found:
        note(db, "crash", f"{found} found on the way after a crash, now in doubt", at)
    return found


def resolve(
    db: sqlite3.Connection, named: Sequence[tuple[str, ...]], to: Status, at: float
) -> list[str]:
    """Settle by hand those that have one of each `named` spellings. Returns the first spelling of those of
    whom nothing is to be settled; nothing is changed then."""
    fold(db)
    event = RESOLVED[to]
    ids = [_unsettled(db, spellings) for spellings in named]
    wrong = [spellings[0] for spellings, found in zip(named, ids, strict=True) if not found]
    if wrong or not named:
        return wrong
    for id_ in sorted({id_ for found in ids for id_ in found}):
        db.execute(
            f"UPDATE delivery SET status = {leads_to(event)}, was = NULL, vars = NULL, "
            "due_at = NULL, why = 'by-hand', detail = NULL, finished_at = ? "
            f"WHERE id = ? AND {happens(event)}",
            (None if to is Status.PENDING else at, id_),
        )
    for spellings in named:
        note(db, "resolved", f"{spellings[0]}: {to}, by hand", at)
    if to is Status.PENDING:
        # What the CSV says of them now counts again: another address, or that they are left out.
        db.execute("UPDATE plan SET inputs = '' WHERE id = (SELECT max(id) FROM plan)")
    return []


def _unsettled(db: sqlite3.Connection, spellings: tuple[str, ...]) -> list[int]:
    """The deliveries of that key or address that are in doubt, or held back by 5xx."""
    named = "(key IN (SELECT value FROM json_each(?1)) OR email IN (SELECT value FROM json_each(?1)))"
    rows = db.execute(
        f"SELECT id FROM {rows_of(CURRENT)} WHERE {named} "
        "AND (status = 'in_doubt' OR status = 'deferred' AND code >= 500) "
        f"UNION SELECT id FROM {gone()} WHERE {named} AND status = 'in_doubt'",
        (json.dumps(spellings),),
    )
    return [id_ for (id_,) in rows]
