"""Sends what the record holds: a feed, a queue, and one sender for each connection, on one loop.

The record is written before the wire: a message's final dot leaves only after its row was made
durable as *sending*, and its outcome is queued for the next shared commit the moment the reply
is read. The engine decides nothing about statuses; `settling` and `ledger.states` do.

Who knows whom, one way: engine → feed → blocks → building, sender → traffic, connections → settling →
steering, verdict, sessions → breaker; all of them the `course` of the run, and the `announcements` of it,
which tell its `speed` too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace

from sendbatch.delivery.absence import BRIEF, HURRIED, Absence
from sendbatch.delivery.ahead import Ahead
from sendbatch.delivery.announcements import Announcer
from sendbatch.delivery.assignment import Assignment, Policy, Setting
from sendbatch.delivery.blocks import Blocks
from sendbatch.delivery.building import AHEAD, Building
from sendbatch.delivery.connections import Dialer, Opener
from sendbatch.delivery.course import Course, first_of
from sendbatch.delivery.feed import Feed
from sendbatch.delivery.learning import Learning
from sendbatch.delivery.queue import Queue
from sendbatch.delivery.sender import Sender
from sendbatch.delivery.settling import Settling
from sendbatch.delivery.steering import Steering
from sendbatch.delivery.traffic import LONG_WAIT, Traffic
from sendbatch.delivery.untold import Untold, Unwritten
from sendbatch.errors import LedgerError, RecordLost, RecordStopped
from sendbatch.ledger.aside import Aside
from sendbatch.ledger.calls import Calls
from sendbatch.ledger.ending import STOPPED, Ended, remembering
from sendbatch.limits.announced import Announced
from sendbatch.limits.declared import Limits
from sendbatch.limits.gates import NEVER
from sendbatch.limits.sharing import LOOK
from sendbatch.runtime.threads import aside
from sendbatch.smtp.transport import Transport
from sendbatch.words import count

HEAR = 0.2  # seconds between two looks at what other runners of the record have met
TIME_IS_OVER = "the time given with --stop-after is over"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `early` means before everyone had their turn (exit 3), with the reason.

    `unbuildable`: too many messages could not be built, and going on is of no use before that is mended.
    `not_due` counts on: only rows not yet due remained and were not waited for; the epoch time of
    the earliest, or None. `until` is when it is worth going on after an early end, where that is known.
    `quoted` is what of the reason is somebody's data, or a server's words about somebody.
    """

    early: bool = False
    reason: str = ""
    not_due: float | None = None
    unbuildable: bool = False
    until: float | None = None
    quoted: str = ""


class Engine:
    """One run over one record, within an event loop."""

    def __init__(
        self,
        assignment: Assignment,
        policy: Policy,
        limits: Limits,
        dialer: Dialer,
        setting: Setting,
    ) -> None:
        clock, committer = setting.clock, assignment.committer
        announced = Announced() if assignment.backlog.announces else None
        if announced is not None:
            limits = replace(limits, gates=limits.gates.followed_by(announced))
        self._assignment, self._policy, self._limits = assignment, policy, limits
        self._stop, self._clock = setting.stop, clock
        alone = not assignment.backlog.waits
        announcer = Announcer(setting.observer, self._note, clock, limits, alone=alone)
        self._notices, self._speed = announcer.notices, announcer.speed
        self._course = course = Course(setting.stop)
        self._queue = queue = Queue(limits.gates.domains)
        limits.gates.share(limits.runs())
        history = assignment.history
        self._steering = steering = Steering(
            policy,
            limits,
            clock,
            history,
            announcer,
            committer.write,
            together=assignment.backlog.streak is not None,
        )
        self._settling = Settling(
            policy.retry,
            steering,
            setting,
            history,
            announcer,
            now=assignment.backlog.now,
            write=committer.write,
        )
        self._traffic = Traffic(
            assignment, limits, clock, queue, self._settling, steering, course, announcer,
            no_wait=policy.no_wait,
        )  # fmt: skip
        self._building = building = Building(
            assignment, self._traffic, queue, course, announcer.waits, clock,
            ahead=AHEAD * limits.connections.declared,
        )  # fmt: skip
        self._blocks = blocks = None if announced is None else Blocks(
            assignment, announced, limits.gates, building, self._traffic, queue, course, announcer,
            clock,
        )  # fmt: skip
        self._looks = looks = Calls(clock, "look", aside=assignment.backlog.waits)
        self._feed = Feed(
            assignment, blocks or building, self._traffic, queue, course, announcer, clock, looks,
            Ahead(clock, limits.connections.declared), no_wait=policy.no_wait,
        )  # fmt: skip
        committer.lost = building.lose
        if isinstance(committer, Aside):
            untold, absence = Untold(), Absence(
                (committer.calls, looks), queue, course, announcer, clock, self._give_up,
                offline=min(policy.retry.offline, LONG_WAIT if policy.no_wait else NEVER),
            )  # fmt: skip
            committer.written = untold.written
            self._traffic.untold, self._traffic.absence = untold, absence
        opener = Opener(
            dialer,
            offline=policy.retry.offline,
            clock=clock,
            course=course,
            over=queue.over,
            announcer=announcer,
            refused=steering.refused_connection,
        )
        self._senders = [
            Sender(self._traffic, queue, opener, course, clock, number)
            for number in range(limits.connections.declared)
        ]
        peers = limits.allowance.peers
        self._learning = None if peers is None else Learning(
            peers, limits, dialer.levels, steering, self._traffic, building, opener,
        )  # fmt: skip

    async def run(self, first: Transport | None, since: float | None = None) -> Ending:
        """Send until nothing is left or something stops it; `first` has logged in already, at the steady
        time `since`.

        Raises RecordStopped when the record can no longer be written.
        """
        if self._learning is not None:
            self._learning.exchange()
        self._speed.begin()
        if first is not None:
            self._senders[0].begin_with(first, since)
        committer = self._assignment.committer
        committer.failed, committer.between = self._course.break_off, self._between_commits
        if self._policy.stop_after is not None and self._policy.stop_after <= 0:
            self._stop.soon(TIME_IS_OVER)
        self._course.begin()
        async with self._looked_after():
            try:
                async with _beside(self._watching()):
                    await self._send()
            finally:
                await self._give_back()
            if self._course.broken is None:
                await self._finish()
            elif not isinstance(self._course.broken, RecordStopped):
                await self._tell_the_last()
        if self._course.broken is not None:  # also where the last outcomes could not be written
            raise self._with_doubts(self._course.broken)
        return self._ending()

    @contextlib.asynccontextmanager
    async def _looked_after(self) -> AsyncIterator[None]:
        """While the record is written, until the last of it is."""
        absence = self._traffic.absence
        async with _beside([asyncio.create_task(absence.watch())] if absence is not None else []):
            try:
                yield
            except RecordStopped as stopped:
                self._course.break_off(stopped)
            finally:
                await self._assignment.committer.close()
                self._looks.end()
                self._course.end()

    def _give_up(self, error: RecordStopped) -> None:
        """The record's machine is not waited for any longer."""
        committer = self._assignment.committer
        assert isinstance(committer, Aside)
        self._course.break_off(error)
        self._looks.give_up(error)
        committer.give_up(error)

    def _with_doubts(self, error: BaseException) -> BaseException:
        """The same, with whom the record could not be told of."""
        committer, untold = self._assignment.committer, self._traffic.untold
        if untold is None or not committer.is_broken or not isinstance(error, RecordStopped):
            return error
        doubts = untold.doubts(committer.unwritten)
        return Unwritten(error, doubts) if doubts else error

    async def _send(self) -> None:
        course = self._course
        try:
            async with asyncio.TaskGroup() as group:
                if self._blocks is not None:
                    group.create_task(self._blocks.run())
                group.create_task(self._feed.run())
                for sender in self._senders:
                    group.create_task(sender.run())
        except* RecordStopped as stopped:
            self._abort()
            course.break_off(first_of(stopped))

    async def _give_back(self) -> None:
        """What was taken ahead, of quotas and of rows, and was not needed."""
        traffic = self._traffic
        patience = None if traffic.absence is None else BRIEF
        if patience and (self._course.broken is not None or self._stop.is_now):
            patience = HURRIED
        with contextlib.suppress(LedgerError, TimeoutError):  # then it counts too much, never too little
            async with asyncio.timeout(patience):
                await self._limits.gates.give_back()
        await self._looks.make(self._assignment.backlog.give_back, traffic.claimed | traffic.let_go)

    async def _finish(self) -> None:
        """Everybody has been settled: what is to be said and written at the end."""
        self._settling.finish()
        keys = self._assignment.keys
        if keys is not None and keys.expired:
            left = count(keys.expired, "recipient")
            self._notices.tell(
                "keys",
                f"{left} left in doubt: the key by which the provider drops a repetition has expired",
            )
        self._notices.finish()
        await self._tell_the_last()
        self._remember(self._ending())
        await self._assignment.committer.flush()

    async def _tell_the_last(self) -> None:
        """Others learn what has become of everybody, where they have to be told."""
        if self._blocks is None:
            return
        try:
            await self._blocks.tell_the_last()
        except RecordLost as lost:
            self._course.break_off(lost)
        except RecordStopped as stopped:
            if not self._stop.is_now:  # else it is told once more as the record ends, with what is said then
                self._notices.tell("repository", stopped.message)
            self._course.give_up(stopped.message)

    def _remember(self, ending: Ending) -> None:
        """For whoever asks later why it stopped, and until when."""
        at, until = self._clock.wall(), ending.until if ending.early else ending.not_due
        if ending.early:
            self._note(STOPPED, ending.reason)
        ended = Ended(at, ending.early, ending.reason, until)
        self._assignment.committer.write([remembering(ended)])

    def _ending(self) -> Ending:
        feed, course = self._feed, self._course
        if self._steering.is_over:
            steering = self._steering
            return Ending(True, steering.why, until=steering.until, quoted=steering.quoted)
        if feed.only_later is not None and not course.given_up:
            return Ending(False, not_due=feed.only_later)
        if course.given_up:
            return Ending(
                True,
                course.given_up,
                unbuildable=self._building.is_unbuildable,
                until=course.given_up_until,
                quoted=course.quoted,
            )
        return Ending(self._stop.is_soon and not feed.finished, self._stop.reason)

    def _note(self, kind: str, detail: str) -> None:
        self._assignment.committer.note(kind, detail, self._clock.wall())

    # what goes on beside the sending

    def _watching(self) -> Iterator[asyncio.Task[None]]:
        yield asyncio.create_task(self._wake_when_ending())
        yield asyncio.create_task(self._abort_at_once())
        if self._assignment.backlog.streak is not None:
            yield asyncio.create_task(self._hear())
        if self._learning is not None:
            yield asyncio.create_task(self._learn(self._learning))
        elif self._limits.is_shared:
            yield asyncio.create_task(self._share())
        if self._policy.stop_after is not None:
            yield asyncio.create_task(self._stop_after(self._policy.stop_after))

    async def _wake_when_ending(self) -> None:
        await self._course.soon.wait()
        self._queue.wake_all()

    async def _abort_at_once(self) -> None:
        await self._course.at_once.wait()
        self._queue.wake_all()
        self._abort()

    def _abort(self) -> None:
        """Drop all connections."""
        for sender in self._senders:
            sender.abort()

    async def _share(self) -> None:
        """Runs that begin or end on the same account change this one's part of it."""
        never = asyncio.Event()
        while True:
            await self._clock.wait(never, LOOK)
            self._traffic.share(await aside(self._limits.runs))

    async def _learn(self, learning: Learning) -> None:
        """The same, and what those on other machines have learned."""
        never = asyncio.Event()
        while True:
            await self._clock.wait(never, HEAR)
            learning.exchange()

    def _between_commits(self) -> None:
        self._traffic.hear()
        self._building.compose_ahead()

    async def _hear(self) -> None:
        """Refusals that other runners met in a row with those of this one."""
        never = asyncio.Event()
        while True:
            await self._clock.wait(never, HEAR)
            self._traffic.hear()

    async def _stop_after(self, seconds: float) -> None:
        if not await self._clock.wait(self._course.soon, seconds):
            self._stop.soon(TIME_IS_OVER)


@contextlib.asynccontextmanager
async def _beside(watching: Iterable[asyncio.Task[None]]) -> AsyncIterator[None]:
    """These go on meanwhile, and no longer."""
    tasks = list(watching)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
