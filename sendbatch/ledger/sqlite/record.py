"""ledger.sqlite as one object: a connection, what it tells, and what is made of it. Behind `store.Record`.

Only `open_ledger` writes to the record itself; `open_scratch` works on a copy that is thrown away.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sendbatch.errors import LedgerError, RecordStopped, SendbatchError, shown
from sendbatch.ledger.facts import Joined, Runner, Unsound
from sendbatch.ledger.git.receipts import Receipt, Secret
from sendbatch.ledger.moving import MOVE, Move, move_in, refusal
from sendbatch.ledger.person import Blanked, Stories, Whose, Words
from sendbatch.ledger.portable import Row, Table
from sendbatch.ledger.sqlite import strangers
from sendbatch.ledger.sqlite.access import FILE as FILE
from sendbatch.ledger.sqlite.access import LOG
from sendbatch.ledger.sqlite.attempts import Attempts
from sendbatch.ledger.sqlite.backlog import SqliteBacklog
from sendbatch.ledger.sqlite.draft import SqliteDraft
from sendbatch.ledger.sqlite.forgetting import Changed, erase, forget, watched
from sendbatch.ledger.sqlite.holding import BEFORE, NUMBER, Hold, abandon, is_newer, vouches
from sendbatch.ledger.sqlite.leaving import rows_of
from sendbatch.ledger.sqlite.lock import is_held, last_noted
from sendbatch.ledger.sqlite.lost_record import UNDER_WAY, is_outdated, log_is_lost
from sendbatch.ledger.sqlite.reading import SqliteReading
from sendbatch.ledger.sqlite.recovery import recover, resolve
from sendbatch.ledger.sqlite.schema import (
    full,
    is_earlier,
    is_of_earlier_version,
    open_copy,
    open_for_reading,
    open_for_writing,
    unusable,
)
from sendbatch.ledger.sqlite.scratch import has_no_room, no_room, scratch_folder
from sendbatch.ledger.sqlite.selecting import SqliteSelection
from sendbatch.ledger.sqlite.soundness import hold_plans, hold_rows
from sendbatch.ledger.sqlite.sql import Connection, is_full, remember, transaction, writable
from sendbatch.ledger.sqlite.stories import stories_in
from sendbatch.ledger.states import SENDABLE
from sendbatch.values import Status

STEPS = 100_000  # of SQLite's machine between two calls of a `heed`: some milliseconds


@dataclass(frozen=True, slots=True)
class Traces:
    """What lay in a record's folder before it was read, for a run may be writing to it: whether one is alive,
    what its holder, or the last one, has noted in the lock, and whether there is a run's log."""

    folder: Path
    under_way: bool
    noted: bytes
    has_log: bool


def traces_in(folder: Path) -> Traces:
    under_way = is_held(folder)
    return Traces(folder, under_way, last_noted(folder), under_way or has_log(folder))


class Ledger:
    """An open record; close it when done. `traces` says what lay beside it before it was opened; a copy
    that is thrown away `keeps` nothing, and need not be tidied."""

    def __init__(
        self,
        connection: Connection,
        hold: Hold | None = None,
        *,
        at_rest: bool = False,
        keeps: bool = True,
        traces: Traces | None = None,
    ) -> None:
        self._connection = connection
        self._mark: str | None = None  # of this process, which takes it away in the end
        self._hold = hold
        self._traces = traces
        self._keeps = keeps
        self._is_begun = False
        (self._synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        self._selection = SqliteSelection(connection)
        self._attempts = Attempts(connection, hold, self._unsynchronised)
        self._secret: Secret | None = None  # of receipts
        self.reading = SqliteReading(connection, at_rest=at_rest)

    @property
    def under_way(self) -> bool:
        return self._traces is not None and self._traces.under_way

    @property
    def cut_off(self) -> float | None:
        if self.under_way:
            return None
        try:
            return float(self.reading.meta(UNDER_WAY) or "")
        except ValueError:
            return None

    @property
    def joined(self) -> Joined | None:
        return None

    def runners(self) -> list[Runner]:
        """One process sends from a record on this disk, and the lock tells of it."""
        return []

    def backlog(self, now: Callable[[], float]) -> SqliteBacklog:
        return SqliteBacklog(self._connection, self._hold, self._attempts, self._selection, now)

    def claim(self, at: float) -> None:
        """The lock tells whoever else is on this machine."""

    @contextlib.contextmanager
    def draft(
        self, heed: Callable[[], None] = lambda: None, resent: Callable[[], None] = lambda: None
    ) -> Iterator[SqliteDraft]:
        """`resent` is called where a person's word sends to those in doubt, and may refuse it."""
        with writable():
            self._attempts.begin()
        self._attempts.fold()
        draft = SqliteDraft(
            self._connection,
            staging=self._unsynchronised,
            transaction=partial(transaction, self._connection, self._hold),
            begin=self._begin_run,
            merged=self._merged,
            recognise=self._recognise,
            resent=resent,
        )
        try:
            with writable(), self._heeding(heed):
                yield draft
        finally:
            if draft.is_staged and self._keeps:
                with contextlib.suppress(RecordStopped), self._unsynchronised():
                    draft.discard()

    @property
    def move(self) -> Move | None:
        """Where it is going, or has gone."""
        return move_in(self.reading.meta(MOVE))

    def hold_here(self) -> None:
        """Raises GuardError where it is going elsewhere, or has gone."""
        if (move := self.move) is not None:
            raise refusal(move)

    def mark(self, move: Move | None) -> None:
        """As `moving.Source`."""
        with transaction(self._connection, self._hold):
            if move is None:
                self._connection.execute("DELETE FROM meta WHERE key = ?", (MOVE,))
            else:
                remember(self._connection, MOVE, move.remembered())
        self._confirm()

    def rows(self, table: Table) -> Generator[Row]:
        """As `portable.Told`. All is folded."""
        return rows_of(self._connection, table)

    def stories(self, whose: Whose) -> Stories:
        """All that it tells of one person."""
        return stories_in(self._connection, whose)

    def forget(self, whose: Whose, words: Words, at: float) -> Blanked:
        """Blank one person; see `forgetting`. Raises RecordStopped, RecordLost."""
        self._connection.execute("PRAGMA secure_delete=ON")
        with transaction(self._connection, self._hold):
            done = forget(self._connection, whose, words, at)
        self._attempts.begin()
        self._confirm()
        return done

    def forget_watched(self, whose: Whose, words: Words, at: float) -> tuple[Blanked, list[Changed]]:
        """The same on a copy that is thrown away, with what was changed: for the store it is a copy of."""
        with watched(self._connection) as changed:
            done = self.forget(whose, words, at)
        return done, changed

    def erase(self) -> bool:
        """Nothing is left in the file of what does not stand in the record. Returns False where somebody
        else has it open, so that some may be left in its log. Raises RecordStopped."""
        self._connection.end_reading()
        with writable():
            return erase(self._connection)

    # -- receipts, of which a record may be made anew ---------------------------------------------

    def seed(
        self,
        secret: Secret,
        receipts: Iterable[Receipt],
        meta: Mapping[str, str],
        servers: Sequence[tuple[float, str]],
        at: float,
    ) -> set[int]:
        """See `strangers`. Returns the ids of whoever was on the way."""
        self._secret = secret
        with self._unsynchronised():
            crashed = strangers.seed(self._connection, receipts, meta, servers, secret, at)
        self._attempts.begin()
        return crashed

    def fill(self, tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[object]]]]) -> None:
        """An empty copy has these rows from now on: by table, and the names of their columns. Raises
        LedgerError where there is no room for them, Unsound where sendbatch does not write such."""
        with self._unsynchronised():
            for table, columns, rows in tables:
                self._connection.executemany(
                    f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) "
                    f"VALUES ({', '.join('?' * len(columns))})",
                    rows,
                )
        hold_rows(self._connection)
        hold_plans(self._connection)
        self._attempts.begin()

    def _recognise(self, connection: sqlite3.Connection, plan: int) -> None:
        secret = self._secret or strangers.secret_in(connection)
        if secret is not None:
            strangers.recognise(connection, plan, secret)

    def name_strangers(self, keys: Mapping[str, str]) -> None:
        """Those of these receipts are who has this key, by the ids of the receipts: for a copy that is only
        asked about them."""
        with self._unsynchronised():
            strangers.name(self._connection, keys)

    def has_strangers(self) -> bool:
        """Whether somebody is known by a receipt alone."""
        return strangers.are_any(self._connection)

    def told(self) -> tuple[dict[str, str], list[tuple[float, str]], int]:
        """What of the record a page about it holds: lines of meta, servers, how many have the mail or may."""
        self._attempts.fold()
        db = self._connection
        return strangers.meta_to_keep(db), strangers.servers(db), strangers.sent(db)

    def receipts(
        self, ids: Collection[int] | None, sending: Collection[int] = (), at: float = 0.0
    ) -> list[Receipt]:
        """See `strangers.receipts_of`."""
        assert self._secret is not None
        self._attempts.fold()
        return strangers.receipts_of(self._connection, self._secret, ids, sending, at)

    def deliveries_after(self, id_: int) -> list[int]:
        """The ids of those that were made since the one of this id."""
        self._attempts.fold()
        rows = self._connection.execute("SELECT id FROM delivery WHERE id > ? ORDER BY id", (id_,))
        return [found for (found,) in rows]

    def deliveries_of(self, receipts: Collection[str]) -> frozenset[int]:
        """The ids of those that it was made of, by the ids of their receipts; asked before a plan is made."""
        return strangers.deliveries_of(self._connection, receipts)

    def remember(self, key: str, value: str) -> None:
        """One line of meta, that a power cut may undo."""
        with self._unsynchronised():
            remember(self._connection, key, value)

    @contextlib.contextmanager
    def _unsynchronised(self) -> Iterator[None]:
        """A transaction that a power cut may undo, with all behind it; but none before one that is
        synchronised. So it is not counted: the lock must never tell of more than the disk holds."""
        self._connection.execute("PRAGMA synchronous=NORMAL")
        try:
            with transaction(self._connection):
                if self._hold is not None:
                    self._hold.confirm(self._connection)
                yield
        finally:
            self._connection.execute(f"PRAGMA synchronous={self._synchronous}")

    def _begin_run(self, at: float) -> None:
        """See `lost_record`."""
        self._mark = str(at)
        self._is_begun = True
        remember(self._connection, UNDER_WAY, self._mark)

    def _merged(self, selection: SqliteSelection) -> None:
        self._selection = selection
        self._attempts.begin()
        if self._is_begun:
            self._checkpoint()

    def own_time(self) -> None:
        """It goes by the machine's."""

    def recover(self, at: float) -> int:
        with transaction(self._connection, self._hold):
            found = recover(self._connection, at)
        self._attempts.begin()
        return found

    def young_doubts(self) -> None:
        """Who had them in hand is gone, and so is every answer."""

    def beside(self) -> None:
        """The lock is one process's."""

    def resolve(self, named: Sequence[tuple[str, ...]], to: Status, at: float) -> list[str]:
        with transaction(self._connection, self._hold):
            unknown = resolve(self._connection, named, to, at)
        self._attempts.begin()
        self._confirm()
        return unknown

    def _confirm(self) -> None:
        """This is the record that others find, and nobody else's. Raises RecordLost."""
        if self._hold is not None:
            self._hold.confirm(self._connection)
            self._hold.look(self._connection)

    @contextlib.contextmanager
    def _heeding(self, heed: Callable[[], None]) -> Iterator[None]:
        """The SendbatchError that `heed` raises breaks a statement off, which may take seconds for a million
        rows, and is what the block raises."""
        raised: list[SendbatchError] = []

        def is_to_end() -> bool:
            try:
                heed()
            except SendbatchError as error:
                raised.append(error)
            return bool(raised)

        self._connection.set_progress_handler(is_to_end, STEPS)
        try:
            yield
        except (sqlite3.OperationalError, RecordStopped):
            if raised:
                raise raised[0] from None
            raise
        finally:
            self._connection.set_progress_handler(None, 0)

    def _checkpoint(self) -> None:
        """Bring all of the log into the file itself, durably, unless others read it for long: a copy of the
        file alone then has the plan, and shows that it is no more."""
        with writable():
            self._connection.execute("PRAGMA wal_checkpoint(FULL)")

    def close(self) -> None:
        """The mark goes with the log. Where a full disk does not let it, the log may make room."""
        self._connection.end_reading()
        if self._hold is not None and self._hold.was_taken():
            abandon(self._connection)
            return
        if self._mark is not None:
            with contextlib.suppress(RecordStopped):
                try:
                    self._unmark()
                except RecordStopped:
                    self._checkpoint()
                    self._unmark()
        self._connection.close()

    def _unmark(self) -> None:
        with transaction(self._connection):  # wherever the file is by now, its log goes into it
            ours = (UNDER_WAY, self._mark)
            self._connection.execute("DELETE FROM meta WHERE key = ? AND value = ?", ours)
        self._mark = None

    def take_over(self) -> None:
        """A run that was cut off left its mark: with its log the record is whole, and the mark is ours."""
        self._mark = self.reading.meta(UNDER_WAY)

    def doubt(self) -> LedgerError | None:
        """What is said where a run was cut off and its log is missing, unless what was noted in the lock
        vouches for the record; and where that shows that the record is an older one."""
        traces, stands = self._traces, self.reading.meta(NUMBER)
        if traces is None or vouches(traces.noted, stands):
            return None
        is_cut_off = not traces.has_log and self.reading.meta(UNDER_WAY) is not None
        if not is_cut_off and not is_newer(traces.noted, stands, self.reading.meta(BEFORE)):
            return None
        everyone, holders = self.reading.census()
        left = sum(everyone.get(status, 0) for status in SENDABLE)
        if not is_cut_off:
            return is_outdated(traces.folder, left, holders)
        return log_is_lost(traces.folder, left, holders) if left else None


@contextlib.contextmanager
def open_ledger(
    folder: Path, hold: Hold | None = None, *, without_log: bool = False, moved: bool = False
) -> Iterator[Ledger]:
    """The record in `folder`, to be written; made where there is none. With `hold` it is in that hand
    from now on. Raises LedgerError, also where a run's log is missing or the record is an older one, unless
    that is accepted (`without_log`); GuardError where it has moved, unless what is left is wanted (`moved`);
    LockedError."""
    noted = hold.noted if hold is not None and not without_log else b""
    traces = Traces(folder, False, noted, without_log or has_log(folder))
    if is_of_earlier_version(folder / FILE):  # it is not touched where it may not be used
        with _copy(folder, traces) as copy:
            if (doubt := copy.doubt()) is not None:
                raise doubt
    connection = open_for_writing(folder / FILE)
    with _told(folder / FILE, Ledger(connection, hold, traces=traces)) as ledger:
        hold_rows(connection)
        if (doubt := ledger.doubt()) is not None:
            raise doubt
        if not moved:
            ledger.hold_here()
        if hold is not None:
            hold.take(connection, folder / FILE)
        ledger.take_over()
        yield ledger


@contextlib.contextmanager
def read_ledger(folder: Path, *, moved: bool = False) -> Iterator[Ledger]:
    """The record in `folder`, which must exist, to be read. Raises LedgerError; GuardError where it has
    moved, unless what is left is wanted (`moved`)."""
    traces = traces_in(folder)
    connection = open_for_reading(folder / FILE)
    if connection is None:
        raise LedgerError(f"{shown(folder / FILE)}: the record cannot be read: there is none yet")
    if is_earlier(connection):
        connection.close()
        with _copy(folder, traces, at_rest=True) as ledger:
            yield ledger
        return
    with _told(folder / FILE, Ledger(connection, at_rest=True, traces=traces)) as ledger:
        if not moved:
            ledger.hold_here()
        hold_rows(connection)
        yield ledger


@contextlib.contextmanager
def open_scratch(folder: Path) -> Iterator[Ledger]:
    """A copy of the record in `folder`, or an empty one, that is gone afterwards. Raises LedgerError."""
    with _copy(folder, traces_in(folder)) as ledger:
        ledger.hold_here()
        yield ledger


@contextlib.contextmanager
def open_empty_scratch() -> Iterator[Ledger]:
    """A record with nothing in it, that is gone afterwards. Raises LedgerError."""
    with scratch_folder() as nowhere, _copy(*_nothing(nowhere)) as ledger:
        yield ledger


def _nothing(folder: Path | None) -> tuple[Path, Traces]:
    nothing = (folder or Path()) / "nothing"
    return nothing, Traces(nothing, False, b"", False)


@contextlib.contextmanager
def _copy(folder: Path, traces: Traces, *, at_rest: bool = False) -> Iterator[Ledger]:
    with scratch_folder() as scratch:
        connection = open_copy(folder / FILE, scratch)
        ledger = Ledger(connection, at_rest=at_rest, keeps=False, traces=traces)
        with _told(folder / FILE, ledger):
            try:
                hold_rows(connection)
                yield ledger
            except sqlite3.Error as error:
                if has_no_room(error):
                    raise no_room(str(error)) from None
                raise


def has_log(folder: Path) -> bool:
    """A run's log is there until it is closed, and never empty: the plan went through it. An empty one is
    made by whoever only reads."""
    try:
        return (folder / LOG).stat().st_size > 0
    except OSError:
        return False


@contextlib.contextmanager
def _told(path: Path, ledger: Ledger) -> Iterator[Ledger]:
    """Closes the record in the end; what SQLite says of it becomes a LedgerError."""
    try:
        yield ledger
    except Unsound as error:
        raise unusable(path, error) from None
    except sqlite3.Error as error:
        if is_full(error):
            raise full(path) from None
        raise LedgerError(f"{shown(path)}: the record cannot be read: {error}") from None
    finally:
        ledger.close()


def has_ledger(folder: Path, run: str | None = None) -> bool:
    """Whether there is a record with a plan, and of that edition where one is given: a run that was refused
    or declined leaves none. Raises LedgerError."""
    connection = open_for_reading(folder / FILE)
    if connection is None:
        return False
    with _told(folder / FILE, Ledger(connection)) as ledger:
        is_meant = run is None or ledger.reading.meta("run") in (None, run)
        return is_meant and ledger.reading.plan() is not None
