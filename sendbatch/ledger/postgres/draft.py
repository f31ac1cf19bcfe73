"""What a run is about to make of the record, in PostgreSQL. Behind `store.Draft`.

A draft keeps to itself what it is to change: staged rows and lists in tables of its own (`scratch`), and what
is to be remembered in memory. It tells how everybody will stand from the record as it is. While a person is
asked, no transaction is open and nothing is locked; the lease on planning is renewed beside. `merge` first
puts the rows of the plan where all rows stand, under a number that nobody looks at; then one short
transaction changes all the rest, and is refused where the record has another plan by then, or planning is
another's.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import psycopg

from sendbatch.errors import LedgerError, RecordLost, SendbatchError
from sendbatch.ledger.facts import Plan, Retried, Terms, Weight
from sendbatch.ledger.postgres import merging
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.connecting import Connection, Cursor, one, stopped, transaction
from sendbatch.ledger.postgres.heeding import Heeded
from sendbatch.ledger.postgres.parts import ask
from sendbatch.ledger.postgres.people import PostgresPeople, people_of
from sendbatch.ledger.postgres.reading import PostgresReading
from sendbatch.ledger.postgres.rows import COLUMNS, in_parts, to_recipients
from sendbatch.ledger.postgres.scratch import Scratch, clear_dead, is_of_a_draft
from sendbatch.ledger.postgres.selecting import (
    CHOSEN,
    LEFT,
    SCOPE,
    PostgresSelection,
    keep,
)
from sendbatch.ledger.postgres.staging import PostgresStaging, id_of
from sendbatch.ledger.postgres.text import stored
from sendbatch.ledger.postgres.view import (
    NOBODY,
    PlanRows,
    Rows,
    current,
    deliveries_of,
    gone,
    plan_rows,
    rows_of,
    rows_of_draft,
)
from sendbatch.ledger.sqlite.sql import happens, listed
from sendbatch.ledger.states import SENDABLE, Event, sources
from sendbatch.values import Recipient, Status

Hold: TypeAlias = Callable[[Cursor], None]
Begin: TypeAlias = Callable[[Cursor, float | None, Terms | None, PostgresSelection], None]
Merged: TypeAlias = Callable[[PostgresSelection], None]
_SENDABLE = listed(SENDABLE)
_MANY = 1000  # rows from which on the server has to know how they are distributed


@dataclass(frozen=True, slots=True)
class Staged:
    """A plan that is complete, and not merged; its rows' ids are counted on from `base`."""

    plan: Plan
    started_at: float
    base: int


class PostgresDraft(PostgresSelection):
    """Of `record`; `token` is its own number, under which its rows will stand. `hold` raises RecordLost,
    within a transaction, where planning is another's by now; `begin` is called last in the transaction that
    merges, with when a run begins to send, if it does, its terms and whom it selects; and `merged` when that
    is durable."""

    def __init__(
        self, asked: Heeded, record: int, token: int, *, hold: Hold, begin: Begin, merged: Merged
    ) -> None:
        super().__init__(asked, record, {})
        self._db = asked
        self._token = token
        self._hold = hold
        self._begin = begin
        self._merged = merged
        self._scratch = Scratch(asked, record, token)
        self._deliveries = deliveries_of(record)
        self._is_anew = False
        self.reading = PostgresReading(asked, record)
        self._last = self.reading.plan()
        self._last_rows = self._db.one(f"SELECT {current(record)}") or 0
        self._staged: Staged | None = None
        self._terms: Terms | None = None
        self._notes: list[tuple[str, str, float]] = []
        self._remembered: dict[str, str] = {}
        self._due: list[tuple[float, float | None]] = []
        self._excepted: tuple[str, float] | None = None
        self._rows_put = 0
        self._ours = f"record = {record:d} AND plan = {token:d}"  # of a row of all: it is of the plan that is staged

    # -- a plan -------------------------------------------------------------------------------

    @property
    def _plan(self) -> Plan | None:
        return self._staged.plan if self._staged is not None else self._last

    @property
    def _people(self) -> Rows:
        if self._staged is None and not self._is_anew and "asked" not in self._scratch:
            return rows_of(self._rows_of_plan, self._deliveries)  # as the record has them
        return rows_of_draft(
            self._rows_of_plan,
            self._deliveries,
            asked=self._scratch.get("asked"),
            is_new=self._staged is not None,
            excepted=self._scratch["excepted_rows"] if self._excepted is not None else None,
        )

    @property
    def _rows_of_plan(self) -> PlanRows:
        if self._staged is None:
            return plan_rows(self._record, self._last_rows)
        return PlanRows(f"(SELECT {id_of(self._staged.base)} AS id, {merging.ROW} FROM {self._scratch['row']} AS r) AS staged")

    @property
    def rows(self) -> str:
        return str(self._people)

    @property
    def people(self) -> PostgresPeople:
        return people_of(self._db, self._people, gone(self._deliveries), self._plan)

    def stage(self, columns: Sequence[str]) -> PostgresStaging:
        return PostgresStaging(
            self._db,
            self._scratch,
            self._record,
            columns,
            self._last.id if self._last is not None else 0,
            str(plan_rows(self._record, self._last_rows)),
            self._deliveries,
            self._finished,
        )

    def _finished(self, plan: Plan, started_at: float, base: int) -> None:
        self._staged = Staged(plan, started_at, base)

    def forget_everyone(self) -> None:
        """Its plans keep their numbers; the next one is as a first."""
        self._is_anew = True
        self._deliveries = NOBODY
        self.reading = PostgresReading(self._db, self._record, NOBODY)

    def remember(self, key: str, value: str) -> None:
        self._remembered[key] = value

    def note(self, kind: str, detail: str, at: float) -> None:
        self._notes.append((kind, detail, at))

    def except_them(self, detail: str, at: float) -> None:
        self._excepted = detail, at

    def terms(self, terms: Terms) -> None:
        self._terms = terms

    # -- whom it selects ----------------------------------------------------------------------

    def _select(self, kind: str, holds: bool = True) -> None:
        """From now on it goes by the table of this kind, or not."""
        kinds = {one: table for one, table in self.kinds.items() if one != kind}
        self.kinds = {**kinds, kind: self._scratch[kind]} if holds else kinds

    def only(self, named: Sequence[tuple[str, ...]] | None) -> list[str]:
        self._scratch.drop(SCOPE, "wanted")
        self._select(SCOPE, holds=False)
        if named is None:
            return []
        scope = self._scratch.make(SCOPE)
        spelled = ((stored(one), n) for n, spellings in enumerate(named) for one in spellings)
        self._scratch.put("wanted", spelled)
        found = self._db.execute(
            f"WITH found AS (SELECT people.id, w.number FROM {self.rows}, {self._scratch['wanted']} AS w "
            f"WHERE people.key = w.spelling UNION SELECT people.id, w.number FROM {self.rows}, "
            f"{self._scratch['wanted']} AS w WHERE people.email = w.spelling), put AS (INSERT INTO {scope} "
            "(id) "
            "SELECT DISTINCT id FROM found) SELECT DISTINCT number FROM found"
        )
        known = {number for (number,) in found}
        self._select(SCOPE)
        return [spellings[0] for n, spellings in enumerate(named) if n not in known]

    def retry(self, asked: Sequence[Retried], at: float) -> int:
        return sum(self._retry(one, at) for one in asked)

    def _retry(self, asked: Retried, at: float) -> int:
        assert asked.status in sources(Event.RETRY)
        those = f"FROM {self.rows} WHERE holds AND status = %s{self.scope}{self._not_excepted}"
        code = 'coalesce(enhanced_code, code::text) COLLATE "C"'
        values: list[Any] = [str(asked.status)]
        if asked.codes is not None:
            there = self._db.execute(f"SELECT DISTINCT {code} {those}", values).fetchall()
            those += f" AND {code} = ANY(%s)"
            values.append([one for (one,) in there if one is not None and fnmatchcase(one, asked.codes)])
        if asked.status is Status.REJECTED:
            into = f"INSERT INTO {self._scratch.make('asked')} (id) SELECT id FROM found ON CONFLICT DO NOTHING"
        else:
            into = (
                f"INSERT INTO {self._scratch.make('hurried')} (id, due_at) SELECT id, %s::double precision "
                "FROM found ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at"
            )
            values.append(at)
        # what is asked of stays as it was: a table that is made within would be among it
        found = self._db.one(f"WITH found AS (SELECT id {those}), put AS ({into}) SELECT count(*) FROM found", values)
        return int(found)

    @property
    def _not_excepted(self) -> str:
        if self._excepted is None:
            return ""
        return f" AND NOT EXISTS (SELECT 1 FROM {self._scratch['excepted_rows']} AS e WHERE e.id = people.place)"

    def resend(self, only: Collection[int] | None = None) -> int:
        those = f"SELECT id FROM {self.rows} WHERE holds AND {happens(Event.RESEND)}{self.scope}"
        values: list[Any] = []
        if only is not None:
            those += " AND id = ANY(%s)"
            values.append(sorted(only))
        asked = self._scratch.make("asked")
        return self._db.execute(f"INSERT INTO {asked} (id) {those} ON CONFLICT DO NOTHING", values or None).rowcount

    def doubt_with_key(self, content: str, dated_after: float) -> frozenset[int]:
        rows = self._db.execute(
            f"SELECT id FROM {self.rows} WHERE status = 'in_doubt' AND content = %s AND dated_at > %s"
            f"{self.scope}",
            (content, dated_after),
        )
        return frozenset(id_ for (id_,) in rows)

    def limit(self, count: int | None) -> None:
        self._choose(count)
        asked, left = self._scratch["asked"], self._scratch.make(LEFT)
        if count is not None and "asked" in self._scratch:
            kept = f"EXISTS (SELECT 1 FROM {self._scratch[CHOSEN]} AS c WHERE c.id = a.id)"
            self._db.execute(
                f"WITH over AS (DELETE FROM {asked} AS a WHERE NOT {kept} RETURNING a.id) "
                f"INSERT INTO {left} (id) SELECT id FROM over ON CONFLICT DO NOTHING"
            )
        self._select(LEFT)

    def _choose(self, count: int | None) -> None:
        """Of the rows in scope that can be sent to, take the first so many by line."""
        self._scratch.drop(CHOSEN)
        self._select(CHOSEN, holds=False)
        if count is None:
            return
        self._db.execute(
            f"INSERT INTO {self._scratch.make(CHOSEN)} (id) SELECT id FROM {self.rows} "
            f"WHERE holds AND status IN {_SENDABLE}{self.scope} ORDER BY place LIMIT %s ON CONFLICT DO "
            "NOTHING",
            (count,),
        )
        self._select(CHOSEN)

    def make_due(self, at: float, latest: float | None = None) -> None:
        self._due.append((at, latest))

    def samples(self, count: int) -> list[Recipient]:
        rows = ask(self._db, f"SELECT {COLUMNS} {self._to_send} ORDER BY place LIMIT %s", (count,))
        return to_recipients(rows)

    def to_send(self) -> Iterator[Recipient]:
        yield from in_parts(self._db, self._people, f"holds AND status IN {_SENDABLE}{self.those}")

    @property
    def _to_send(self) -> str:
        return f"FROM {self.rows} WHERE holds AND status IN {_SENDABLE}{self.those}"

    def weight(self) -> Weight | None:
        if self._staged is None:
            return None
        if "weighed" not in self._scratch:
            return Weight()
        most, total = self._db.execute(
            "SELECT coalesce(max(bytes), 0), coalesce(sum(bytes), 0)::bigint FROM "
            f'(SELECT "row" {self._to_send}) AS them JOIN {self._scratch["weighed"]} AS w USING ("row")'
        ).fetchall()[0]
        return Weight(most, total)

    # -- merging ------------------------------------------------------------------------------

    def merge(self, begins_at: float | None = None, /) -> None:
        census = self.people.census()[0] if self._staged is not None else {}
        if self._staged is not None:
            self._put_rows()
        self._db.end_watching()  # all that may be broken off is done
        with transaction(self._db.connection) as cursor:
            self._hold(cursor)
            self._scratch.hold_whole(cursor)
            self._hold_to_last(cursor)
            self._merge(cursor, census)
            selection = PostgresSelection(
                self._db, self._record, keep(cursor, self._record, self.kinds)
            )
            self._begin(cursor, begins_at, self._terms, selection)
        self._end(selection)
        self._merged(selection)

    def _put_rows(self) -> None:
        """Where all rows stand, with their ids. One statement, and none of it counts before the merge."""
        with transaction(self._db.connection) as cursor:
            self._hold(cursor)
        self._rows_put = self._db.execute(
            f"INSERT INTO sendbatch.plan_row (record, plan, id, {merging.ROW}) SELECT {self._record:d}, "
            f'{self._token:d}, id, {merging.ROW} FROM {self._rows_of_plan.table} ORDER BY id'
        ).rowcount
        if self._rows_put >= _MANY:
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                self._db.execute("ANALYZE sendbatch.plan_row")

    def _hold_to_last(self, cursor: Cursor) -> None:
        """The draft tells how it differs from this record, and from no other; and all its rows are there."""
        rows = one(cursor, f"SELECT count(*) FROM sendbatch.plan_row WHERE {self._ours}")
        now = PostgresReading(self._db, self._record).plan()
        if now != self._last or rows != self._rows_put:
            raise RecordLost(
                "the record was changed by something else while this plan was made; nothing was sent",
                hint="run it again: it plans anew",
            )

    def _merge(self, cursor: Cursor, census: dict[Status, int]) -> None:
        record, staged = self._record, self._staged
        rows = self._token if staged is not None else self._last_rows
        if self._is_anew:
            merging.forget(cursor, record)
        if staged is not None:
            self._merge_plan(cursor, staged, census)
            merging.seat(cursor, record, self._last_rows, self._token)
        if self._excepted is not None:
            detail, at = self._excepted
            merging.except_(cursor, record, rows, self._scratch["excepted_rows"], detail, at)
        asked = self._scratch.get("asked")
        merging.take_up(cursor, record, asked, self._scratch.get("hurried"))
        if staged is not None or asked is not None:
            among = "" if staged is not None else f" AND d.id IN (SELECT id FROM {asked} AS x)"
            merging.readdress(cursor, record, rows, among)
        for at, latest in self._due:
            merging.make_due(cursor, record, self.those, at, latest)
        for key, value in self._remembered.items():
            merging.remember(cursor, record, key, value)
        for kind, detail, at in self._notes:
            merging.note(cursor, record, kind, detail, at)

    def _merge_plan(self, cursor: Cursor, staged: Staged, census: dict[Status, int]) -> None:
        plan = staged.plan
        cursor.execute(
            "INSERT INTO sendbatch.plan (record, id, inputs, started_at, completed_at, columns, "
            "recipients_digest, "
            "content_digest, counts, rows) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                self._record, plan.id, stored(plan.inputs), staged.started_at, plan.completed_at,
                json.dumps([stored(column) for column in plan.columns], ensure_ascii=False),
                stored(plan.recipients_digest), stored(plan.content_digest), json.dumps(census), self._token,
            ),
        )  # fmt: skip

    def _end(self, selection: PostgresSelection) -> None:
        """It is the record's: whoever asks from now on is told of that."""
        if self._staged is not None:
            with contextlib.suppress(psycopg.Error):  # they wait for the next plan
                forget_older_rows(self._db, self._record, self._token)
            self._last, self._last_rows, self._staged = self._staged.plan, self._token, None
        self._is_anew, self._excepted = False, None
        self._deliveries = deliveries_of(self._record)
        self.reading = PostgresReading(self._db, self._record)
        self.kinds = selection.kinds
        self._notes, self._remembered, self._due = [], {}, []
        self._scratch.end()

    def discard(self) -> None:
        """Nothing of what was staged is left."""
        self._scratch.end()
        if self._staged is not None and self._rows_put:
            with contextlib.suppress(psycopg.Error):
                self._db.execute(f"DELETE FROM sendbatch.plan_row WHERE {self._ours}")


def forget_older_rows(asked: Heeded, record: int, token: int) -> None:
    """No rows are there of plans before this token but those of the last one. Nobody merges them any more:
    whoever drafts has the lease on planning with its token, and tokens only grow."""
    asked.execute(
        f"DELETE FROM sendbatch.plan_row WHERE record = {record:d} AND plan < {token:d} "
        f"AND plan IS DISTINCT FROM {current(record)}"
    )


@contextlib.contextmanager
def drafted(
    connection: Connection,
    address: Address,
    record: int,
    token: int,
    *,
    heed: Callable[[], None],
    hold: Hold,
    begin: Begin,
    merged: Merged,
) -> Iterator[PostgresDraft]:
    """A draft of `record`, over a connection of its own; see `PostgresDraft`. What planners that are dead
    have left is cleared. Raises RecordStopped where the database is away, or does not take what is
    written."""
    asked = Heeded(connection, heed)
    with told_of(address), asked.watched():
        clear_dead(asked, record, token)
        forget_older_rows(asked, record, token)
        draft = PostgresDraft(asked, record, token, hold=hold, begin=begin, merged=merged)
        try:
            yield draft
        finally:
            asked.leave()
            draft.discard()


@contextlib.contextmanager
def told_of(address: Address) -> Iterator[None]:
    """What the database says no to, in words. Raises RecordStopped, LedgerError, RecordLost."""
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        if not is_of_a_draft(error.diag.message_primary or ""):
            raise stopped(error, address) from error
        raise RecordLost(
            "another run has planned this campaign meanwhile, for this one was not heard of for longer than "
            "its "
            "lease; nothing was sent",
            hint="run it again, or with --join to send together with that one",
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise no_right(error, address) from None
    except psycopg.Error as error:
        raise stopped(error, address) from error


def no_right(error: psycopg.Error, address: Address) -> SendbatchError:
    return LedgerError(
        f"{address.shown}: this user may not plan there: {error.diag.message_primary}",
        hint="a plan needs tables of its own for a while: GRANT USAGE, CREATE ON SCHEMA sendbatch TO that user",
    )
