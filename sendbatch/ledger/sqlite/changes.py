"""The changes of a run as statements. Each names the event of `states` it stands for, and touches a
delivery only where its present status is among the event's sources.

A delivery begins with the first change that is about it, out of the row that it is made for: the address and
the key stand in it from then on, whatever another plan says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TypeAlias

from sendbatch.errors import RecordLost
from sendbatch.ledger.facts import (
    Change,
    Failed,
    Intent,
    LeftInDoubt,
    Noted,
    Own,
    Released,
    Remembered,
    Settled,
)
from sendbatch.ledger.sqlite.holding import Hold
from sendbatch.ledger.sqlite.sql import happens, leads_to, listed, transaction
from sendbatch.ledger.sqlite.view import CURRENT
from sendbatch.ledger.states import OF_OUTCOME, SETTLED, Event
from sendbatch.values import Outcome, Status

_Row: TypeAlias = tuple[object, ...]


def write_all(db: sqlite3.Connection, changes: Sequence[Change], hold: Hold | None = None) -> None:
    """All of them, or none; durable on return. Raises RecordStopped where the disk says no, RecordLost
    where an intent would be written to a record that others do not find, or changes nothing."""
    with transaction(db, hold):
        if hold is not None and any(isinstance(change, Intent) for change in changes):
            hold.look(db)
        if (usual := _usual(changes)) is not None:
            accepted, intended = usual
            db.executemany(_SETTLE[Status.ACCEPTED], accepted)
            _intend(db, intended)
        else:
            for change in changes:
                _write(db, change)


def _usual(changes: Sequence[Change]) -> tuple[list[_Row], list[_Row]] | None:
    """The rows of both statements, where there are nothing but acceptances and intents of different
    recipients: one of each for a message, nearly all that a run writes, and in whatever order."""
    accepted: list[_Row] = []
    intended: list[_Row] = []
    for change in changes:
        match change:
            case Intent(id_, content, dated_at, at):
                intended.append((content, dated_at, at, id_))
            case Settled(id_, Outcome(Status.ACCEPTED) as outcome, due_at, at, True):
                accepted.append(_settlement(id_, outcome, due_at, at))
            case _:
                return None
    if len({row[-1] for row in (*accepted, *intended)}) < len(changes):
        return None
    return accepted, intended


def _intend(db: sqlite3.Connection, rows: list[_Row]) -> None:
    """Each makes one delivery *sending*: a new one, as nearly always, or one that was tried before."""
    if not rows:
        return
    made = db.executemany(_INTEND_FIRST, rows).rowcount
    if made < len(rows):
        made += db.executemany(_INTEND, rows).rowcount
    if made != len(rows):
        raise RecordLost(_CHANGED, hint=_LOOK)


def _write(db: sqlite3.Connection, change: Change) -> None:
    match change:
        case Intent(id_, content, dated_at, at):
            _intend(db, [(content, dated_at, at, id_)])
        case Settled(id_, Outcome(reply=None), _, at, counts_attempt=False):
            db.execute(_CONDEMN, (at, id_))
        case Settled(id_, outcome, due_at, at):
            db.execute(_BEGIN, (id_,))
            db.execute(_SETTLE[outcome.status], _settlement(id_, outcome, due_at, at))
        case Failed(id_, why, detail, at):
            db.execute(_BEGIN, (id_,))
            db.execute(_FAIL, (why, detail, at, id_))
        case Released(id_):
            db.execute(_RELEASE, (id_,))
        case LeftInDoubt(id_):
            db.execute(_LEAVE, (id_,))
        case Own(id_, at):
            db.execute(_OWN, (at, id_))
        case Remembered(key, None):
            db.execute("DELETE FROM meta WHERE key = ?", (key,))
        case Remembered(key, str(value)):
            remember(db, key, value)
        case Noted(kind, detail, at):
            note(db, kind, detail, at)


def remember(db: sqlite3.Connection, key: str, value: str) -> None:
    """One line of `meta`."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def note(db: sqlite3.Connection, kind: str, detail: str, at: float) -> None:
    """One event."""
    db.execute("INSERT INTO event VALUES (?, ?, ?)", (at, kind, detail))


def _settlement(id_: int, outcome: Outcome, due_at: float | None, at: float) -> _Row:
    """The parameters of `_SETTLE`."""
    reply = outcome.reply
    said = (reply.code, reply.enhanced, reply.text) if reply else (None, None, None)
    done = None if outcome.status is Status.DEFERRED else at
    return (due_at, *said, outcome.why, outcome.detail or None, at, done, id_)


_CHANGED = (
    "the record was changed by something else while this run was sending: a message was about to leave "
    "whose recipient it no longer has as to be sent to; the run has stopped"
)
_LOOK = "sendbatch status shows where everyone stands; let nothing else write to ledger.sqlite"
# The row that a delivery is for: of the last plan, and it holds its key.
_ITS_ROW = f"FROM plan_row WHERE id = ? AND plan = {CURRENT} AND status = 'pending' AND delivery IS NULL"
_BEGIN = (
    "INSERT OR IGNORE INTO delivery (id, key, email, status, attempts) "
    f"SELECT id, key, email, 'pending', 0 {_ITS_ROW}"
)
_INTEND_FIRST = (
    "INSERT OR IGNORE INTO delivery (id, key, email, status, was, attempts, content, dated_at, "
    f"first_attempt_at) SELECT id, key, email, {leads_to(Event.INTENT)}, status, 0, ?, ?, ? {_ITS_ROW}"
)
_INTEND = (
    f"UPDATE delivery SET status = {leads_to(Event.INTENT)}, was = coalesce(was, status), "
    "content = ?, dated_at = ?, first_attempt_at = coalesce(first_attempt_at, ?) "
    f"WHERE id = ?4 AND gone IS NULL AND {happens(Event.INTENT)} "
    "AND EXISTS (SELECT 1 FROM plan_row AS r WHERE "
    f"(r.delivery = ?4 OR r.id = ?4 AND r.delivery IS NULL) AND r.plan = {CURRENT} "
    "AND r.status = 'pending')"
)
# No answer for good: whoever was in doubt is so again when the run is over.
NO_ANSWER = (Status.DEFERRED, Status.FAILED)
_STILL = "iif(was = 'in_doubt', was, NULL)"
# The cells of a message that may have arrived are kept: another one is no repetition.
CELLS = {
    Status.DEFERRED: "vars",
    Status.FAILED: "vars",
    Status.IN_DOUBT: (
        "(SELECT r.vars FROM plan_row AS r WHERE (r.delivery = delivery.id OR r.id = delivery.id "
        f"AND r.delivery IS NULL) AND r.plan = {CURRENT})"
    ),
}
_SETTLE = {
    status: (
        f"UPDATE delivery SET status = {leads_to(event)}, "
        f"was = {_STILL if status in NO_ANSWER else 'NULL'}, vars = {CELLS.get(status, 'NULL')}, "
        "attempts = attempts + 1, due_at = ?, code = ?, enhanced_code = ?, reply = ?, why = ?, "
        "detail = ?, first_attempt_at = coalesce(first_attempt_at, ?), finished_at = ? "
        f"WHERE id = ? AND gone IS NULL AND {happens(event)}"
    )
    for status, event in OF_OUTCOME.items()
}
_CONDEMN = (
    f"UPDATE delivery SET status = {leads_to(Event.CONDEMN)}, was = NULL, vars = NULL, due_at = NULL, "
    f"finished_at = ? WHERE id = ? AND gone IS NULL AND {happens(Event.CONDEMN)}"
)
# No change of status: since when a delivery deferred by 5xx has that for itself.
_OWN = "UPDATE delivery SET finished_at = ? WHERE id = ? AND status = 'deferred'"
_FAIL = (
    f"UPDATE delivery SET status = {leads_to(Event.FAIL)}, was = {_STILL}, due_at = NULL, code = NULL, "
    "enhanced_code = NULL, reply = NULL, why = ?, detail = ?, finished_at = ? "
    f"WHERE id = ? AND gone IS NULL AND {happens(Event.FAIL)}"
)
_LEAVE = (
    f"UPDATE delivery SET status = {leads_to(Event.RESTORE)}, was = NULL, due_at = NULL "
    f"WHERE id = ? AND was = 'in_doubt' AND {happens(Event.RESTORE)}"
)
# What is pending for this run only stays so.
_RELEASE = (
    f"UPDATE delivery SET status = iif(was IN {listed(SETTLED)}, 'pending', coalesce(was, status)), "
    f"was = iif(was IN {listed(SETTLED)}, was, NULL), "
    "first_attempt_at = CASE WHEN attempts > 0 THEN first_attempt_at END "
    "WHERE id = ? AND status = 'sending'"
)
