"""From recipients to messages that are ready to go: composed here where that is planned, else by the workers.

Theory of operation. A content of which the constants were encoded once is composed on the loop, between two
turns: a few messages ahead for each lane of the queue, so that one is at hand when a connection asks, and
never so many at once that a dot waits for them. Whoever cannot be composed so is built by the workers, with
all who came to the same until one of them is free: both go into the queue, roughly in the order of the CSV.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass, field

from sendbatch.audience.addresses import comparable_domain
from sendbatch.delivery import words
from sendbatch.delivery.announcements import Waits
from sendbatch.delivery.assignment import Assignment
from sendbatch.delivery.course import Course
from sendbatch.delivery.queue import Queue, Ready
from sendbatch.delivery.traffic import Traffic
from sendbatch.delivery.verdict import unbuilt
from sendbatch.ledger.facts import Failed
from sendbatch.reasons import reason_of
from sendbatch.rendering.batches import Built
from sendbatch.runtime.clock import Clock
from sendbatch.values import Message, Recipient

AT_ONCE = 0.005  # seconds of composing between two turns
AHEAD = 2  # messages composed ahead for each connection
FURTHER_AHEAD = 64  # where workers build some of them, for they should not wait until one is met
LOW = 64  # recipients waiting to be composed: then more are fetched
LOW_FAR_AWAY = 512  # where a record is asked that another machine keeps
MOST_LEFT_OVER = 256  # recipients of one lane that wait for a worker
UNBUILDABLE_SHARE = 0.01  # of the rows, and at least UNBUILDABLE_LEAST of them: then a run stops
UNBUILDABLE_LEAST = 20


class Building:
    """One object a run. `ahead` is how many messages are composed before they are asked for."""

    def __init__(
        self,
        assignment: Assignment,
        traffic: Traffic,
        queue: Queue,
        course: Course,
        waits: Waits,
        clock: Clock,
        *,
        ahead: int,
    ) -> None:
        composer = assignment.composer
        self._planned = composer.planned if composer and composer.is_planned else None
        self._pool = assignment.pool
        self._write = assignment.committer.write
        self._unbuildables = Unbuildables(assignment.selected)
        self._traffic = traffic
        self._queue = queue
        self._course = course
        self._waits = waits
        self._clock = clock
        self._ahead = ahead
        self._low = LOW_FAR_AWAY if assignment.backlog.waits else LOW
        self._stocks: defaultdict[str, _Stock] = defaultdict(_Stock)
        self._batches: deque[_Batch] = deque()
        self._is_behind = False  # there was not the time to compose all that is wanted
        self.is_unbuildable = False  # too many messages could not be built
        self._first = ""  # why the first of them could not, for people

    def lacks(self, lane: str) -> bool:
        """Whether more recipients should be fetched for this lane."""
        if not self._queue.has_room(lane):
            return False
        if self._planned is None:
            return sum(self._queue.has_room(b.lane) for b in self._batches) < self._pool.width
        stock = self._stocks[lane]
        return len(stock.waiting) < self._low and len(stock.left_over) < MOST_LEFT_OVER

    @property
    def is_coming(self) -> bool:
        """Whether something will be ready by itself for a lane that has room."""
        has_room = self._queue.has_room
        return self._is_behind or any(b.urgent or has_room(b.lane) for b in self._batches)

    @property
    def is_rendering(self) -> bool:
        """Whether workers are at it."""
        return any(not batch.built.done() for batch in self._batches)

    @property
    def has_stock(self) -> bool:
        """Whether somebody waits until there is use for their message."""
        return any(stock.waiting or stock.left_over for stock in self._stocks.values())

    @property
    def has_urgent(self) -> bool:
        """Whether somebody is being built who goes before all others."""
        return any(batch.urgent for batch in self._batches)

    def number_in(self, lanes: Collection[str]) -> int:
        """Recipients of these lanes that are not in the queue yet."""
        stocked = sum(
            len(stock.waiting) + len(stock.left_over)
            for lane, stock in self._stocks.items()
            if lane in lanes
        )
        return stocked + sum(len(b) for b in self._batches if b.lane in lanes)

    def take_in(self, lane: str, recipients: list[Recipient], *, urgent: bool = False) -> None:
        """Recipients that were fetched for this lane; `urgent` ones need no room in it."""
        if self._planned is None:
            self._render(lane, recipients, urgent=urgent)
            return
        stock = self._stocks[lane]
        if urgent:
            now = self._clock.wall()
            others = [recipient for recipient in recipients if not self._compose(recipient, now)]
            if others:
                self._render(lane, others, urgent=True)
        else:
            stock.waiting.extend(recipients)
            self.compose_ahead()

    def lose(self, ids: Collection[int]) -> None:
        """This run may not send to these any more: none of them is built, and who waits in the queue goes."""
        those = frozenset(ids)
        dropped = self._queue.drop(those)
        for stock in self._stocks.values():
            dropped |= stock.drop(those)
        for batch in self._batches:
            dropped |= batch.drop(those)
        self._traffic.lost(those, dropped)

    def withdraw(self) -> None:
        """Nobody is to be built any more who is not in the queue. No worker is at it."""
        self._stocks.clear()
        self._batches.clear()

    def cancel(self) -> None:
        """The run ends: nothing more is composed, and nobody waits for the workers any more."""
        self._stocks.clear()
        for batch in self._batches:
            batch.built.cancel()

    # composed here

    def compose_ahead(self) -> None:
        """What is wanted of those who wait, as far as there is the time."""
        if self._is_behind or self._traffic.is_stopping:
            return
        clock, has_fewer = self._clock, self._queue.has_fewer
        now, until = clock.wall(), clock.steady() + AT_ONCE
        for lane, stock in self._stocks.items():
            waiting, left_over = stock.waiting, stock.left_over
            while waiting and len(left_over) < MOST_LEFT_OVER and has_fewer(self._ahead, lane):
                recipient = waiting.popleft()
                if not self._compose(recipient, now):
                    left_over.append(recipient)
                if len(waiting) in (self._low - 1, 0):
                    self._queue.drained.set()  # more can be fetched
                if clock.steady() >= until:
                    self._is_behind = True
                    break
            if left_over and len(self._batches) < self._pool.width:
                self._render(lane, left_over)
                stock.left_over = []
            if self._is_behind:
                break
        if self._is_behind:
            asyncio.get_running_loop().call_soon(self._compose_on)

    def _compose_on(self) -> None:
        self._is_behind = False
        self.compose_ahead()

    def _compose(self, recipient: Recipient, now: float) -> bool:
        """Into the queue; False where a worker has to build the message."""
        assert self._planned is not None
        message = self._planned(recipient, now)
        if message is None:
            self._ahead = max(self._ahead, FURTHER_AHEAD)
            return False
        self._queue.add(_ready(recipient, message))
        return True

    # built by the workers

    def _render(self, lane: str, recipients: list[Recipient], *, urgent: bool = False) -> None:
        self._batches.append(self._batch(lane, recipients, urgent=urgent))

    def _batch(self, lane: str, recipients: list[Recipient], *, urgent: bool) -> _Batch:
        building = asyncio.create_task(self._pool.render(recipients, self._clock.wall()))
        building.add_done_callback(lambda _: self._queue.drained.set())
        return _Batch(lane, recipients, building, urgent)

    def queue_built(self) -> bool:
        """Put what the workers have built into the queue, of the first batch of a lane that has room: a
        queue of large messages takes an answer, not a batch. Returns whether there was one."""
        looked_at: set[str] = set()
        for batch in self._batches:
            has_turn = batch.urgent or batch.lane not in looked_at
            looked_at.add(batch.lane)
            if (
                has_turn
                and batch.built.done()
                and (batch.urgent or self._queue.has_room(batch.lane))
            ):
                self._add(batch)
                return True
        if self._batches and not self._queue.length:
            self._waits.building()
        return False

    def _add(self, batch: _Batch) -> None:
        """Into the queue with what was built of it; what could not be is recorded as failed."""
        built = batch.built.result()
        place = self._batches.index(batch)
        if rest := batch.behind(len(built)):
            self._batches[place] = self._batch(batch.lane, rest, urgent=batch.urgent)
        else:
            del self._batches[place]
        now = self._clock.wall()
        failed: list[Failed] = []
        first = ""  # reason
        for recipient, message in zip(batch.recipients, built, strict=False):
            if recipient.id in batch.dropped:
                continue
            if isinstance(message, Message):
                self._queue.add(_ready(recipient, message))
            else:
                outcome = unbuilt(message)
                assert outcome.why is not None
                failed.append(Failed(recipient.id, outcome.why, outcome.detail, now))
                first = first or reason_of(outcome, recipient.row)
                self._traffic.unbuildable(recipient, outcome)
        if failed:
            self._write(failed)
            self._first = self._first or first
            self._unbuildables.count += len(failed)
            self._hold_buildable()

    @property
    def failed(self) -> int:
        """How many messages could not be built in this run."""
        return self._unbuildables.count

    def failed_elsewhere(self, number: int) -> None:
        """So many could not be built by other runners of the same run."""
        if number != self._unbuildables.elsewhere:
            self._unbuildables.elsewhere = number
            self._hold_buildable()

    def _hold_buildable(self) -> None:
        """Give up where there are too many that are not."""
        if self._unbuildables.are_too_many and not self.is_unbuildable:
            self.is_unbuildable = True
            why = words.unbuildable(self._unbuildables.total, self._first)
            self._course.give_up(why, quoted=self._first)


def _ready(recipient: Recipient, message: Message) -> Ready:
    """At the domain of the recipient's own address, by which the record has lanes, be it sent elsewhere."""
    domain = recipient.email.rpartition("@")[2]
    return Ready(recipient, message, domain.lower() if domain.isascii() else comparable_domain(domain))


@dataclass
class Unbuildables:
    """How many rows failed to build, here and `elsewhere`; more than 1 % (at least 20) stops the run."""

    selected: int
    count: int = 0
    elsewhere: int = 0

    @property
    def total(self) -> int:
        return self.count + self.elsewhere

    @property
    def are_too_many(self) -> bool:
        return self.total >= UNBUILDABLE_LEAST and self.total > self.selected * UNBUILDABLE_SHARE


@dataclass(slots=True)
class _Stock:
    """Recipients of one lane: `waiting` until their message is wanted, `left_over` for the workers."""

    waiting: deque[Recipient] = field(default_factory=deque)
    left_over: list[Recipient] = field(default_factory=list)

    def drop(self, ids: Collection[int]) -> set[int]:
        dropped = {one.id for one in (*self.waiting, *self.left_over) if one.id in ids}
        if dropped:
            self.waiting = deque(one for one in self.waiting if one.id not in dropped)
            self.left_over = [one for one in self.left_over if one.id not in dropped]
        return dropped


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Recipients of one lane; `built` is what is built for the first of them. `urgent` ones need no room;
    those `dropped` are built in vain."""

    lane: str
    recipients: list[Recipient]
    built: asyncio.Task[Built]
    urgent: bool = False
    dropped: set[int] = field(default_factory=set)

    def drop(self, ids: Collection[int]) -> set[int]:
        dropped = {one.id for one in self.recipients if one.id in ids} - self.dropped
        self.dropped.update(dropped)
        return dropped

    def behind(self, number: int) -> list[Recipient]:
        """Who comes after the first so many."""
        return [one for one in self.recipients[number:] if one.id not in self.dropped]

    def __len__(self) -> int:
        return len(self.recipients) - len(self.dropped)

