"""What was appended becomes what stands: the attempts of a run are folded into the deliveries, in bulk.

A delivery is made or moved on to where its newest attempt left it. How far is folded stands in `meta`,
written in the same transaction: a crash leaves all of a fold, or nothing of it, and nothing is counted twice.
That number also tells which ids were given out, for none is ever used again.

What stands in the delivery alone by then is dropped. Kept is what the next attempt would have overwritten:
how each attempt ended, for whoever was not simply accepted at the first. A person's story is told from that.
"""

from __future__ import annotations

import sqlite3

from sendbatch.ledger.conditions import leads_to
from sendbatch.ledger.sqlite.sql import remember
from sendbatch.ledger.sqlite.view import DELIVERY, LATEST, STANDING, UNFOLDED
from sendbatch.ledger.states import Event

MARK = "folded"  # in meta: the highest id of an attempt that is folded, or was given out at all
PASSING = ("intent", "release", "restore", "own")  # of `what`: not how an attempt ended
_FOLD = (
    f"INSERT INTO delivery ({', '.join(DELIVERY)}) SELECT {', '.join(DELIVERY)} FROM {LATEST} WHERE 1 "
    "ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*STANDING, "vars"))
)
_DROP = (
    f"DELETE FROM attempt WHERE {UNFOLDED} AND (what = 'accept' AND attempts = 1 "
    f"OR what IN ({', '.join(map(repr, PASSING))}))"
)
_CRASH = (
    f"INSERT INTO attempt (id, delivery, what, at, {', '.join(STANDING)}) SELECT ?1 + row_number() OVER "
    f"(ORDER BY id), id, 'crash', ?2, {leads_to(Event.CRASH)}, NULL, attempts + 1, due_at, code, "
    "enhanced_code, reply, 'crashed', NULL, content, dated_at, first_attempt_at, ?2 "
    # one status alone with "=": the index of those on the way is found by its very words
    "FROM delivery WHERE status = 'sending'"
)


def last_attempt(db: sqlite3.Connection) -> int:
    """The highest id that an attempt ever had."""
    found = "SELECT max(id) FROM attempt UNION ALL SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?"
    return max((id_ for (id_,) in db.execute(found, (MARK,)) if id_ is not None), default=0)


def is_unfolded(db: sqlite3.Connection) -> bool:
    """Whether anything was appended since the last fold."""
    found = db.execute(f"SELECT EXISTS (SELECT 1 FROM attempt WHERE {UNFOLDED})").fetchone()
    return bool(found[0])


def fold(db: sqlite3.Connection) -> None:
    """All that was appended, in the transaction that is open. Where nothing was, nothing is written."""
    if not is_unfolded(db):
        return
    last = last_attempt(db)
    db.execute(_FOLD)
    db.execute(_DROP)
    remember(db, MARK, str(last))


def crash(db: sqlite3.Connection, at: float) -> int:
    """Whoever stands as *sending* is in doubt; returns how many. All is folded."""
    found = db.execute(_CRASH, (last_attempt(db), at)).rowcount
    fold(db)
    return found


def forget(db: sqlite3.Connection) -> None:
    """Nobody was ever tried. All is folded, so the ids of the attempts stay used."""
    db.execute("DELETE FROM attempt")
    db.execute("DELETE FROM delivery")
