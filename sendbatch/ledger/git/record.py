"""A record in a repository, as the house asks for it: a record in SQLite, made of receipts, whose changes are
pushed before and after each block of messages. Behind `store.Record`.

Theory of operation. The receipts say how everybody stands who was ever announced; the record in SQLite is
made of them at each start, and what lay there before is not believed. Before a block is sent, one commit is
pushed in which those of it stand as *sending*, and those of the block before as they are by then. It holds
only if nobody has changed the ref since it was read. Who is *sending* in the last commit of a run that is
over may have the mail, and is in doubt: at most one block, for the next one is not sent before this one is
told of.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from pathlib import Path

from sendbatch.errors import LedgerError, RecordStopped, SendbatchError
from sendbatch.ledger.facts import EVERYONE, Change, InARow, Intent, Joined, Lane, Noted, Remembered
from sendbatch.ledger.git import refusals
from sendbatch.ledger.git.book import Book, Told
from sendbatch.ledger.git.finding import Found, find, watch
from sendbatch.ledger.git.place import WORKING, Place
from sendbatch.ledger.git.program import Git
from sendbatch.ledger.git.remote import Remote
from sendbatch.ledger.moving import MOVE, Move, move_in
from sendbatch.ledger.person import Blanked, Whose, Words
from sendbatch.ledger.portable import Row, Table
from sendbatch.ledger.sqlite.access import FILE
from sendbatch.ledger.sqlite.asking import heeding
from sendbatch.ledger.sqlite.backlog import SqliteBacklog
from sendbatch.ledger.sqlite.draft import SqliteDraft
from sendbatch.ledger.sqlite.lock import hold
from sendbatch.ledger.sqlite.reading import SqliteReading
from sendbatch.ledger.sqlite.record import (
    Ledger,
    has_ledger,
    open_ledger,
    open_scratch,
    read_ledger,
)
from sendbatch.ledger.sqlite.schema import refuse_network
from sendbatch.ledger.sqlite.scratch import scratch_folder
from sendbatch.ledger.sqlite.strangers import SECRET
from sendbatch.ledger.store import Draft
from sendbatch.runtime.files import own_folder
from sendbatch.values import Recipient, Status
from sendbatch.words import clock_time

HEAD = "head"  # in its meta: the commit that it was made of, or has pushed last


class GitRecord:
    """In this hand. `crashed` are the ids of whoever a run that is over has left *sending*."""

    def __init__(
        self,
        ledger: Ledger,
        book: Book,
        place: Place,
        crashed: set[int],
        now: Callable[[], float],
    ) -> None:
        self._now = now
        self._ledger = ledger
        self._book = book
        self._place = place
        self._crashed = crashed
        self._last = max(ledger.deliveries_after(0), default=0)
        self._is_to_close = book.is_left_open  # also where nothing is sent
        self._changed = set(crashed)  # ids of whom the ref does not tell how they stand
        self._announced: set[int] = set()
        self._announced_at = 0.0  # by `_onward`
        self._doubted = ledger.deliveries_of(book.doubted)
        self._draft: SqliteDraft | None = None  # that is open

    @property
    def reading(self) -> SqliteReading:
        return self._ledger.reading

    def doubt(self) -> LedgerError | None:
        return None  # what was found was held to its seal and its witness

    def young_doubts(self) -> None:
        """Whoever would send to them is refused."""

    def beside(self) -> None:
        """Whoever pushes next has the campaign alone."""

    def own_time(self) -> None:
        """It goes by the machine's."""

    def recover(self, at: float) -> int:
        return len(self._crashed) + self._ledger.recover(at)

    @contextlib.contextmanager
    def draft(self, heed: Callable[[], None] = lambda: None) -> Iterator[Draft]:
        """Whoever counts as having the mail by a person's word is told of at once: were this run killed, or
        had it nobody to send to, the next one would know nothing of them."""
        with self._ledger.draft(heed, self._hold_settled) as draft:
            self._draft = draft
            try:
                yield draft
            finally:
                self._draft = None
        if draft.settled:
            self.note_changed(draft.settled)
            is_last = not self._book.is_open
            self._write((), self._now(), lambda: self._place.stop.is_soon, is_last=is_last)

    def _hold_settled(self) -> None:
        """By a person's word nobody is sent to again whom a run that only sleeps may still be sending to."""
        until = self._book.doubted_until
        if self._now() < until:
            raise refusals.too_young(clock_time(until))

    def _hold_doubted(self) -> None:
        """The same of whoever was settled since, and would be sent to all the same: rejected and to be tried
        again, or with another address in the CSV."""
        until = self._book.doubted_until
        if self._draft is None or not self._doubted or self._now() >= until:
            return
        if found := self._draft.settled_to_send(self._doubted):
            raise refusals.too_young_still(found, clock_time(until))

    @property
    def joined(self) -> Joined | None:
        return None

    def backlog(self, now: Callable[[], float]) -> GitBacklog:
        # Whom the plan settled by a person's word has a delivery by now that no receipt tells of.
        self._changed.update(self._ledger.deliveries_after(self._last))
        return GitBacklog(self._ledger.backlog(now), self)

    def claim(self, at: float) -> None:
        self._hold_doubted()
        self._write((), at, lambda: self._place.stop.is_soon)

    def resolve(self, named: Sequence[tuple[str, ...]], to: Status, at: float) -> list[str]:
        if to is Status.PENDING:
            self._hold_settled()
        unknown = self._ledger.resolve(named, to, at)
        if not unknown:
            self._write((), at, lambda: self._place.stop.is_soon, is_last=True, is_all=True)
        return unknown

    # -- forgetting (`everywhere.Forgetting`) -----------------------------------------------------

    def forget(self, whose: Whose, words: Words, at: float) -> Blanked:
        """Whom the plan names: their receipt is another's from then on, who is nobody, and the repository
        has a hash of their key. Pushed before it returns. Raises AnotherRun, RecordStopped."""
        secret = self._place.secret().of(self._place.ref)
        self._ledger.name_strangers({secret.id_of(key): key for key in whose.keys})  # in no list any more
        done = self._ledger.forget(whose, words, at)
        if done:
            self._write((), self._now(), lambda: self._place.stop.is_soon, is_last=True, is_all=True)
        return done

    def erase(self) -> bool:
        return self._ledger.erase()

    # -- going elsewhere (`moving.Source`) --------------------------------------------------------

    @property
    def move(self) -> Move | None:
        return self._ledger.move

    def mark(self, move: Move | None) -> None:
        """Pushed, and so durable. Raises AnotherRun, RecordStopped, and LockedError as long as a run that
        only sleeps may be sending to those in doubt: where the record is by then, it would not be waited
        for."""
        if move is not None:
            self._hold_settled()
        self._ledger.remember(MOVE, move.remembered() if move is not None else "")
        self._write((), self._now(), lambda: self._place.stop.is_soon, is_last=True, is_all=True)

    def rows(self, table: Table) -> Generator[Row]:
        return self._ledger.rows(table)

    def take_secret_along(self) -> None:
        """Whoever has a receipt and is not in the CSV is known by it alone, wherever the record goes: by a
        secret of this record, from which nobody has that of the others."""
        secret = self._place.secret().of(self._place.ref)
        self._ledger.remember(SECRET, secret.key.hex() if self._ledger.has_strangers() else "")

    def note_changed(self, ids: Collection[int]) -> None:
        self._changed.update(ids)

    def hold_announced(self, ids: Collection[int]) -> None:
        """These are about to be sent to: they were announced, and not too long ago. Raises RecordStopped."""
        if not self._announced.issuperset(ids):
            raise RecordStopped(
                "a message was about to leave whose recipient was not announced in the repository: this is a "
                "fault of sendbatch, and nothing of it was sent; the run has stopped"
            )
        since = _onward() - self._announced_at
        if since > self._place.patience.holds:
            raise refusals.paused(self._place.ref, since)

    async def announce(self, block: Collection[int], at: float) -> None:
        """As store.Backlog. It waits in a thread: the loop goes on. Where the task is cancelled, git is
        ended, and what may have arrived is looked at before the next commit."""
        cancelled, loop = threading.Event(), asyncio.get_running_loop()
        stop, told = self._place.stop, self._place.told

        def tell(text: str) -> None:  # who watches is told on the loop
            loop.call_soon_threadsafe(told, text)

        self._book.told = tell
        with self._telling(block, at) as page:
            writing = loop.run_in_executor(
                None, lambda: self._book.write(page, at, lambda: cancelled.is_set() or stop.is_now)
            )
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                cancelled.set()
                with contextlib.suppress(SendbatchError):
                    await writing
                raise
            finally:
                self._book.told = told

    def end(self, at: float, *, is_over: bool = False) -> None:
        """Tell what has become of everybody, and that the run has ended; where it was never begun there, only
        if it `is_over` with something to tell. Raises RecordStopped, LedgerError."""
        is_to_tell = is_over and (self._is_to_close or bool(self._changed))
        if (self._book.is_open or is_to_tell) and not self._book.is_lost:
            fold = self._book.is_worth_folding
            until = time.monotonic() + self._place.patience.answer

            hurried = time.monotonic() + self._place.patience.hurried

            def ended() -> bool:  # it was waited for in vain before: one more try
                now = time.monotonic()
                return (self._place.stop.is_now and now > hurried) or (self._book.gave_up and now > until)

            self._write((), at, ended, is_last=True, is_all=fold)
            self._is_to_close = False

    def _write(
        self,
        block: Collection[int],
        at: float,
        ended: Callable[[], bool],
        *,
        is_last: bool = False,
        is_all: bool = False,
    ) -> None:
        with self._telling(block, at, is_last=is_last, is_all=is_all) as page:
            try:
                self._book.write(page, at, ended)
            except RecordStopped:
                if not self._book.is_open:
                    self._place.stop.heed()
                raise

    @contextlib.contextmanager
    def _telling(
        self, block: Collection[int], at: float, *, is_last: bool = False, is_all: bool = False
    ) -> Iterator[Told]:
        """What the next commit says; once it is there the block is announced, and who was before and was not
        settled is as before. Until then all of it is to be told."""
        begun, changed = _onward(), self._changed | self._announced | set(block)
        self._changed = set()
        try:
            receipts = self._ledger.receipts(None if is_all else changed, block, at)
            yield Told(receipts, *self._ledger.told(), is_last=is_last, is_all=is_all)
        except BaseException:
            self._changed |= changed
            raise
        self._announced, self._announced_at = set(block), begun
        self._ledger.remember(HEAD, self._book.head)


class GitBacklog:
    """Behind `store.Backlog`: that of the record in SQLite, from which nobody is sent to who was not
    announced."""

    waits = others = False
    streak = None
    announces = True

    def __init__(self, backlog: SqliteBacklog, record: GitRecord) -> None:
        self._backlog = backlog
        self._record = record
        self.now = backlog.now

    async def announce(self, block: Collection[int]) -> None:
        await self._record.announce(block, self.now())

    def apply(self, changes: Sequence[Change]) -> Collection[int]:
        begun = [change.id for change in changes if type(change) is Intent]
        if begun:
            self._record.hold_announced(begun)
        self._backlog.apply(changes)
        self._record.note_changed(
            [change.id for change in changes if not isinstance(change, Noted | Remembered | InARow)]
        )
        return ()

    def end(self) -> None:
        self._backlog.end()
        self._record.end(self.now(), is_over=True)

    def totals(self) -> dict[Status, int]:
        return self._backlog.totals()

    def left_over(self) -> int:
        return self._backlog.left_over()

    def claim_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        return self._backlog.claim_new(after_row, limit, lane)

    def claim_due(self, now: float, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        return self._backlog.claim_due(now, limit, lane)

    def has_due(self, now: float) -> bool:
        return self._backlog.has_due(now)

    def next_due_at(self, lane: Lane = EVERYONE) -> float | None:
        return self._backlog.next_due_at(lane)

    def give_back(self, ids: Collection[int]) -> None:
        self._backlog.give_back(ids)

    def tidy(self) -> None:
        self._backlog.tidy()


@contextlib.contextmanager
def open_git_record(
    place: Place,
    folder: Path,
    *,
    since: str,
    holder: str,
    now: Callable[[], float],
    moved: bool = False,
) -> Iterator[GitRecord]:
    """The record of this place, in this hand: a run of another machine that goes on with it is noticed at the
    next push. `folder` is that of its reports, where the record that is made of it lies if it can be written.
    `moved`: also what is left of one that has moved. Raises LockedError, GuardError, LedgerError,
    RecordStopped, Interrupted."""
    with (
        _scratch() as scratch,
        _working(folder, scratch) as working,
        hold(working, since=since, holder=holder) as held,
        heeding(working, held.number, place.stop),
    ):
        remote = remote_of(place, scratch)
        found = find(remote, place, moved=moved)
        if not found.pages.about.ended:
            watch(remote, place, found)
        _clear(working)
        with open_ledger(working, held, without_log=True) as ledger:
            crashed = _seeded(ledger, place, found, now())
            record = GitRecord(ledger, Book(remote, place, found), place, crashed, now)
            try:
                yield record
            except BaseException:
                with contextlib.suppress(SendbatchError):  # that is told of already
                    record.end(now())
                raise
            record.end(now())


@contextlib.contextmanager
def open_git_copy(place: Place, at: float, *, moved: bool = False) -> Iterator[Ledger]:
    """A copy of the record as the repository has it: whatever is done to it is gone afterwards. Raises as
    `open_git_record`, `moved` is as there."""
    with _scratch() as scratch, open_scratch(scratch / "nothing") as ledger:
        if place.has_key:
            found = find(remote_of(place, scratch), place, moved=moved)
            _seeded(ledger, place, found, at)
            ledger.remember(HEAD, found.commit)
        yield ledger


def move_of(place: Place) -> Move | None:
    """By which the record of this place goes elsewhere, or has gone. Raises as `open_git_record`."""
    with _scratch() as scratch:
        return move_in(find(remote_of(place, scratch), place, moved=True).pages.about.meta.get(MOVE))


@contextlib.contextmanager
def read_last_run(place: Place, folder: Path) -> Iterator[Ledger | None]:
    """The record that a run on this machine has left, or is writing, if the repository has no newer one: it
    knows the replies, too. None where it is not there. Raises as `open_git_record`."""
    working = folder / WORKING
    with contextlib.ExitStack() as stack:
        ledger = None
        if has_ledger(working):
            ledger = stack.enter_context(read_ledger(working))
            if not ledger.under_way:
                scratch = stack.enter_context(_scratch())
                found = find(remote_of(place, scratch), place)
                if ledger.reading.meta(HEAD) != found.commit:
                    ledger = None
        yield ledger


def remote_of(place: Place, scratch: Path | None) -> Remote:
    """Raises LedgerError where this is no checkout with an origin."""
    objects = scratch / "objects" if scratch is not None else None
    git = Git(place.checkout, place.environ, objects)
    remote = Remote(git, place.patience.answer, lambda: place.stop.is_soon)
    remote.prepare()
    return remote


def _seeded(ledger: Ledger, place: Place, found: Found, at: float) -> set[int]:
    secret, about = place.secret().of(place.ref), found.pages.about
    meta = dict(about.meta)
    meta["salt"] = secret.digest("salt", "").hex()
    receipts = found.pages.receipts().values()
    return ledger.seed(secret, receipts, meta, about.servers, at)


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    with scratch_folder() as scratch:
        if scratch is None:
            raise LedgerError(
                "a record in the repository needs a folder for temporary files, and there is none that can "
                "be "
                "written; nothing was sent",
                hint="set TMPDIR to a folder that can be",
            )
        yield scratch


@contextlib.contextmanager
def _working(folder: Path, scratch: Path) -> Iterator[Path]:
    """Where the record that is made of receipts lies: beside the reports, so that it can be told of
    afterwards, else where it is gone afterwards."""
    working = folder / WORKING
    try:
        own_folder(working)
        refuse_network(working)
        if not os.access(working, os.W_OK):
            raise PermissionError
    except (OSError, LedgerError):
        working = scratch / WORKING
        working.mkdir(mode=0o700)
    yield working


def _clear(working: Path) -> None:
    """What a run before has left is of no worth; only its lock is held by us."""
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal"):
        (working / name).unlink(missing_ok=True)


def _onward() -> float:
    """Seconds of a clock that runs on while the machine sleeps, and that nobody sets."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
