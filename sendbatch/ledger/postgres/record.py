"""ledger.postgres as one object: a runner's place in a record, what it tells, and what is made of it. Behind
`store.Record`.

A runner has a connection for each that may wait for the database: one that writes, one that looks, one that
reads, one that shows that it is alive; and a draft has its own.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from sendbatch.errors import LedgerError, RecordStopped, one_line
from sendbatch.ledger.facts import Joined, Terms, Work
from sendbatch.ledger.postgres import blocks, recovery, runs
from sendbatch.ledger.postgres.backlog import PostgresBacklog
from sendbatch.ledger.postgres.blocks import Holding
from sendbatch.ledger.postgres.claims import Queries
from sendbatch.ledger.postgres.clocks import DatabaseTime
from sendbatch.ledger.postgres.commits import Commits
from sendbatch.ledger.postgres.connecting import (
    NOW,
    Connection,
    Cursor,
    Query,
    connect,
    lease_seconds,
    one,
    transaction,
)
from sendbatch.ledger.postgres.draft import PostgresDraft, drafted
from sendbatch.ledger.postgres.heartbeat import Heartbeat, Watch
from sendbatch.ledger.postgres.line import Line, Waiting
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.reading import PostgresReading
from sendbatch.ledger.postgres.runs import Other, Seat
from sendbatch.ledger.postgres.schema import ensure, keep_version
from sendbatch.ledger.postgres.selecting import PostgresSelection, restore, selection_of
from sendbatch.ledger.postgres.snapshot import PostgresSnapshot
from sendbatch.ledger.postgres.twins import hold_only
from sendbatch.ledger.states import SENDABLE
from sendbatch.values import Status

T = TypeVar("T")
AT_OPENING: Final = 15.0  # seconds that a database is waited for before anything is begun
AT_CLOSING: Final = 3.0  # and when all is over: then the leases run out by themselves
LOOK_AGAIN: Final = 0.3  # seconds, for a plan that another makes


class Answering:
    """As a connection that is made anew where it broke, for statements that read."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def execute(
        self, query: Query, values: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Cursor:
        return self._line.ask(lambda connection: connection.execute(query, values))


class PostgresRecord:
    """An open record; `close` it when done."""

    def __init__(self, waiting: Waiting, seat: Seat, joined: Joined | None, *, shared: bool) -> None:
        self.joined = joined
        self._waiting = waiting
        self.seat = seat
        self._shared = shared
        self._time = DatabaseTime()
        self.writing, self._looking, self._reading = Line(waiting), Line(waiting), Line(waiting)
        self._holding = Holding()
        self._commits = Commits(self.writing, seat, self._holding, self._time)
        unheard = replace(waiting, told=lambda text: None, offline=0.0)
        self.heartbeat = Heartbeat(
            Line(unheard), seat, self._commits, self._time, self._asked_to_end
        )
        self._watch = Watch(self.writing, self._looking, self._reading)
        self.reading = PostgresReading(Answering(self._reading), seat.record)

    def own_time(self) -> float:
        """The database's."""
        return self._time.now()

    def open(self) -> None:
        """Be heard of from now on."""
        self.beat()
        self.heartbeat.start()
        self._watch.start()

    def beat(self) -> None:
        """Say so, and hear what others have to say, now."""
        self.writing.ask(self.heartbeat.beat)

    def _asked_to_end(self, by: str) -> None:
        self._waiting.stop.soon(f"sendbatch stop, {one_line(by, 200)}")

    def doubt(self) -> LedgerError | None:
        """What it knows was committed by all who send from it."""
        return None

    def claim(self, at: float) -> None:
        """The database tells whoever else opens it."""

    def backlog(self, now: Callable[[], float]) -> PostgresBacklog:
        looking = Answering(self._looking)
        selection = selection_of(looking, self.seat.record)
        began_at = looking.execute(
            "SELECT began_at FROM sendbatch.run WHERE record = %s", (self.seat.record,)
        ).fetchone()
        return PostgresBacklog(
            self._commits,
            self._looking,
            selection,
            Queries(self.seat.record, selection.selected, began_at[0] if began_at else None),
            shared=self._shared,
            out=lambda: self.heartbeat.out,
            ended=self._end,
        )

    def hold(self, cursor: Cursor) -> int:
        """In the transaction that is open: no other run begins before its end. Returns the record's id.
        Raises RecordLost where another has it."""
        runs.hold_planning(cursor, self.seat)
        return self.seat.record

    def recover(self, at: float) -> int:
        if self.seat.token is None:
            return 0  # others are alive: what is left by who is not is found as blocks are taken

        def work(connection: Connection) -> int:
            with transaction(connection) as cursor:
                runs.hold_planning(cursor, self.seat)
                return recovery.recover(cursor, self.seat, self._holding, at)

        return self.writing.ask(work)

    def young_doubts(self) -> tuple[int, float] | None:
        found = Answering(self._reading).execute(
            "SELECT count(*), max(finished_at) FROM sendbatch.delivery WHERE record = %s "
            f"AND status = 'in_doubt' AND gone IS NULL AND finished_at >= {NOW} - %s",
            (self.seat.record, runs.YOUNG + lease_seconds()),
        ).fetchone()
        if found is None or not found[0]:
            return None
        return int(found[0]), float(found[1]) + runs.YOUNG + lease_seconds()

    def beside(self) -> PostgresSnapshot | None:
        def work(connection: Connection) -> bool:
            with transaction(connection) as cursor:
                return runs.others_go_on(cursor, self.seat)

        if not self._lastly(work):
            return None
        found = PostgresSnapshot(Answering(self._reading), self.seat.record, but=self.seat.runner)
        return found if found.under_way else None

    def resolve(self, named: Sequence[tuple[str, ...]], to: Status, at: float) -> list[str]:
        def work(connection: Connection) -> list[str]:
            with transaction(connection) as cursor:
                runs.hold_planning(cursor, self.seat)
                return recovery.resolve(cursor, self.seat, named, to, at)

        return self.writing.ask(work)

    @contextlib.contextmanager
    def draft(self, heed: Callable[[], None] = lambda: None) -> Iterator[PostgresDraft]:
        address = self._waiting.address
        with contextlib.closing(self.writing.ask(lambda _: connect(address))) as connection:
            with transaction(connection) as cursor:
                token = runs.tokens(cursor, self.seat.record, 1)
            with drafted(
                connection,
                address,
                self.seat.record,
                token,
                heed=heed,
                hold=partial(runs.hold_planning, seat=self.seat),
                begin=self._begin,
                merged=self._merged,
            ) as draft:
                yield draft

    def _begin(
        self,
        cursor: Cursor,
        begins_at: float | None,
        terms: Terms | None,
        selection: PostgresSelection,
    ) -> None:
        """Last in the transaction that merges."""
        sendable = ", ".join(f"'{status}'" for status in sorted(SENDABLE))
        those = f"holds AND status IN ({sendable}){selection.those}"
        blocks.cut(cursor, self.seat.record, f"(SELECT id FROM {selection.rows} WHERE {those})")
        runs.begin(cursor, self.seat, begins_at, terms)

    def _merged(self, selection: PostgresSelection) -> None:
        """The plan is the record's; who may be at the row of this runner beside is not waited for before."""
        self._holding.clear()
        self.writing.ask(
            lambda connection: connection.execute(
                "UPDATE sendbatch.runner AS r SET state = n.state FROM sendbatch.run AS n "
                "WHERE n.record = r.record AND r.record = %s AND r.id = %s",
                (self.seat.record, self.seat.runner),
            )
        )

    def _end(self) -> None:
        def work(connection: Connection) -> None:
            with transaction(connection) as cursor:
                if runs.is_last(cursor, self.seat):
                    restore(cursor, self.seat.record)

        self._lastly(work)

    def _lastly(self, work: Callable[[Connection], T]) -> T:
        """Once nobody is sent to any more."""
        if self.writing.is_busy:  # a call was left to itself, and is not to write any more
            self.writing.close()
        if not self.writing.is_closed:
            return self.writing.ask(work)
        with contextlib.closing(self._closing()) as line:
            return line.ask(work)

    def close(self) -> None:
        """What this runner held is for others at once; with the last one, the run is over."""
        self.heartbeat.stop()
        for line in (self.writing, self._looking, self._reading):
            line.close()
        closing = self._closing()
        watch = Watch(closing)
        watch.start()
        with contextlib.suppress(RecordStopped, LedgerError):
            closing.ask(self._leave)
        closing.close()
        watch.stop()
        self._watch.stop()

    def _closing(self) -> Line:
        return Line(replace(self._waiting, offline=AT_CLOSING, told=lambda text: None))

    def _leave(self, connection: Connection) -> None:
        with transaction(connection) as cursor:
            last = runs.is_last(cursor, self.seat)
            blocks.leave(cursor, self.seat)
            if last:
                restore(cursor, self.seat.record)
            runs.leave(cursor, self.seat, last=last)


@contextlib.contextmanager
def open_record(
    place: Place,
    *,
    since: str,
    holder: str,
    now: Callable[[], float],
    join: bool,
    work: Work | None = None,
) -> Iterator[PostgresRecord]:
    """The record of this place, made where there is none. With `join`, it may have other runners: `joined` is
    the run that is under way, for which it was waited until its plan was complete. Without it, it is in this
    hand alone, to send or for this `work`.

    Raises LockedError where another has it, GuardError where it was moved, LedgerError where it cannot be
    used, RecordStopped where the database is away, Interrupted once it is asked to stop."""
    waiting = Waiting(place.address, place.offline, place.told, place.stop)
    line = Line(replace(waiting, offline=min(place.offline, AT_OPENING)), begins=True)
    try:
        line.ask(lambda connection: ensure(connection, place.address))
        seat, joined = _seated(line, place, holder, join=join, work=work)
    finally:
        line.close()
    record = PostgresRecord(waiting, seat, joined, shared=join)
    try:
        record.open()
        yield record
    finally:
        record.close()


def _seated(
    line: Line, place: Place, holder: str, *, join: bool, work: Work | None
) -> tuple[Seat, Joined | None]:
    """Waits for the plan of another. Raises Interrupted, also where somebody has ended all runners meanwhile:
    they do not want one of them to plan anew."""
    since: float | None = None  # it waits, by the database's time

    def take(connection: Connection) -> tuple[Seat, Joined | None] | Other:
        nonlocal since
        with transaction(connection) as cursor:
            keep_version(cursor, place.address)
            record = runs.record_of(cursor, place.identity)
            hold_only(cursor, record, place)
            if since is not None and (by := runs.stopped_since(cursor, record, since)) is not None:
                place.stop.soon(f"sendbatch stop, {by}")
                place.stop.heed()
            found = runs.take_seat(cursor, record, holder, place.title, join=join, work=work)
            if isinstance(found, Other) and since is None:
                since = float(one(cursor, f"SELECT {NOW}"))
            return found

    said = False
    pause = threading.Event()
    while isinstance(found := line.ask(take), Other):
        if not said:
            place.told(f"another runner plans this run: {found}; waiting for its plan")
            said = True
        pause.wait(LOOK_AGAIN)
        place.stop.heed()
    return found
