"""The changes of a run as statements. Each names the event of `states` it stands for, and touches a
row only where its present status is among the event's sources."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

from sendbatch.ledger.sql import listed, transaction, writable
from sendbatch.ledger.states import OF_OUTCOME, Event, sources
from sendbatch.ledger.store import Change, Failed, Intent, Noted, Released, Settled
from sendbatch.values import Outcome, Reply, Status

MOST = 100  # rows that one statement changes; SQLite before 3.32 takes 999 parameters
_Row: TypeAlias = tuple[object, ...]


def write_all(db: sqlite3.Connection, changes: Sequence[Change]) -> None:
    """All of them, or none; durable on return. Raises RecordStopped where the disk says no.

    Intents and acceptances, one of each for a message, go in one statement, which is a transaction
    by itself: each statement gives up the interpreter and then waits to get it back, and the loop
    has work for it meanwhile.
    """
    usual = _usual(changes)
    if usual is not None and len(usual) <= MOST:
        with writable():
            _write_usual(db, usual)
        return
    with transaction(db):
        if usual is not None:
            for start in range(0, len(usual), MOST):
                _write_usual(db, usual[start : start + MOST])
            return
        for change in changes:
            if (row := _row(change)) is not None:
                _write_usual(db, [row])
            else:
                _write(db, change)


def _usual(changes: Sequence[Change]) -> list[_Row] | None:
    """The rows of a batch that holds nothing but intents and acceptances of different recipients."""
    rows = []
    for change in changes:
        if (row := _row(change)) is None:
            return None
        rows.append(row)
    return rows if len({row[0] for row in rows}) == len(rows) else None


def _row(change: Change) -> _Row | None:
    """A row of `_usually`'s parameters; None for changes of other kinds."""
    match change:
        case Intent(id_, content, dated_at, at):
            return (id_, True, at, content, dated_at, None, None, None, None)
        case Settled(id_, Outcome(Status.ACCEPTED, Reply() as reply, reason), _, at, True):
            said = (reply.code, reply.enhanced, reply.text, reason or None)
            return (id_, False, at, None, None, *said)
        case _:
            return None


def _write_usual(db: sqlite3.Connection, rows: list[_Row]) -> None:
    db.execute(_usually(len(rows)), [value for row in rows for value in row])


def _write(db: sqlite3.Connection, change: Change) -> None:
    match change:
        case Settled(id_, Outcome(reply=None), _, at, counts_attempt=False):
            db.execute(_CONDEMN, (at, id_))
        case Settled(id_, outcome, due_at, at):
            _settle(db, id_, outcome, due_at, at)
        case Failed(id_, reason, at):
            db.execute(_FAIL, (reason, at, id_))
        case Released(id_):
            db.execute(_RELEASE, (id_,))
        case Noted(kind, detail, at):
            note(db, kind, detail, at)


def note(db: sqlite3.Connection, kind: str, detail: str, at: float) -> None:
    """One event."""
    db.execute("INSERT INTO event VALUES (?, ?, ?)", (at, kind, detail))


def _settle(
    db: sqlite3.Connection, id_: int, outcome: Outcome, due_at: float | None, at: float
) -> None:
    reply = outcome.reply
    said = (reply.code, reply.enhanced, reply.text) if reply else (None, None, None)
    done = None if outcome.status is Status.DEFERRED else at
    db.execute(
        _SETTLE[outcome.status],
        (outcome.status, due_at, *said, outcome.reason or None, at, done, id_),
    )


@cache
def _usually(rows: int) -> str:
    """Intents (column2 is true) and acceptances. `column1`, … are SQLite's names for VALUES."""
    values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * rows)
    return (
        "UPDATE recipient SET status = CASE WHEN column2 THEN 'sending' ELSE 'accepted' END, "
        "was = CASE WHEN column2 THEN status END, attempts = attempts + NOT column2, "
        "due_at = CASE WHEN column2 THEN due_at END, "
        "content = coalesce(column4, content), dated_at = coalesce(column5, dated_at), "
        "code = CASE WHEN column2 THEN code ELSE column6 END, "
        "enhanced_code = CASE WHEN column2 THEN enhanced_code ELSE column7 END, "
        "reply = CASE WHEN column2 THEN reply ELSE column8 END, "
        "reason = CASE WHEN column2 THEN reason ELSE column9 END, "
        "first_attempt_at = coalesce(first_attempt_at, column3), "
        "finished_at = CASE WHEN column2 THEN finished_at ELSE column3 END "
        f"FROM (VALUES {values}) WHERE id = column1 AND CASE WHEN column2 "
        f"THEN status IN {listed(sources(Event.INTENT))} "
        f"ELSE status IN {listed(sources(Event.ACCEPT))} END"
    )


_SETTLE = {
    status: (
        "UPDATE recipient SET status = ?, was = NULL, attempts = attempts + 1, due_at = ?, code = ?, "
        "enhanced_code = ?, reply = ?, reason = ?, first_attempt_at = coalesce(first_attempt_at, ?), "
        f"finished_at = ? WHERE id = ? AND status IN {listed(sources(event))}"
    )
    for status, event in OF_OUTCOME.items()
}
_CONDEMN = (
    "UPDATE recipient SET status = 'rejected', due_at = NULL, finished_at = ? "
    f"WHERE id = ? AND status IN {listed(sources(Event.CONDEMN))}"
)
_FAIL = (
    "UPDATE recipient SET status = 'failed', was = NULL, due_at = NULL, code = NULL, enhanced_code = NULL, "
    f"reply = NULL, reason = ?, finished_at = ? WHERE id = ? AND status IN {listed(sources(Event.FAIL))}"
)
_RELEASE = (
    "UPDATE recipient SET status = coalesce(was, status), was = NULL, "
    "first_attempt_at = CASE WHEN attempts > 0 THEN first_attempt_at END "
    "WHERE id = ? AND status = 'sending'"
)
