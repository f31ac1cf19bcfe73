"""The changes of a run as statements. Each names the event of `states` it stands for, and touches a
row only where its present status is among the event's sources."""

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
from sendbatch.ledger.sqlite.sql import listed, transaction
from sendbatch.ledger.states import OF_OUTCOME, SETTLED, Event, sources
from sendbatch.reasons import reason_of
from sendbatch.values import Outcome, Status

_Row: TypeAlias = tuple[object, ...]


def write_all(db: sqlite3.Connection, changes: Sequence[Change], hold: Hold | None = None) -> None:
    """All of them, or none; durable on return. Raises RecordStopped where the disk says no, RecordLost
    where an intent would be written to a record that others do not find, or changes no row."""
    with transaction(db, hold):
        if hold is not None and any(isinstance(change, Intent) for change in changes):
            hold.look(db)
        if (usual := _usual(changes)) is not None:
            accepted, intended = usual
            db.executemany(_SETTLE[Status.ACCEPTED], accepted)
            if intended and db.executemany(_INTEND, intended).rowcount != len(intended):
                raise RecordLost(_CHANGED, hint=_LOOK)
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


def _write(db: sqlite3.Connection, change: Change) -> None:
    match change:
        case Intent(id_, content, dated_at, at):
            if not db.execute(_INTEND, (content, dated_at, at, id_)).rowcount:
                raise RecordLost(_CHANGED, hint=_LOOK)
        case Settled(id_, Outcome(reply=None), _, at, counts_attempt=False):
            db.execute(_CONDEMN, (at, id_))
        case Settled(id_, outcome, due_at, at):
            db.execute(_SETTLE[outcome.status], _settlement(id_, outcome, due_at, at))
        case Failed(id_, reason, at):
            db.execute(_FAIL, (reason, at, id_))
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
    return (str(outcome.status), due_at, *said, reason_of(outcome) or None, at, done, id_)


_CHANGED = (
    "the record was changed by something else while this run was sending: a message was about to leave "
    "whose recipient it no longer has as to be sent to; the run has stopped"
)
_LOOK = "sendbatch status shows where everyone stands; let nothing else write to ledger.sqlite"
_INTEND = (
    "UPDATE recipient SET status = 'sending', was = coalesce(was, status), content = ?, dated_at = ?, "
    "first_attempt_at = coalesce(first_attempt_at, ?) "
    f"WHERE id = ? AND claim = key AND status IN {listed(sources(Event.INTENT))}"
)
# No answer for good: whoever was in doubt is so again when the run is over.
_STILL = "iif(was = 'in_doubt', was, NULL)"
_SETTLE = {
    status: (
        f"UPDATE recipient SET status = ?, was = {_STILL if status is Status.DEFERRED else 'NULL'}, "
        "attempts = attempts + 1, due_at = ?, code = ?, "
        "enhanced_code = ?, reply = ?, reason = ?, first_attempt_at = coalesce(first_attempt_at, ?), "
        f"finished_at = ? WHERE id = ? AND status IN {listed(sources(event))}"
    )
    for status, event in OF_OUTCOME.items()
}
_CONDEMN = (
    "UPDATE recipient SET status = 'rejected', was = NULL, due_at = NULL, finished_at = ? "
    f"WHERE id = ? AND status IN {listed(sources(Event.CONDEMN))}"
)
# No change of status: since when a row deferred by 5xx has that for itself.
_OWN = "UPDATE recipient SET finished_at = ? WHERE id = ? AND status = 'deferred'"
_FAIL = (
    f"UPDATE recipient SET status = 'failed', was = {_STILL}, due_at = NULL, code = NULL, "
    "enhanced_code = NULL, reply = NULL, reason = ?, finished_at = ? "
    f"WHERE id = ? AND status IN {listed(sources(Event.FAIL))}"
)
_LEAVE = (
    "UPDATE recipient SET status = was, was = NULL, due_at = NULL "
    f"WHERE id = ? AND was = 'in_doubt' AND status IN {listed(sources(Event.PUT_BACK))}"
)
# What is pending for this run only stays so.
_RELEASE = (
    f"UPDATE recipient SET status = iif(was IN {listed(SETTLED)}, 'pending', coalesce(was, status)), "
    f"was = iif(was IN {listed(SETTLED)}, was, NULL), "
    "first_attempt_at = CASE WHEN attempts > 0 THEN first_attempt_at END "
    "WHERE id = ? AND status = 'sending'"
)
