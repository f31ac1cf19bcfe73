"""Nothing leaves that was not announced: who is sent to stands in a block that others see, and nobody else.

Theory of operation. A store that announces (`Backlog.announces`) tells other machines whom a run is about to
send to, which takes seconds. So it is done for a block of recipients at once: as many as go in ten seconds,
each lane of the queue with as many as its own limits let go. What was fetched is held here, and only who is
in the block is built and queued. One block is sent at a time:

    held       nobody goes. The first of each lane stands in the queue, so that whoever has a connection, and
               the leave of all other gates, comes to take them: that asks for a block. While a server is
               gone, a quota is used up, a pause lasts, nobody asks, and nobody is announced in vain
    announced  others are told the block, with what became of the one before it; nobody goes
    sent       until all of it are settled, or the rest may not go for long: those are held again

Who is still on the way when a block is over, as at a server that is slow to answer one message, is announced
with the next, and keeps nobody waiting. Where for a while nobody is on the way, what others see is set right
without a next block: a run that dies while it waits leaves nobody in doubt.

The gate `limits.announced` holds everybody back; the other gates know nothing of blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from sendbatch.delivery import words
from sendbatch.delivery.announcements import Announcer
from sendbatch.delivery.assignment import Assignment
from sendbatch.delivery.building import Building
from sendbatch.delivery.course import Course
from sendbatch.delivery.held import Held, Place
from sendbatch.delivery.queue import Queue
from sendbatch.delivery.traffic import Traffic
from sendbatch.errors import RecordStopped
from sendbatch.limits.announced import Announced
from sendbatch.limits.gates import EVERYBODY, NEVER, Gates
from sendbatch.runtime.clock import Clock
from sendbatch.values import Recipient

SPAN = 10.0  # seconds that a block is for
MOST = 500  # recipients in a block, and fetched ahead for each lane
QUIET = 15.0  # seconds without anybody on the way after which nobody stays announced
LONGEST = 300.0  # seconds that an announcement stands: nobody relies on one of long ago
LATE = 2.0  # seconds after which those on the way are not waited for to end a block
LOOK_AGAIN = 60.0  # seconds; by then somebody has looked anyway
BRIEF = 5.0  # seconds that others are waited for once the run is to end


class Blocks:
    """Stands between the feed and the building, and has the face of that."""

    def __init__(
        self,
        assignment: Assignment,
        gate: Announced,
        gates: Gates,
        building: Building,
        traffic: Traffic,
        queue: Queue,
        course: Course,
        announcer: Announcer,
        clock: Clock,
    ) -> None:
        self._backlog, self._committer = assignment.backlog, assignment.committer
        self._gate, self._gates = gate, gates
        self._building = building
        self._traffic = traffic
        self._queue = queue
        self._course = course
        self._waits = announcer.waits
        self._clock = clock
        self._held = Held(queue.lanes)
        self._out: dict[int, Place] = {}  # in the queue, being built, or on the way
        self._speed: float | None = None  # of the last block, in messages a second
        self._announced_at = 0.0
        self._look = asyncio.Event()  # something has changed
        self._asked = self._ended = False
        gate.asked = self._ask

    # what the feed asks of a building

    def lacks(self, lane: str) -> bool:
        """Whether more recipients should be fetched for this lane."""
        return self._held.number_in((lane,)) < MOST

    @property
    def is_coming(self) -> bool:
        return self._building.is_coming

    @property
    def has_stock(self) -> bool:
        return bool(self._held) or self._building.has_stock

    @property
    def has_urgent(self) -> bool:
        return self._building.has_urgent or self._held.has_tried

    def number_in(self, lanes: Collection[str]) -> int:
        self._held.follow(self._queue.lanes)
        return self._held.number_in(lanes) + self._building.number_in(lanes)

    def take_in(self, lane: str, recipients: list[Recipient], *, urgent: bool = False) -> None:
        for recipient in recipients:  # one who was put off is no longer out with the block that they were in
            self._out.pop(recipient.id, None)
        self._held.follow(self._queue.lanes)
        self._held.add(lane, recipients, urgent=urgent)
        self._look.set()

    def compose_ahead(self) -> None:
        """The feed has seen that something changed."""
        self._look.set()
        self._building.compose_ahead()

    def queue_built(self) -> bool:
        return self._building.queue_built()

    def cancel(self) -> None:
        """The run ends: there are no more blocks."""
        self._ended = True
        self._look.set()
        self._building.cancel()

    # block after block

    async def run(self) -> None:
        """Until the feed ends, or others can be told no more: then what is on the way is settled still."""
        with self._course.unless_lost():
            try:
                while await self._is_asked_for():
                    block = self._next()
                    if block and await self._is_told(block, self._course.soon):
                        await self._is_sent(len(block))
            except RecordStopped as stopped:
                self._course.break_off(stopped)

    async def tell_the_last(self) -> None:
        """Everybody is settled, and others learn of it.

        Raises AnotherRun where another run holds the campaign, RecordStopped where others cannot be told,
        or did not answer when all was to end at once.
        """
        if not await self._is_told((), self._course.at_once):
            raise RecordStopped(words.UNTOLD)

    async def _is_told(self, block: Collection[int], ending: asyncio.Event) -> bool:
        """Whether others see now that these are sent to, and who is on the way, and what became of those
        before; they are waited for briefly once the run is ending. Nobody goes meanwhile."""
        self._gate.announcing()
        ids, at = frozenset(block) | self._on_the_way, self._clock.steady()
        await self._committer.flush()
        self._waits.repository()
        telling = asyncio.ensure_future(self._backlog.announce(ids))
        ends = asyncio.ensure_future(ending.wait())
        try:
            await asyncio.wait((telling, ends), return_when=asyncio.FIRST_COMPLETED)
            if not telling.done():
                told = asyncio.Event()
                telling.add_done_callback(lambda _: told.set())
                await self._clock.wait(told, BRIEF)
            if not telling.done():
                return False
            telling.result()
        finally:
            telling.cancel()
            ends.cancel()
            await asyncio.gather(telling, ends, return_exceptions=True)
        self._gate.ids, self._announced_at = ids, at
        return True

    async def _is_asked_for(self) -> bool:
        """Nobody goes until a block is asked for; False where the run ends."""
        self._gate.shut()
        self._hold_again()
        self._asked = False
        while not (self._ended or (self._asked and not self._building.is_rendering)):
            self._put_first()
            left = self._announced_until - self._clock.steady()
            if left <= 0:
                await self._is_told((), self._course.soon)
                self._gate.shut()
                self._queue.filled.set()
            else:
                await self._looks(min(left, LOOK_AGAIN))
        return not self._ended

    @property
    def _announced_until(self) -> float:
        """When others are to be told what became of the block before, if no other follows it."""
        if self._gate.ids - self._on_the_way:
            return self._gate.moved_at + QUIET
        return self._announced_at + LONGEST if self._gate.ids else NEVER

    async def _is_sent(self, number: int) -> None:
        """The block goes, until it is over; measures how fast it went."""
        began = self._clock.steady()
        if not self._ended:
            self._gate.open(began)
            self._queue.filled.set()
        while not (self._ended or self._is_over):
            patience = self._gate.moved_at + LATE - self._clock.steady()
            await self._looks(patience if patience > 0 else LATE)
        went = number - len(self._waiting)
        took = self._gate.moved_at - began
        if went and took > 0:
            self._speed = went / took

    async def _looks(self, seconds: float) -> None:
        """Once something has changed, or after so many seconds."""
        await self._clock.wait(self._look, seconds)
        self._look.clear()

    def _ask(self) -> None:
        self._asked = True
        self._look.set()

    @property
    def _on_the_way(self) -> set[int]:
        """Whose envelope was written, and who is not settled."""
        return self._gate.on_the_way & self._traffic.claimed

    @property
    def _waiting(self) -> set[int]:
        """Who is in the block, and neither on the way nor settled."""
        return (self._out.keys() & self._traffic.claimed) - self._on_the_way

    @property
    def _is_over(self) -> bool:
        """Whether all of the block is settled, or on the way for long; or what is left of it may not go for
        longer than a block takes, or does not."""
        now = self._clock.steady()
        idle_for = now - self._gate.moved_at
        on_the_way = self._on_the_way
        if self._building.is_rendering:
            return False
        if now - self._announced_at >= LONGEST:
            return True
        if on_the_way and idle_for < LATE:
            return False
        if not self._waiting:
            return True
        queue = self._queue  # or they are about to be composed
        may_go = not queue.length or queue.earliest(self._gates.due, now) <= now + SPAN
        return not may_go or (not on_the_way and idle_for >= QUIET)

    # who is next

    def _hold_again(self) -> None:
        """Whoever has not gone waits for a block."""
        waiting = self._waiting
        self._queue.withdraw()
        self._building.withdraw()
        self._held.follow(self._queue.lanes)
        self._held.put_back(self._out[id_] for id_ in waiting)
        self._out = {id_: self._out[id_] for id_ in self._out.keys() & self._on_the_way}

    def _put_first(self) -> None:
        """The first of each lane into the queue, where they are seen by those who take."""
        self._held.follow(self._queue.lanes)
        for lane in self._held.lanes:
            if not (self._queue.waiting((lane,)) or self._building.number_in((lane,))):
                self._take(1, only=lane)

    def _next(self) -> list[int]:
        """As many as go in the time of a block; they are built meanwhile."""
        self._hold_again()
        return self._take(self._most)

    @property
    def _most(self) -> int:
        now, slots = self._clock.steady(), float(MOST)
        most = MOST - len(self._on_the_way)
        if self._speed is not None:
            # a block smaller than the connections tells nothing of how fast they are
            slots = max(self._speed * SPAN, self._gates.connections_allowed())
        return int(max(1, min(most, slots, self._gates.within(now, EVERYBODY, SPAN))))

    def _take(self, most: int, only: str | None = None) -> list[int]:
        """So many of those held, to be built and queued; of one lane, whatever its limits say, or of each as
        many as they let go."""
        now = self._clock.steady()

        def allowed(lane: str) -> float:
            if only is not None:
                return lane == only
            return self._gates.within(now, lane, SPAN)

        found = self._held.take(most, allowed, tried_first=self._traffic.braked)
        lanes: dict[str, list[Recipient]] = {}
        for lane, place in found:
            self._out[place.recipient.id] = place
            lanes.setdefault(lane, []).append(place.recipient)
        # Few are of a lane that is slow: each of them takes its slot before the others, who go meanwhile.
        for lane, recipients in sorted(lanes.items(), key=lambda one: len(one[1])):
            self._building.take_in(lane, recipients)
        return [place.recipient.id for _, place in found]
