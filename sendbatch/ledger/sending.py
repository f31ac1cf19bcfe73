"""The record during a run, in SQLite: what is next, and the changes that a hand-over makes.

Every statement names the event of `states` it stands for and touches a row only where its present
status is among the event's sources.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sendbatch.errors import RecordLost, RecordStopped
from sendbatch.ledger.changes import note, write_all
from sendbatch.ledger.holding import Hold
from sendbatch.ledger.soundness import decoded
from sendbatch.ledger.sql import listed, readable, transaction
from sendbatch.ledger.states import RESOLVED, SENDABLE, SETTLED, TABLE, Event, sources
from sendbatch.ledger.store import EVERYONE, Change, Intent, Lane, Retried
from sendbatch.values import Recipient, Reply, Status

MOST_CHARACTERS = 4_000_000  # of the cells of those fetched in one go, who are at least one
_STATUSES = {str(status): status for status in Status}
COLUMNS = (
    'id, "row", key, email, vars, status, attempts, dated_at, content, '
    "iif(was = 'in_doubt', 1, 0), iif(code >= 500, code, NULL), enhanced_code, reply, finished_at"
)


def to_recipient(fields: tuple[Any, ...]) -> Recipient:
    """From one result row of `COLUMNS`."""
    return to_recipients([fields])[0]


def to_recipients(rows: Sequence[tuple[Any, ...]]) -> list[Recipient]:
    """As `to_recipient`, for a batch, which is fetched between two commits: every connection waits for
    it. Raises Unsound."""
    cells = decoded([row[4] for row in rows])
    return [_recipient(row, own) for row, own in zip(rows, cells, strict=True)]


def _first(found: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """As many as have `MOST_CHARACTERS` in their cells: a row may have millions."""
    rows, size = [], 0
    for row in found:
        rows.append(row)
        size += len(row[4])
        if size > MOST_CHARACTERS:
            break
    return rows


def _recipient(fields: tuple[Any, ...], cells: list[str]) -> Recipient:
    id_, row, key, email, _, status, attempts, dated_at, content, doubted, code, *said = fields
    known = (
        id_, row, key, email, tuple(cells), _STATUSES[status], attempts, dated_at, content, doubted == 1,
    )  # fmt: skip
    if code is None:  # as nearly always
        return Recipient(*known)
    enhanced, text, finished_at = said
    return Recipient(*known, Reply(code, text or "", "", enhanced), finished_at is not None)


class SendingStore:
    """Behind `store.Store`. `select` first says which rows a run is about."""

    def __init__(self, connection: sqlite3.Connection, hold: Hold | None = None) -> None:
        self._db = connection
        self._hold = hold
        self._lost: RecordLost | None = None
        self._scope = ""  # SQL: the rows that --only names
        self._chosen = ""  # SQL: the rows among them that this run may send
        self._is_left = ""  # SQL: the rows that a limit has put back

    # -- before a run -------------------------------------------------------------------------

    def recover(self, at: float) -> int:
        """Rows found *sending* become `in_doubt`; returns how many. Whoever the last run was to send to
        again and did not reach is put back."""
        with transaction(self._db, self._hold):
            self.put_back()
            found = self._db.execute(
                "UPDATE recipient SET status = 'in_doubt', was = NULL, attempts = attempts + 1, "
                "finished_at = ?, reason = 'the run ended before the reply to the message came' "
                f"WHERE status IN {listed(sources(Event.CRASH))}",
                (at,),
            ).rowcount
            if found:
                note(self._db, "crash", f"{found} found on the way after a crash, now in doubt", at)
        return found

    def scope(self, named: Sequence[tuple[str, ...]] | None) -> list[str]:
        """Restrict the run to these keys or addresses, each in all its spellings.

        Returns the first spelling of those that name nobody in the plan; None lifts the restriction.
        """
        self._db.execute("DROP TABLE IF EXISTS temp.scope")
        self._scope = ""
        if named is None:
            return []
        self._db.execute("CREATE TEMP TABLE scope (id INTEGER PRIMARY KEY)")
        self._db.execute("DROP TABLE IF EXISTS temp.wanted")
        self._db.execute(
            "CREATE TEMP TABLE wanted (spelling TEXT, number INTEGER, "
            "PRIMARY KEY (spelling, number)) WITHOUT ROWID"
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO wanted VALUES (?, ?)",
            ((spelling, n) for n, spellings in enumerate(named) for spelling in spellings),
        )
        found: set[int] = set()
        for column in ("key", "email"):
            rows = self._db.execute(
                f"SELECT id, number FROM recipient JOIN wanted ON recipient.{column} = spelling "
                "WHERE plan = (SELECT max(id) FROM plan)"
            ).fetchall()
            found.update(number for _, number in rows)
            self._db.executemany(
                "INSERT OR IGNORE INTO scope VALUES (?)", ((id_,) for id_, _ in rows)
            )
        self._scope = " AND id IN temp.scope"
        return [spellings[0] for n, spellings in enumerate(named) if n not in found]

    def choose(self, limit: int | None) -> None:
        """Of the rows in scope that can be sent, take the first `limit` by line."""
        self._db.execute("DROP TABLE IF EXISTS temp.chosen")
        self._chosen = ""
        if limit is None:
            return
        self._db.execute("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")
        self._db.execute(
            "INSERT INTO chosen SELECT id FROM recipient WHERE plan = (SELECT max(id) FROM plan) "
            f'AND claim IS NOT NULL AND status IN {listed(SENDABLE)}{self._scope} ORDER BY "row" LIMIT ?',
            (limit,),
        )
        # +id: each row is looked up among the chosen, instead of all the chosen for each batch
        self._chosen = " AND +id IN temp.chosen"

    def totals(self) -> dict[Status, int]:
        """Rows this call is about, by status: those left over by a limit do not count."""
        left_over = f" AND NOT (status IN {listed(SENDABLE)}{_negated(self._chosen)})"
        rows = self._db.execute(
            "SELECT status, count(*) FROM recipient WHERE plan = (SELECT max(id) FROM plan)"
            f"{self._scope}{left_over if self._chosen else ''}{_negated(self._is_left)} GROUP BY status"
        )
        return {Status(status): count for status, count in rows}

    def sendable(self) -> int:
        """How many this run may send."""
        return sum(count for status, count in self.totals().items() if status in SENDABLE)

    def left_over(self) -> int:
        """How many could be sent but for the limit."""
        if not self._chosen:
            return 0
        put_back = "SELECT count(*) FROM temp.put_back" if self._is_left else "SELECT 0"
        left = (
            "SELECT count(*) FROM recipient WHERE plan = (SELECT max(id) FROM plan) "
            f"AND status IN {listed(SENDABLE)}{self._scope}{_negated(self._chosen)}"
        )
        return sum(self._db.execute(query).fetchone()[0] for query in (put_back, left))

    def samples(self, count: int) -> list[Recipient]:
        """The first few that this run may send, by line."""
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM recipient WHERE plan = (SELECT max(id) FROM plan) "
            f"AND claim IS NOT NULL AND status IN {listed(SENDABLE)}{self._scope}{self._chosen} "
            'ORDER BY "row" LIMIT ?',
            (count,),
        )
        return to_recipients(rows.fetchall())

    def retry(self, asked: Sequence[Retried], at: float) -> int:
        """--retry: rejected rows are pending for this run, deferred ones due at once, failed ones are
        anyway. Returns how many."""
        return sum(self._retry(one, at) for one in asked)

    def _retry(self, asked: Retried, at: float) -> int:
        assert asked.status in sources(Event.RETRY)
        codes = " AND coalesce(enhanced_code, code) GLOB ?" if asked.codes is not None else ""
        return self._db.execute(
            f"UPDATE recipient SET status = {_case(Event.RETRY)}, due_at = ?, "
            "was = iif(status = 'rejected', status, NULL) "
            f"WHERE plan = (SELECT max(id) FROM plan) AND status = ?{codes}{self._scope}",
            (at, str(asked.status), *([asked.codes] if asked.codes is not None else [])),
        ).rowcount

    def resend(self, only: Collection[int] | None = None) -> int:
        """Rows in doubt (of those with an ID in `only`, if given) are pending for this run, with the
        Message-ID and date they have; returns how many.

        Whoever the plan leaves out by now, as one suppressed since, stays in doubt."""
        among = " AND id IN (SELECT value FROM json_each(?))" if only is not None else ""
        return self._db.execute(
            "UPDATE recipient SET status = 'pending', was = status, due_at = NULL "
            "WHERE plan = (SELECT max(id) FROM plan) AND claim IS NOT NULL "
            f"AND status IN {listed(sources(Event.RESEND))}{among}{self._scope}",
            (json.dumps(sorted(only)),) if only is not None else (),
        ).rowcount

    def doubt_with_key(self, content: str, dated_after: float) -> frozenset[int]:
        """Those in doubt who were sent this very content, first built after `dated_after`."""
        rows = self._db.execute(
            "SELECT id FROM recipient WHERE status = 'in_doubt' AND content = ? AND dated_at > ? "
            f"AND plan = (SELECT max(id) FROM plan){self._scope}",
            (content, dated_after),
        )
        return frozenset(id_ for (id_,) in rows)

    def put_back(self, *, but_chosen: bool = False) -> int:
        """Whoever `retry` or `resend` made pending is as before where they were not sent to; returns how
        many. `but_chosen` leaves those who are to be sent to in this run."""
        kept = f" AND NOT (1{self._chosen})" if but_chosen else ""
        those = f"status IN {listed(sources(Event.PUT_BACK))} AND was IN {listed(SETTLED)}{kept}"
        if but_chosen:
            self._db.execute("DROP TABLE IF EXISTS temp.put_back")
            self._db.execute("CREATE TEMP TABLE put_back (id INTEGER PRIMARY KEY)")
            self._db.execute(f"INSERT INTO put_back SELECT id FROM recipient WHERE {those}")
            self._is_left = " AND +id IN temp.put_back"
        return self._db.execute(
            f"UPDATE recipient SET status = was, was = NULL, due_at = NULL WHERE {those}"
        ).rowcount

    def make_due(self, at: float, latest: float | None = None) -> None:
        """Rows deferred with a spent budget are due at once in the run that comes next, and none of the
        others later than `latest`: a clock that was set back since has moved them away."""
        these = (
            f"status = 'deferred' AND plan = (SELECT max(id) FROM plan){self._scope}{self._chosen}"
        )
        self._db.execute(f"UPDATE recipient SET due_at = ? WHERE due_at IS NULL AND {these}", (at,))
        if latest is not None:
            self._db.execute(
                f"UPDATE recipient SET due_at = ?1 WHERE due_at > ?1 AND {these}", (latest,)
            )

    def resolve(self, named: Sequence[tuple[str, ...]], to: Status, at: float) -> list[str]:
        """Settle rows in doubt, or deferred by 5xx, by hand, each named by a key or address in all its
        spellings.

        Returns the first spelling of those that are neither; then nothing is changed.
        """
        event = RESOLVED[to]
        with transaction(self._db, self._hold):
            ids = [self._unsettled(spellings) for spellings in named]
            wrong = [spellings[0] for spellings, found in zip(named, ids, strict=True) if not found]
            for id_ in () if wrong else sorted({id_ for found in ids for id_ in found}):
                self._db.execute(
                    "UPDATE recipient SET status = ?, was = NULL, due_at = NULL, "
                    "reason = 'settled by hand', finished_at = ? "
                    f"WHERE id = ? AND status IN {listed(sources(event))}",
                    (to, None if to is Status.PENDING else at, id_),
                )
            for spellings in () if wrong else named:
                note(self._db, "resolved", f"{spellings[0]}: {to}, by hand", at)
            if named and not wrong and to is Status.PENDING:
                # The plan left these rows as they were tried. The next run must plan anew: they get
                # what the CSV says now, or are left out by it.
                self._db.execute(
                    "UPDATE plan SET inputs = '' WHERE id = (SELECT max(id) FROM plan)"
                )
        return wrong

    def _unsettled(self, spellings: tuple[str, ...]) -> list[int]:
        wanted = json.dumps(spellings)
        rows = self._db.execute(
            "SELECT id FROM recipient WHERE (status = 'in_doubt' OR (status = 'deferred' AND code >= 500)) "
            "AND (key IN "
            "(SELECT value FROM json_each(?1)) OR email IN (SELECT value FROM json_each(?1)))",
            (wanted,),
        )
        return [id_ for (id_,) in rows]

    # -- in a run -----------------------------------------------------------------------------

    @readable()
    def next_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM recipient WHERE status IN ('pending', 'failed') "
            'AND claim IS NOT NULL AND "row" > ? AND plan = (SELECT max(id) FROM plan)'
            f"{self._scope}{self._chosen}{_within(lane)} "
            'ORDER BY "row" LIMIT ?',
            (after_row, *lane.domains, limit),
        )
        return to_recipients(_first(rows))

    @readable()
    def next_due(
        self, now: float, limit: int, exclude: frozenset[int], lane: Lane = EVERYONE
    ) -> list[Recipient]:
        any_due = "SELECT 1 FROM recipient WHERE status = 'deferred' AND due_at <= ? LIMIT 1"
        if self._db.execute(any_due, (now,)).fetchone() is None:
            return []  # as nearly always; whom to leave out need not be told to SQLite
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM recipient WHERE status = 'deferred' AND due_at <= ? "
            "AND claim IS NOT NULL AND id NOT IN (SELECT value FROM json_each(?)) "
            f"AND plan = (SELECT max(id) FROM plan){self._scope}{self._chosen}{_within(lane)} "
            "ORDER BY due_at LIMIT ?",
            (now, json.dumps(sorted(exclude)), *lane.domains, limit),
        )
        return to_recipients(_first(rows))

    @readable()
    def next_due_at(self, exclude: frozenset[int], lane: Lane = EVERYONE) -> float | None:
        found = self._db.execute(
            "SELECT min(due_at) FROM recipient WHERE status = 'deferred' AND due_at IS NOT NULL "
            "AND claim IS NOT NULL AND id NOT IN (SELECT value FROM json_each(?)) "
            f"AND plan = (SELECT max(id) FROM plan){self._scope}{self._chosen}{_within(lane)}",
            (json.dumps(sorted(exclude)), *lane.domains),
        ).fetchone()[0]
        return float(found) if found is not None else None

    def apply(self, changes: Sequence[Change]) -> None:
        if changes and self._lost is None:
            try:
                write_all(self._db, changes, self._hold)
            except RecordLost as lost:
                self._lost = lost
                # Nothing of it reaches the file any more, which may be another's by now.
                self._db.execute("PRAGMA wal_autocheckpoint=0")
        if self._lost is not None:
            self._settle_begun(changes)
            raise self._lost

    def _settle_begun(self, changes: Sequence[Change]) -> None:
        """What left is told where its intent stands, as long as no other has taken the record over."""
        begun = [change for change in changes if not isinstance(change, Intent)]
        if begun:
            with contextlib.suppress(RecordStopped):
                write_all(self._db, begun, self._hold)


def _within(lane: Lane) -> str:
    """A condition on the address's domain, with a question mark for each that the lane names."""
    if not lane.domains:
        return ""
    marks = ", ".join("?" * len(lane.domains))
    word = "NOT IN" if lane.others else "IN"
    return f" AND lower(substr(email, instr(email, '@') + 1)) {word} ({marks})"


def _negated(condition: str) -> str:
    return condition.replace(" IN ", " NOT IN ")


def _case(event: Event) -> str:
    """The event's table as an SQL expression over the present status."""
    whens = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in TABLE[event].items())
    return f"CASE status {whens} END"
