"""What a run is about to make of the record, in PostgreSQL. Behind `store.Draft`.

A draft keeps to itself what it is to change: staged rows and lists in tables of its own (`scratch`), and what
is to be remembered in memory. Only the rows of a plan stand where all rows do, under a number that nobody
looks at (`making`). It tells how everybody will stand from the record as it is. While a person is asked, no
transaction is open and nothing is locked; the lease on planning is renewed beside. `merge` is one short
transaction, and is refused where the record has another plan by then, or planning is another's.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg

from sendbatch.errors import LedgerError, RecordLost, RecordStopped
from sendbatch.ledger.facts import Plan, Terms, Weight
from sendbatch.ledger.postgres import merging
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.choice import Choice
from sendbatch.ledger.postgres.connecting import Connection, Cursor, one, transaction, words_of
from sendbatch.ledger.postgres.heeding import Heeded
from sendbatch.ledger.postgres.making import Making, changed_meanwhile, reserved
from sendbatch.ledger.postgres.parts import first
from sendbatch.ledger.postgres.people import PostgresPeople
from sendbatch.ledger.postgres.reading import PostgresReading
from sendbatch.ledger.postgres.scratch import Scratch, clear_dead, is_of_a_draft
from sendbatch.ledger.postgres.selecting import PostgresSelection, Tally, keep
from sendbatch.ledger.postgres.staging import PostgresStaging
from sendbatch.ledger.postgres.text import stored
from sendbatch.ledger.postgres.view import (
    NO_ROWS,
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
from sendbatch.values import Status

Hold: TypeAlias = Callable[[Cursor], None]
Begin: TypeAlias = Callable[[Cursor, float | None, Terms | None, PostgresSelection], None]
Merged: TypeAlias = Callable[[PostgresSelection], None]


@dataclass(frozen=True, slots=True)
class Staged:
    """A plan that is complete, and not merged; it has so many `rows`."""

    plan: Plan
    started_at: float
    rows: int


class DraftPeople(PostgresPeople):
    """Those of a draft, who are counted by its `tally`."""

    def __init__(self, tally: Callable[[], Tally], *told: Any) -> None:
        super().__init__(*told)
        self._tally = tally

    def census(self) -> tuple[dict[Status, int], int]:
        found = self._tally()
        return found.everyone, found.holders


class PostgresDraft(Choice):
    """Of `record`; `token` is its own number, under which its rows will stand. `hold` raises RecordLost,
    within a transaction, where planning is another's by now; `begin` is called last in the transaction that
    merges, with when a run begins to send, if it does, its terms and whom it selects; and `merged` when that
    is durable."""

    def __init__(
        self, asked: Heeded, record: int, token: int, *, hold: Hold, begin: Begin, merged: Merged
    ) -> None:
        super().__init__(asked, Scratch(asked, record, token), record)
        self._token = token
        self._hold = hold
        self._begin = begin
        self._merged = merged
        self._deliveries = deliveries_of(record)
        self._is_anew = False
        self.reading = PostgresReading(asked, record)
        self._last = self.reading.plan()
        self._last_rows = int(first(asked, f"SELECT {current(record)}") or 0)
        self._making: Making | None = None  # whose rows are not the record's yet
        self._staged: Staged | None = None
        self._terms: Terms | None = None
        self._notes: list[tuple[str, str, float]] = []
        self._remembered: dict[str, str] = {}
        self._due: list[tuple[float, float | None]] = []

    # -- a plan -------------------------------------------------------------------------------

    @property
    def _plan(self) -> Plan | None:
        return self._staged.plan if self._staged is not None else self._last

    @property
    def whom(self) -> Rows:
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
        if self._staged is None or self._making is None:
            return plan_rows(self._record, self._last_rows)
        return self._making.plan_rows

    @property
    def people(self) -> PostgresPeople:
        return DraftPeople(self.tally, self._db, self.whom, gone(self._deliveries), self._plan)

    def stage(self, columns: Sequence[str]) -> PostgresStaging:
        if self._making is not None:  # it is planned anew
            self._making.clear()
        self._making = Making(
            self._db,
            self._scratch,
            self._record,
            self._token,
            reserved(self._db, self._record),
            tuple(columns),
            self._last.id if self._last is not None else 0,
            str(NO_ROWS if self._last is None else plan_rows(self._record, self._last_rows)),
            self._deliveries,
        )
        return PostgresStaging(self._making, self._finished)

    def _finished(self, plan: Plan, started_at: float, rows: int) -> None:
        self._staged = Staged(plan, started_at, rows)

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

    def make_due(self, at: float, latest: float | None = None) -> None:
        self._due.append((at, latest))

    def weight(self) -> Weight | None:
        if self._staged is None:
            return None
        if "weighed" not in self._scratch:
            return Weight()
        most, total = self._db.of_all(
            "SELECT coalesce(max(bytes), 0), coalesce(sum(bytes), 0)::bigint FROM "
            f'(SELECT "row" {self.those_to_send}) AS them JOIN {self._scratch["weighed"]} AS w USING ("row")'
        ).fetchall()[0]
        return Weight(most, total)

    # -- merging ------------------------------------------------------------------------------

    def merge(self, begins_at: float | None = None, /) -> None:
        census = self.tally().everyone if self._staged is not None else {}
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

    def _hold_to_last(self, cursor: Cursor) -> None:
        """The draft tells how it differs from this record, and from no other; and all its rows are there."""
        if PostgresReading(self._db, self._record).plan() != self._last:
            raise changed_meanwhile()
        if self._staged is None:
            return
        if one(cursor, f"SELECT count(*) FROM {self._rows_of_plan} AS r") != self._staged.rows:
            raise changed_meanwhile()

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
            "recipients_digest, content_digest, counts, rows) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
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
            self._last, self._last_rows = self._staged.plan, self._token
            self._staged = self._making = None
        self._is_anew, self._excepted = False, None
        self._deliveries = deliveries_of(self._record)
        self.reading = PostgresReading(self._db, self._record)
        self.kinds = selection.kinds
        self._notes, self._remembered, self._due = [], {}, []
        self._tallied = None
        self._scratch.end()

    def discard(self) -> None:
        """Nothing of what was staged is left."""
        self._scratch.end()
        if self._making is not None:
            with contextlib.suppress(psycopg.Error):  # the next planner clears them
                self._making.clear()


def forget_older_rows(asked: Heeded, record: int, token: int) -> None:
    """No rows are there of plans before this token but those of the last one. Nobody merges them any more:
    whoever drafts has the lease on planning with its token, and tokens only grow."""
    # A plan's ids follow one another, and no other's are among them: where the first and the last are of one
    # plan there is none beside, and that is seen without a look at its rows.
    ends = " OR ".join(
        f"(SELECT plan FROM sendbatch.plan_row WHERE record = {record:d} ORDER BY id {way} LIMIT 1) "
        f"IS DISTINCT FROM {current(record)}"
        for way in ("ASC", "DESC")
    )
    asked.execute(
        f"DELETE FROM sendbatch.plan_row WHERE record = {record:d} AND plan < {token:d} "
        f"AND plan IS DISTINCT FROM {current(record)} AND ({ends})"
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
            raise broken_off(error, address) from error
        raise RecordLost(
            "another run has planned this campaign meanwhile, for this one was not heard of for longer than "
            "its lease; nothing was sent",
            hint="run it again, or with --join to send together with that one",
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise no_right(error, address) from None
    except psycopg.Error as error:
        raise broken_off(error, address) from error


def broken_off(error: psycopg.Error, address: Address) -> RecordStopped:
    hint = "run it again once the database is well: it plans anew"
    if isinstance(error, psycopg.errors.QueryCanceled):
        hint = "a plan of many rows takes longer than this user may: ALTER ROLE … SET statement_timeout = 0"
    return RecordStopped(
        f"{address.shown}: the database broke off while this plan was made: {words_of(error)}; nothing was "
        "sent",
        hint=hint,
    )


def no_right(error: psycopg.Error, address: Address) -> LedgerError:
    return LedgerError(
        f"{address.shown}: the user of the record's database may not plan in it: {words_of(error)}; "
        "nothing was sent",
        hint="a plan has tables of its own for a while: GRANT USAGE, CREATE ON SCHEMA sendbatch TO that user",
    )
