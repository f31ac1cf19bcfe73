"""What a run is about to make of the record, in SQLite. Behind `store.Draft`.

A draft keeps to itself what it is to change: the staged rows, which nobody sees, temporary tables, and a list
of what is to be remembered. It tells how everybody will stand from the record as it is. `merge` is the one
transaction that changes anything, and it is refused where the record has another plan by then.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager

from sendbatch.errors import RecordLost
from sendbatch.ledger.conditions import happens, leads_to, listed
from sendbatch.ledger.facts import Plan, Retried, Terms, Weight
from sendbatch.ledger.sqlite.folding import forget
from sendbatch.ledger.sqlite.merging import forget_older, readdress, seat
from sendbatch.ledger.sqlite.people import SqlitePeople, people_of
from sendbatch.ledger.sqlite.reading import SqliteReading
from sendbatch.ledger.sqlite.rows import COLUMNS, in_parts, to_recipients
from sendbatch.ledger.sqlite.selecting import TABLES, SqliteSelection
from sendbatch.ledger.sqlite.sql import Connection, note, remember
from sendbatch.ledger.sqlite.staging import SqliteStaging
from sendbatch.ledger.sqlite.view import FOLDED, NOBODY, rows_of_draft
from sendbatch.ledger.states import SENDABLE, Event, sources
from sendbatch.values import Recipient, Status

Transaction = Callable[[], AbstractContextManager[None]]


class SqliteDraft(SqliteSelection):
    """`staging` brackets what is written of a staged plan, `transaction` what is merged; `begin` is called in
    that with the time at which a run begins to send, if it does, and `merged` when it is durable; `recognise`
    is as in SqliteStaging."""

    def __init__(
        self,
        connection: Connection,
        *,
        staging: Transaction,
        transaction: Transaction,
        begin: Callable[[float], None],
        merged: Callable[[SqliteSelection], None],
        recognise: Callable[[sqlite3.Connection, int], None],
        resent: Callable[[], None],
    ) -> None:
        super().__init__(connection)
        self._staging = staging
        self._transaction = transaction
        self._begin = begin
        self._merged = merged
        self._recognise = recognise
        self._resent = resent
        self._is_anew = False
        self.reading = SqliteReading(connection)
        self._last = self.reading.plan()
        self._staged: tuple[Plan, float] | None = None
        self._notes: list[tuple[str, str, float]] = []
        self._remembered: dict[str, str] = {}
        self._due: list[tuple[float, float | None]] = []
        self._excepted: tuple[str, float] | None = None
        self.settled: frozenset[int] = frozenset()  # ids of whom a person's word settled, once it is merged
        self.is_staged = False
        self._clear()

    def _clear(self) -> None:
        self._db.end_reading()
        for table in TABLES:
            self._db.execute(f"DROP TABLE IF EXISTS temp.{table}")
        for table in ("left", "asked"):
            self._db.execute(f"CREATE TEMP TABLE {table} (id INTEGER PRIMARY KEY)")
        self._db.execute("CREATE TEMP TABLE hurried (id INTEGER PRIMARY KEY, due_at REAL)")

    # -- a plan -------------------------------------------------------------------------------

    @property
    def _plan(self) -> Plan | None:
        return self._staged[0] if self._staged is not None else self._last

    @property
    def _deliveries(self) -> str:
        return NOBODY if self._is_anew else FOLDED

    @property
    def rows(self) -> str:
        if self._staged is None and not self._is_anew and not self._asks():
            return super().rows  # as the record has them
        number = self._plan.id if self._plan is not None else 0
        is_new, excepts = self._staged is not None, self._excepted is not None
        return rows_of_draft(str(number), self._deliveries, is_new=is_new, excepts=excepts)

    def _asks(self) -> bool:
        """Whether somebody who is done with is sent to again."""
        (asks,) = self._db.execute("SELECT EXISTS (SELECT 1 FROM temp.asked)").fetchone()
        return bool(asks)

    @property
    def people(self) -> SqlitePeople:
        return people_of(self._db, self.rows, self._plan)

    def stage(self, columns: Sequence[str]) -> SqliteStaging:
        self._db.end_reading()
        self.is_staged = True
        last = self._last.id if self._last is not None else 0
        return SqliteStaging(
            self._db,
            columns,
            last,
            self._deliveries,
            self._staging,
            self._finished,
            self._recognise,
        )

    def _finished(self, plan: Plan, started_at: float) -> None:
        self._staged = plan, started_at

    def forget_everyone(self) -> None:
        """Its plans keep their numbers; the next one is as a first."""
        self._db.end_reading()
        self._is_anew = True
        self._db.execute(f"DROP TABLE IF EXISTS {NOBODY}")
        self._db.execute("CREATE TEMP TABLE nobody AS SELECT * FROM delivery WHERE 0")
        self.reading = SqliteReading(self._db, NOBODY)

    def remember(self, key: str, value: str) -> None:
        self._remembered[key] = value

    def note(self, kind: str, detail: str, at: float) -> None:
        self._notes.append((kind, detail, at))

    def except_them(self, detail: str, at: float) -> None:
        self._excepted = detail, at

    # -- whom it selects ----------------------------------------------------------------------

    def only(self, named: Sequence[tuple[str, ...]] | None) -> list[str]:
        self._db.end_reading()
        self._db.execute("DROP TABLE IF EXISTS temp.scope")
        self.scope = ""
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
                f"SELECT id, number FROM {self.rows} AS known JOIN wanted ON known.{column} = spelling"
            ).fetchall()
            found.update(number for _, number in rows)
            self._db.executemany(
                "INSERT OR IGNORE INTO scope VALUES (?)", ((id_,) for id_, _ in rows)
            )
        self.scope = " AND id IN temp.scope"
        return [spellings[0] for n, spellings in enumerate(named) if n not in found]

    def retry(self, asked: Sequence[Retried], at: float) -> int:
        return sum(self._retry(one, at) for one in asked)

    def _retry(self, asked: Retried, at: float) -> int:
        assert asked.status in sources(Event.RETRY)
        codes = " AND coalesce(enhanced_code, code) GLOB ?" if asked.codes is not None else ""
        found = self._db.execute(
            f"SELECT id FROM {self.rows} "
            f"WHERE holds AND status = ?{codes}{self.scope}{self._not_excepted}",
            (str(asked.status), *([asked.codes] if asked.codes is not None else [])),
        ).fetchall()
        if asked.status is Status.REJECTED:
            self._db.executemany("INSERT OR IGNORE INTO asked VALUES (?)", found)
        else:
            self._db.executemany(
                "INSERT OR REPLACE INTO hurried VALUES (?, ?)", ((id_, at) for (id_,) in found)
            )
        return len(found)

    @property
    def _not_excepted(self) -> str:
        return "" if self._excepted is None else " AND place NOT IN temp.excepted_rows"

    def resend(self, only: Collection[int] | None = None) -> int:
        if only is None:
            self._resent()
        among = " AND id IN (SELECT value FROM json_each(?))" if only is not None else ""
        return self._db.execute(
            f"INSERT OR IGNORE INTO asked SELECT id FROM {self.rows} "
            f"WHERE holds AND {happens(Event.RESEND)}{among}{self.scope}",
            (json.dumps(sorted(only)),) if only is not None else (),
        ).rowcount

    def doubt_with_key(self, content: str, dated_after: float) -> frozenset[int]:
        rows = self._db.execute(
            f"SELECT id FROM {self.rows} WHERE status = 'in_doubt' AND content = ? AND dated_at > ?"
            f"{self.scope}",
            (content, dated_after),
        )
        return frozenset(id_ for (id_,) in rows)

    def limit(self, count: int | None) -> None:
        self._choose(count)
        kept = f"NOT (1{self.chosen})"
        self._db.execute(f"INSERT OR IGNORE INTO temp.left SELECT id FROM asked WHERE {kept}")
        self._db.execute(f"DELETE FROM asked WHERE {kept}")
        self.left = " AND +id IN temp.left"

    def _choose(self, count: int | None) -> None:
        """Of the rows in scope that can be sent to, take the first so many by line."""
        self._db.end_reading()
        self._db.execute("DROP TABLE IF EXISTS temp.chosen")
        self.chosen = ""
        if count is None:
            return
        self._db.execute("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")
        self._db.execute(
            f"INSERT OR IGNORE INTO chosen SELECT id FROM {self.rows} "
            f"WHERE holds AND status IN {listed(SENDABLE)}{self.scope} ORDER BY place LIMIT ?",
            (count,),
        )
        # +id: each row is looked up among the chosen, instead of all the chosen for each batch
        self.chosen = " AND +id IN temp.chosen"

    def make_due(self, at: float, latest: float | None = None) -> None:
        self._due.append((at, latest))

    def samples(self, count: int) -> list[Recipient]:
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM {self.rows} "
            f"WHERE holds AND status IN {listed(SENDABLE)}{self.those} ORDER BY place LIMIT ?",
            (count,),
        )
        return to_recipients(rows.fetchall())

    def to_send(self) -> Iterator[Recipient]:
        rows = self._db.read(
            f"SELECT {COLUMNS} FROM {self.rows} "
            f"WHERE holds AND status IN {listed(SENDABLE)}{self.those} ORDER BY place"
        )
        yield from in_parts(rows)

    def settled_to_send(self, among: Collection[int]) -> list[int]:
        """The lines of those with an ID in `among` that this run may send, but for who is in doubt now."""
        rows = self._db.execute(
            f'SELECT "row" FROM {self.rows} '
            f"WHERE holds AND status IN {listed(SENDABLE)}{self.those} "
            "AND id IN (SELECT value FROM json_each(?)) "
            "AND id NOT IN (SELECT d.id FROM delivery AS d WHERE d.status = 'in_doubt') ORDER BY place",
            (json.dumps(sorted(among)),),
        )
        return [line for (line,) in rows]

    def weight(self) -> Weight | None:
        if self._staged is None:
            return None
        (weighs,) = self._db.execute("SELECT EXISTS (SELECT 1 FROM temp.weighed)").fetchone()
        if not weighs:
            return Weight()
        (found,) = self._db.execute(
            "SELECT coalesce(max(bytes), 0), coalesce(sum(bytes), 0) "
            f'FROM {self.rows} JOIN temp.weighed USING ("row") '
            f"WHERE holds AND status IN {listed(SENDABLE)}{self.those}"
        )
        return Weight(*found)

    # -- merging ------------------------------------------------------------------------------

    def terms(self, terms: Terms) -> None:
        """Nobody joins a run of a record on this disk."""

    def merge(self, begins_at: float | None = None, /) -> None:
        self._db.set_progress_handler(None, 0)  # all that may be broken off is done
        self._db.end_reading()
        census = self.people.census()[0] if self._staged is not None else {}
        with self._transaction():
            self._hold_to_last()
            if self._is_anew:
                forget(self._db)
            if self._staged is not None:
                self._merge_plan(*self._staged, census)
            self._except()
            self._take_up()
            for key, value in self._remembered.items():
                remember(self._db, key, value)
            for kind, detail, at in self._notes:
                note(self._db, kind, detail, at)
            if begins_at is not None:
                self._begin(begins_at)
        self.is_staged = False
        if self._staged is not None:
            with self._staging():
                forget_older(self._db, self._staged[0].id)
        self._merged(self.selected())

    def discard(self) -> None:
        """Nothing of what was staged is left."""
        self._db.end_reading()
        forget_older(self._db, self._last.id if self._last is not None else 0)

    def selected(self) -> SqliteSelection:
        """Whom it selects, of the record as it is once it is merged."""
        self.keep()
        selection = SqliteSelection(self._db)
        selection.scope, selection.chosen, selection.left = self.scope, self.chosen, self.left
        return selection

    def _hold_to_last(self) -> None:
        """The draft tells how it differs from this record, and from no other."""
        now = self.reading.plan()
        if now != self._last:
            raise RecordLost(
                "the record was changed by something else while this plan was made; nothing was sent",
                hint="run it again: it plans anew",
            )

    def _merge_plan(self, plan: Plan, started_at: float, census: dict[Status, int]) -> None:
        self._db.execute(
            "INSERT INTO plan VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                plan.id,
                plan.inputs,
                started_at,
                plan.completed_at,
                json.dumps(plan.columns),
                plan.recipients_digest,
                plan.content_digest,
                json.dumps(census),
            ),
        )
        seat(self._db, self._last.id if self._last is not None else 0, plan.id)

    def _except(self) -> None:
        """Who was never tried has a delivery from now on, which no plan replaces."""
        if self._excepted is None:
            return
        detail, at = self._excepted
        ids = "(SELECT coalesce(r.delivery, r.id) FROM plan_row AS r WHERE r.id IN temp.excepted_rows)"
        self.settled = frozenset(id_ for (id_,) in self._db.execute(ids[1:-1]))
        self._db.execute(
            f"UPDATE delivery SET status = {leads_to(Event.EXCEPT)}, was = NULL, vars = NULL, due_at = NULL, "
            "why = 'by-hand', detail = ?, finished_at = iif(first_attempt_at IS NULL, NULL, ?) "
            f"WHERE id IN {ids} AND {happens(Event.EXCEPT)}",
            (detail, at),
        )
        self._db.execute(
            "INSERT INTO delivery (id, key, email, status, attempts, why, detail) SELECT r.id, r.key, "
            f"r.email, {leads_to(Event.EXCEPT)}, 0, 'by-hand', ? FROM plan_row AS r WHERE r.delivery IS NULL "
            "AND r.id IN temp.excepted_rows AND r.id NOT IN (SELECT id FROM delivery)",
            (detail,),
        )

    def _take_up(self) -> None:
        """Those done with are sent to again, for this run; who is deferred is due when it was said; and
        whoever has another address by now begins anew there."""
        for event in (Event.RETRY, Event.RESEND):
            self._db.execute(
                f"UPDATE delivery SET was = status, status = {leads_to(event)}, due_at = NULL "
                f"WHERE id IN temp.asked AND {happens(event)} AND status NOT IN {listed(SENDABLE)}"
            )
        self._db.execute(
            "UPDATE delivery SET due_at = hurried.due_at FROM hurried WHERE hurried.id = delivery.id "
            "AND status = 'deferred'"
        )
        if self._plan is not None:
            among = "" if self._staged is not None else " AND delivery.id IN temp.asked"
            readdress(self._db, self._plan.id, among)
        for at, latest in self._due:
            these = f"status = 'deferred' AND gone IS NULL{self.those}"
            self._db.execute(f"UPDATE delivery SET due_at = ? WHERE due_at IS NULL AND {these}", (at,))
            if latest is not None:
                self._db.execute(
                    f"UPDATE delivery SET due_at = ?1 WHERE due_at > ?1 AND {these}", (latest,)
                )
