"""The changes of a run as statements. Each names the event of `states` it stands for, and touches a
row only where its present status is among the event's sources."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from sendbatch.ledger.sql import listed
from sendbatch.ledger.states import OF_OUTCOME, Event, sources
from sendbatch.ledger.store import Change, Failed, Intent, Noted, Released, Settled
from sendbatch.values import Outcome, Reply, Status


MOST = 32  # rows that one statement changes
_Row: TypeAlias = tuple[object, ...]


def write_all(db: sqlite3.Connection, changes: Sequence[Change]) -> None:
    """All of them, inside the caller's transaction.

    Intents and acceptances, one of each for a message, are written many rows a statement: every
    statement gives up the interpreter and waits to get it back. Their order among each other is of
    no account as long as no row is among them twice.
    """
    intents: dict[int, _Row] = {}
    accepted: dict[int, _Row] = {}
    for change in changes:
        if not isinstance(change, Noted) and (change.id in intents or change.id in accepted):
            _write_many(db, intents, accepted)
        match change:
            case Intent(id_, content, dated_at, at):
                intents[id_] = (id_, content, dated_at, at)
            case Settled(id_, Outcome(Status.ACCEPTED, Reply() as reply, reason), None, at, True):
                said = (reply.code, reply.enhanced, reply.text, reason or None)
                accepted[id_] = (id_, *said, at)
            case _:
                _write(db, change)
    _write_many(db, intents, accepted)


def _write_many(
    db: sqlite3.Connection, intents: dict[int, _Row], accepted: dict[int, _Row]
) -> None:
    for statement, rows in ((_intents, intents), (_acceptances, accepted)):
        _in_parts(db, statement, list(rows.values()))
        rows.clear()


def _in_parts(db: sqlite3.Connection, statement: Callable[[int], str], rows: list[_Row]) -> None:
    for start in range(0, len(rows), MOST):
        part = rows[start : start + MOST]
        db.execute(statement(len(part)), [value for row in part for value in row])


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



def _values(rows: int, columns: int) -> str:
    """So many rows of parameters as a table named `new`, its columns `column1`, `column2`, …"""
    row = f"({', '.join('?' * columns)})"
    return f"FROM (VALUES {', '.join([row] * rows)}) AS new"


@cache
def _intents(rows: int) -> str:
    return (
        "UPDATE recipient SET was = status, status = 'sending', content = column2, "
        "dated_at = column3, first_attempt_at = coalesce(first_attempt_at, column4) "
        f"{_values(rows, 4)} WHERE id = column1 AND status IN {listed(sources(Event.INTENT))}"
    )


@cache
def _acceptances(rows: int) -> str:
    return (
        "UPDATE recipient SET status = 'accepted', was = NULL, attempts = attempts + 1, "
        "due_at = NULL, code = column2, enhanced_code = column3, reply = column4, "
        "reason = column5, first_attempt_at = coalesce(first_attempt_at, column6), "
        f"finished_at = column6 {_values(rows, 6)} "
        f"WHERE id = column1 AND status IN {listed(sources(Event.ACCEPT))}"
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
