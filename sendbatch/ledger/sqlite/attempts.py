"""The changes of a run, as rows that are appended: an intent and an outcome for each message, and whatever
else happens to somebody, each with where it leaves them (`standing`). Nothing that stands is changed for it:
that is done in bulk, when nobody waits (`folding`).

Whose turn it is to be sent to was handed out with where they stand, so nothing need be read for them. Whoever
else is spoken of, as who is refused for good after all, is looked up.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import count
from typing import Any, TypeAlias

from sendbatch.errors import RecordLost
from sendbatch.ledger.conditions import listed
from sendbatch.ledger.facts import Change, InARow, Intent, Noted, Remembered, Settled
from sendbatch.ledger.sqlite.folding import fold, is_unfolded, last_attempt
from sendbatch.ledger.sqlite.holding import Hold
from sendbatch.ledger.sqlite.sql import note, remember, transaction
from sendbatch.ledger.sqlite.view import CURRENT, STANDING
from sendbatch.ledger.standing import UNTRIED, OfOne, Standing, changed, event_of
from sendbatch.ledger.states import SENDABLE
from sendbatch.values import Status

_Row: TypeAlias = tuple[Any, ...]
_TOLD = (Noted, Remembered, InARow)  # changes of nobody
ENOUGH = 500  # attempts that are worth a fold by themselves: some two milliseconds
_STATUSES: dict[str | None, Status | None] = {None: None, **{str(one): one for one in Status}}


class Attempts:
    """Those of one record. `unsynchronised` brackets a transaction that a power cut may undo, with all
    behind it."""

    def __init__(
        self,
        db: sqlite3.Connection,
        hold: Hold | None,
        unsynchronised: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._db = db
        self._hold = hold
        self._unsynchronised = unsynchronised
        self._known: dict[int, Standing | Intent] = {}
        self._ids = count(1)
        self._unfolded = 0

    def begin(self) -> None:
        """The record was changed by something else than a run: what was known of it is read anew."""
        self._known = {}
        self._ids = count(last_attempt(self._db) + 1)
        self._unfolded = int(is_unfolded(self._db))

    def learn(self, ids: Sequence[int]) -> None:
        """These are going to be sent to. All is folded."""
        self._known.update(dict.fromkeys(ids, UNTRIED))
        self._known.update(self._read("SELECT id, {} FROM delivery WHERE id IN {}", ids))

    def forget(self, ids: Iterable[int]) -> None:
        """Nothing more will become of these, as far as is known."""
        for id_ in ids:
            self._known.pop(id_, None)

    def append(self, changes: Sequence[Change]) -> None:
        """All of them, or none; durable on return. Raises RecordStopped where the disk says no, RecordLost
        where an intent would be written to a record that others do not find, or may not be any more."""
        with transaction(self._db, self._hold):
            if self._hold is not None and Intent in map(type, changes):
                self._hold.look(self._db)
            made = self._write(changes)
        known = self._known
        known.update([one for one in made.items() if one[0] in known])
        self._unfolded += len(changes)

    def fold(self) -> None:
        """All that was appended. Raises RecordStopped, RecordLost."""
        if self._unfolded:
            with self._unsynchronised():
                fold(self._db)
            self._unfolded = 0

    def tidy(self) -> None:
        """Fold, if there is enough to be folded."""
        if self._unfolded >= ENOUGH:
            self.fold()

    def _write(self, changes: Sequence[Change]) -> dict[int, Standing | Intent]:
        """Where the changes leave everybody they are about."""
        made: dict[int, Standing | Intent] = {}
        rows = _Rows()
        known, strangers = self._known, self._strangers(changes)
        for change in changes:
            if isinstance(change, _TOLD):
                self._tell(change)
                continue
            id_ = change.id
            if id_ in made:
                before: Standing | Intent | None = made[id_]
                self._insert(rows)  # what happens to one delivery is inserted in its order
            else:
                before = known.get(id_) or strangers.get(id_)
            after = rows.add(change, before) if before is not None else None
            if after is not None:
                made[id_] = after
            elif type(change) is Intent:
                raise RecordLost(_CHANGED, hint=_LOOK)
        self._insert(rows)
        return made

    def _strangers(self, changes: Sequence[Change]) -> dict[int, Standing]:
        """Where those stand whom nobody was handed out to: tried, or in a row that holds its key."""
        known = self._known
        ids = [one.id for one in changes if not isinstance(one, _TOLD) and one.id not in known]
        if not ids:
            return {}
        fold(self._db)
        rows = f"SELECT id FROM plan_row WHERE {_ITS_ROW} AND id IN (SELECT value FROM json_each(?))"
        untried = {id_: UNTRIED for (id_,) in self._db.execute(rows, (json.dumps(ids),))}
        tried = "SELECT id, {} FROM delivery WHERE gone IS NULL AND id IN {}"
        return untried | self._read(tried, ids)

    def _read(self, query: str, ids: Sequence[int]) -> dict[int, Standing]:
        of = query.format(", ".join(STANDING), "(SELECT value FROM json_each(?))")
        return {
            id_: Standing(Status(status), _STATUSES[was], *rest)
            for id_, status, was, *rest in self._db.execute(of, (json.dumps(ids),))
        }

    def _tell(self, change: Noted | Remembered | InARow) -> None:
        match change:
            case Remembered(key, None):
                self._db.execute("DELETE FROM meta WHERE key = ?", (key,))
            case Remembered(key, str(value)):
                remember(self._db, key, value)
            case Noted(kind, detail, at):
                note(self._db, kind, detail, at)
            case InARow():  # one process sends, and counts them by itself
                pass

    def _insert(self, rows: _Rows) -> None:
        """One statement for all rows that are alike costs least."""
        for statement, alike in rows.taken():
            numbered = [(number, *values) for values, number in zip(alike, self._ids, strict=False)]
            if self._db.executemany(statement, numbered).rowcount != len(numbered):
                raise RecordLost(_CHANGED, hint=_LOOK)


class _Rows:
    """Attempts that are to be inserted, by the statement that does so, without their ids.

    Nearly all are an intent for somebody who was never tried, and that they were accepted then. These two
    have statements of their own, and where they leave somebody is not worked out: for every value that is
    made, or handed to SQLite, costs."""

    def __init__(self) -> None:
        self._accepted: list[_Row] = []
        self._first: list[_Row] = []
        self._again: list[_Row] = []
        self._others: list[_Row] = []

    def add(self, change: OfOne, before: Standing | Intent) -> Standing | Intent | None:
        """One more; nothing else of this delivery is among them. Returns where it leaves it, None where it
        changes nothing and is not added. `before` and what is returned may be an Intent: the first there
        was."""
        if before is UNTRIED and type(change) is Intent:
            self._first.append((change.id, change.at, change.content, change.dated_at))
            return change
        if isinstance(before, Intent):
            if type(change) is Settled and _is_acceptance(change):
                return self._accept(change, before)
            standing = changed(UNTRIED, before) or UNTRIED
        else:
            standing = before
        after = changed(standing, change)
        if after is None:
            return None
        if type(change) is Intent:
            self._again.append((change.id, "intent", change.at, *after))
        else:
            what, at = event_of(change) or "own", getattr(change, "at", None)
            self._others.append((change.id, what, at, *after))
        return after

    def _accept(self, change: Settled, intent: Intent) -> Standing:
        id_, (_, reply, _, why, detail), _, at, _ = change
        _, content, dated_at, begun = intent
        code, text, _, enhanced = reply or _NO_REPLY
        self._accepted.append(
            (id_, at, code, enhanced, text, why, detail or None, content, dated_at, begun)
        )
        return _DONE

    def taken(self) -> Iterator[tuple[str, list[_Row]]]:
        """They are no longer here."""
        for statement, alike in (
            (_ACCEPT, self._accepted), (_FIRST, self._first), (_AGAIN, self._again), (_OTHER, self._others),
        ):  # fmt: skip
            if alike:
                yield statement, alike[:]
                alike.clear()


def _is_acceptance(change: Settled) -> bool:
    return change.outcome.status is Status.ACCEPTED and change.counts_attempt


_NO_REPLY = (None, None, None, None)  # by the names of values.Reply
_DONE = Standing(Status.ACCEPTED)  # nothing happens to them any more, so nothing else is asked
_CHANGED = (
    "the record was changed by something else while this run was sending: a message was about to leave "
    "whose recipient it no longer has as to be sent to; the run has stopped"
)
_LOOK = "sendbatch status shows where everyone stands; let nothing else write to ledger.sqlite"
# The row that a delivery is for: of the last plan, and it holds its key.
_ITS_ROW = f"plan = {CURRENT} AND status = 'pending' AND delivery IS NULL"
# Where a delivery that is about to be sent to may stand, but for what is not folded yet.
_MAY_BE = f"status IN {listed((*SENDABLE, Status.SENDING))} AND gone IS NULL"
_HEAD = "INSERT INTO attempt (id, delivery, what, at, "
_ALL = f"{_HEAD}{', '.join(STANDING)})"
_MARKS = ", ".join(f"?{number}" for number in range(1, len(STANDING) + 5))
_ACCEPT = (
    f"{_HEAD}attempts, status, code, enhanced_code, reply, why, detail, content, dated_at, first_attempt_at, "
    "finished_at) VALUES (?1, ?2, 'accept', ?3, 1, 'accepted', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?3)"
)
_FIRST = (
    f"{_HEAD}status, was, attempts, content, dated_at, first_attempt_at) SELECT ?1, id, 'intent', ?3, "
    f"'sending', 'pending', 0, ?4, ?5, ?3 FROM plan_row WHERE id = ?2 AND {_ITS_ROW} "
    "AND NOT EXISTS (SELECT 1 FROM delivery WHERE id = ?2)"
)
_AGAIN = (
    f"{_ALL} SELECT {_MARKS} WHERE EXISTS (SELECT 1 FROM plan_row AS r WHERE (r.delivery = ?2 "
    f"OR r.id = ?2 AND r.delivery IS NULL) AND r.plan = {CURRENT} AND r.status = 'pending') "
    f"AND NOT EXISTS (SELECT 1 FROM delivery WHERE id = ?2 AND NOT ({_MAY_BE}))"
)
_OTHER = f"{_ALL} VALUES ({_MARKS})"
