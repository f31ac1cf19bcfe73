"""Fetches recipients from the record and has their messages built: new ones before due retries 1:1.

Each lane of the queue is filled by itself: a domain that its limits hold back keeps nobody else waiting,
however many of its recipients stand first in the CSV.
"""

from __future__ import annotations

from itertools import chain

from sendbatch.audience.addresses import spellings_of_domain
from sendbatch.delivery import words
from sendbatch.delivery.ahead import Ahead
from sendbatch.delivery.announcements import Announcer
from sendbatch.delivery.assignment import Assignment
from sendbatch.delivery.blocks import Blocks
from sendbatch.delivery.building import Building
from sendbatch.delivery.course import Course
from sendbatch.delivery.queue import Queue
from sendbatch.delivery.sources import Sources
from sendbatch.delivery.traffic import Traffic
from sendbatch.errors import RecordStopped
from sendbatch.ledger.calls import Calls
from sendbatch.ledger.facts import Lane
from sendbatch.limits.gates import NEVER
from sendbatch.runtime.clock import Clock

BATCH = 256  # recipients fetched in one go
SOON = 0.25  # seconds until it is looked again whether more are wanted
LOOK_AGAIN = 60.0  # seconds; a wait for a row's time ends at least so often, as clocks are set


class Feed:
    """`only_later` is when the next row is due for as long as nothing else remains, else None."""

    def __init__(
        self,
        assignment: Assignment,
        building: Building | Blocks,
        traffic: Traffic,
        queue: Queue,
        course: Course,
        announcer: Announcer,
        clock: Clock,
        looks: Calls,
        ahead: Ahead,
        *,
        no_wait: bool,
    ) -> None:
        self._backlog = assignment.backlog
        self._committer = assignment.committer
        self._looks = looks
        self._ahead = ahead if assignment.backlog.waits else None
        self._fetched = 0
        self._building = building
        self._traffic = traffic
        self._queue = queue
        self._course = course
        self._notices, self._waits = announcer.notices, announcer.waits
        self._clock = clock
        self._no_wait = no_wait
        self._announced: float | None = None  # when the next was said to be due
        # A store that others share hands out what is free, and looks at no line.
        after_row = 0 if assignment.backlog.waits else assignment.after_row
        self._sources = Sources(assignment.backlog, queue.lanes, after_row)
        self.only_later: float | None = None
        self.finished = False  # everybody had their turn
        self._is_sure = not assignment.backlog.waits  # nobody has come free since new ones were asked for

    async def run(self) -> None:
        """Until the record has nothing more for this run, or the run is asked to stop."""
        with self._course.unless_lost():
            try:
                await self._fill()
            except RecordStopped as stopped:
                if self._committer.is_broken:
                    raise
                self._course.break_off(stopped)  # what is on the way may be settled still
            finally:
                self._building.cancel()
                self._queue.close()
                if self._traffic.is_stopping:  # also where a breaker did, which sets no event
                    self._queue.wake_all()

    async def _fill(self) -> None:
        traffic, building = self._traffic, self._building
        while not traffic.is_stopping:
            self._queue.drained.clear()
            traffic.all_in = False
            self._sources.follow(self._queue.lanes)
            building.compose_ahead()
            if traffic.let_go:
                await self._give_back()
            if self._may_fetch and await self._fetch():
                self.only_later = None
            elif building.queue_built():
                continue
            elif building.is_coming:
                await self._clock.wait(self._queue.drained, LOOK_AGAIN)
            elif traffic.aside and await self._nobody_else():
                traffic.look_anew()
            elif (
                building.has_stock
                or not all(map(self._queue.has_room, self._queue.lanes))
                or self._has_enough
            ):
                self._all_in()
                await self._clock.wait(self._queue.drained, self._patience)
            elif not await self._later():
                break

    @property
    def _patience(self) -> float:
        """Seconds until a full queue is looked at again; under the brake nothing leaves it for long."""
        traffic = self._traffic
        braked_for = traffic.braked_until - self._clock.steady()
        return min(max(braked_for / 2, 1.0 if self._ahead is None else SOON), LOOK_AGAIN)

    async def _nobody_else(self) -> bool:
        """Whether all that is left to send, now or later in this run, is at domains set aside. Then the
        answers to those decide."""
        traffic = self._traffic
        if not self._all_are_aside:
            return False
        await self._committer.flush()
        aside = traffic.aside
        elsewhere = Lane(tuple(chain.from_iterable(map(spellings_of_domain, aside))))
        if await self._looks.make(self._backlog.next_due_at, elsewhere) is not None:
            return False
        return traffic.nobody_else()

    @property
    def _all_are_aside(self) -> bool:
        """Whether everybody fetched from the record waits until others were tried."""
        traffic, aside = self._traffic, self._traffic.aside
        return len(traffic.claimed) == self._queue.waiting(aside) + self._building.number_in(aside)

    @property
    def _may_fetch(self) -> bool:
        """Whether there is room for more: the record is not asked in vain, it has commits to make."""
        return self._needs_tried or any(map(self._lacks, self._queue.lanes))

    def _lacks(self, lane: str) -> bool:
        return self._building.lacks(lane) and (
            self._ahead is None or self._at_hand(lane) <= self._wanted / 2
        )

    @property
    def _has_enough(self) -> bool:
        """Whether there would be room for more of a lane, who are left to others that share the record."""
        return self._ahead is not None and any(
            self._at_hand(lane) > self._wanted / 2 for lane in self._queue.lanes
        )

    def _room(self, lane: str) -> int:
        """For how many more of a lane there is room."""
        if self._ahead is None:
            return BATCH
        return int(self._wanted) - self._at_hand(lane)

    def _at_hand(self, lane: str) -> int:
        return self._queue.waiting((lane,)) + self._building.number_in((lane,))

    @property
    def _wanted(self) -> float:
        """How many of a lane should be at hand."""
        if self._ahead is None:
            return NEVER
        return self._ahead.wanted(self._fetched - len(self._traffic.claimed))

    async def _fetch(self) -> bool:
        """A batch for the first lane that lacks somebody and has any; the lanes take turns."""
        lacking = {lane: self._room(lane) for lane in self._queue.lanes if self._lacks(lane)}
        claim = self._sources.claim
        found = await self._looks.make(claim, lacking, needs_tried=self._needs_tried)
        if found is None:
            return False
        self._is_sure = not self._backlog.waits
        self._fetched += len(found.recipients)
        self._traffic.claimed.update([recipient.id for recipient in found.recipients])
        self._building.take_in(found.lane, found.recipients, urgent=found.urgent)
        return True

    @property
    def _needs_tried(self) -> bool:
        """Whether the brake is on and nobody is at hand whom the server has put off before: if anybody is
        taken, then they. They come in however full the queue is."""
        if not self._traffic.braked or self._building.has_urgent:
            return False
        return not self._queue.has_tried

    async def _give_back(self) -> None:
        """Whom the record has let go: no message for them is left here."""
        gone, self._traffic.let_go = self._traffic.let_go, set()
        self._is_sure = False
        await self._looks.make(self._backlog.give_back, gone)

    async def _later(self) -> bool:
        """Nothing to fetch now. Whether there may be something later: waits until then."""
        traffic = self._traffic
        out = frozenset(traffic.claimed)  # whoever is settled meanwhile counts as out still
        await self._committer.flush()
        due_at = await self._looks.make(self._backlog.next_due_at)
        if due_at is None and not out:
            self.finished = self._is_sure
            self._look_anew()
            return not self.finished
        seconds = LOOK_AGAIN if due_at is None else due_at - self._backlog.now()
        if due_at is not None and not out and seconds > 0 and not self._only_later(due_at):
            return False
        self._all_in()
        await self._clock.wait(self._queue.drained, min(max(seconds, 0.001), LOOK_AGAIN))
        self._look_anew()
        return True

    def _look_anew(self) -> None:
        """Where others send too, some who were theirs may have come free."""
        if self._backlog.waits:
            self._is_sure = True
            self._sources.look_anew()

    def _only_later(self, due_at: float) -> bool:
        """Only rows not yet due remain, or others have them: whether it is waited for that."""
        # as the wall clock will say it, to the second
        at = due_at - round(self._backlog.now() - self._clock.wall())
        if self._backlog.others:
            self.finished = self._no_wait
            self._waits.others(at)
            self._notices.now_and_then("others", words.OF_OTHERS)
            return not self._no_wait
        self.only_later = at
        if not self._no_wait:
            self._announce(at)
        return not self._no_wait

    def _announce(self, due_at: float) -> None:
        """Only rows not yet due remain. Ctrl-C during this wait ends the run with exit 1."""
        text = self._waits.retry(due_at)
        if due_at != self._announced:
            self._notices.now_and_then("retry", text)
        self._announced = due_at

    def _all_in(self) -> None:
        """For senders who would wait long for what is there: nothing else is to come for now."""
        self._traffic.all_in = True
        self._queue.filled.set()
