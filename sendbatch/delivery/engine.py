"""Sends what the record holds: a feed, a queue, and one sender for each connection, on one loop.

The record is written before the wire: a message's final dot leaves only after its row was made
durable as *sending*, and its outcome is queued for the next shared commit the moment the reply
is read. The engine decides nothing about statuses; `settling` and `ledger.states` do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from sendbatch.campaign.model import Retry
from sendbatch.delivery.breaker import Breaker
from sendbatch.delivery.connections import Dialer, Reach
from sendbatch.delivery.feed import Feed
from sendbatch.delivery.history import History
from sendbatch.delivery.notices import Notices
from sendbatch.delivery.queue import Queue
from sendbatch.delivery.sender import Sender
from sendbatch.delivery.settling import Settling
from sendbatch.delivery.steering import SlowDown, Unbuildables
from sendbatch.delivery.traffic import Traffic
from sendbatch.delivery.waits import Waits
from sendbatch.errors import LedgerError, RecordLost, RecordStopped
from sendbatch.ledger.committer import Committer
from sendbatch.ledger.store import Backlog
from sendbatch.limits.declared import Limits
from sendbatch.limits.sharing import LOOK
from sendbatch.rendering.pool import Pool
from sendbatch.runtime.clock import Clock
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.smtp.connection import Connection
from sendbatch.smtp.idempotency import Keys
from sendbatch.values import BREAKER
from sendbatch.words import clock_time, count


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `early` means before everyone had their turn (exit 3), with the reason.

    `unbuildable`: too many messages could not be built, and going on is of no use before that is mended.
    `not_due` counts on: only rows not yet due remained and were not waited for; the epoch time of
    the earliest, or None.
    """

    early: bool = False
    reason: str = ""
    not_due: float | None = None
    unbuildable: bool = False


@dataclass(slots=True)
class Engine:
    """One run over one record. `selected` is how many rows it may send; `content` their digest. `slow_down`
    are the patterns of replies that ask for a lower rate."""

    backlog: Backlog
    committer: Committer
    pool: Pool
    dialer: Dialer
    limits: Limits
    retry: Retry
    content: str
    selected: int
    clock: Clock
    random: Random
    observer: Observer
    stop: Stop
    keys: Keys | None = None
    slow_down: tuple[str, ...] = ()
    no_wait: bool = False
    breaker: int = BREAKER
    history: History = field(default_factory=History)
    stop_after: float | None = None
    learned: Callable[[Connection], None] = lambda connection: None
    _early: str = ""
    _told_of: float | None = None
    _used_up_until: float = 0.0
    _soon: asyncio.Event = field(default_factory=asyncio.Event)
    _now: asyncio.Event = field(default_factory=asyncio.Event)
    _never: asyncio.Event = field(default_factory=asyncio.Event)
    _broken: BaseException | None = None
    _notices: Notices = field(init=False)
    _waits: Waits = field(init=False)

    def __post_init__(self) -> None:
        self._notices = Notices(self.observer, self._note, self.clock)
        self._waits = Waits(self.observer, self.clock)

    async def run(self, first: Connection | None, since: float | None = None) -> Ending:
        """Send until nothing is left or something stops it; `first` has logged in already, at the steady
        time `since`.

        Raises RecordStopped when the record can no longer be written.
        """
        self.stop.bind(self._soon, self._now)
        self.committer.failed = self._not_written
        traffic = self._traffic()
        feed = self._feed(traffic)
        senders = [
            Sender(traffic, number, first if number == 0 else None, since)
            for number in range(self.limits.connections.declared)
        ]
        watching = [
            asyncio.create_task(self._watch_soon(traffic)),
            asyncio.create_task(self._watch_now(traffic, senders)),
            asyncio.create_task(self._share(traffic)),
            *self._timer(),
        ]
        try:
            await self._send(feed, senders)
        finally:
            self.stop.unbind()
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            with contextlib.suppress(LedgerError):  # then it counts too much, never too little
                await self.limits.gates.give_back()
            await self.committer.call(self.backlog.give_back, traffic.out)
        if self._broken is None:
            traffic.settling.finish()
            if self.keys is not None and self.keys.expired:
                self._notices.tell(
                    "keys",
                    f"{count(self.keys.expired, 'recipient')} left in doubt: the key by which the provider "
                    "drops a repetition has expired",
                )
            self._notices.finish()
            await self.committer.flush()
        if self._broken is not None:  # also where the last outcomes could not be written
            raise self._broken
        return self._ending(traffic, feed)

    def _ending(self, traffic: Traffic, feed: Feed) -> Ending:
        if traffic.settling.is_over:
            return Ending(True, traffic.settling.why)
        if feed.only_later is not None and not self._early:
            return Ending(False, not_due=feed.only_later)
        if self._early:
            return Ending(True, self._early, unbuildable=feed.is_unbuildable)
        return Ending(self.stop.is_soon and not feed.finished, self.stop.reason)

    async def _send(self, feed: Feed, senders: list[Sender]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._unless_lost(feed.run()))
                for sender in senders:
                    group.create_task(self._unless_lost(sender.run()))
        except* (RecordStopped, LedgerError) as stopped:
            for sender in senders:
                sender.abort()
            self._broken = self._broken or _first_of(stopped)

    async def _unless_lost(self, work: Coroutine[Any, Any, None]) -> None:
        """Where the record is lost no dot leaves any more, but those that left may be answered."""
        try:
            await work
        except RecordLost as lost:
            self._not_written(lost)

    def _traffic(self) -> Traffic:
        limits = self.limits
        queue = Queue(limits.gates.domains)
        limits.gates.share(limits.runs())
        settling = Settling(
            retry=self.retry,
            limits=limits,
            slow_down=SlowDown(self.slow_down),
            clock=self.clock,
            now=self.backlog.now,
            random=self.random,
            observer=self.observer,
            write=self.committer.write,
            return_first=lambda ready: traffic.return_first(ready),
            notices=self._notices,
            waits=self._waits,
            breaker=Breaker(self.breaker, limits.connections.declared),
            history=self.history,
        )
        reach = Reach(
            self.dialer,
            offline=self.retry.offline,
            clock=self.clock,
            soon=self._soon,
            over=queue.over,
            notice=partial(self._notices.tell, "offline"),
            waiting=self._waits.server,
            refused=settling.refused_connection,
            give_up=self._give_up,
        )
        traffic = Traffic(
            clock=self.clock,
            queue=queue,
            limits=limits,
            settling=settling,
            reach=reach,
            content=self.content,
            write=self.committer.write,
            offered=self.learned,
            used_up=self._used_up,
            waits=self._waits,
            soon=self._soon,
            keys=self.keys,
        )
        return traffic

    def _feed(self, traffic: Traffic) -> Feed:
        return Feed(
            traffic=traffic,
            backlog=self.backlog,
            committer=self.committer,
            pool=self.pool,
            waits=self._waits,
            unbuildables=Unbuildables(self.selected),
            waiting=self._only_later,
            give_up=self._give_up,
        )

    def _not_written(self, error: BaseException) -> None:
        self._broken = self._broken or error
        self._soon.set()

    def _note(self, kind: str, detail: str) -> None:
        self.committer.note(kind, detail, self.clock.wall())

    def _give_up(self, reason: str) -> None:
        if not self._early:
            self._early = reason
            self._note("stopped", reason)
        self._soon.set()

    def _used_up(self, what: str, until: float) -> None:
        """A limit lets no message start for a while."""
        text = f"{what} until {clock_time(until)}"
        if self.no_wait:
            self._give_up(text)
        elif abs(until - self._used_up_until) > 1.0:  # each connection comes to say so
            self._notices.tell("quota", f"{text}; waiting")
        self._used_up_until = until

    def _only_later(self, due_at: float) -> bool:
        """Only rows not yet due remain. Ctrl-C during this wait ends the run with exit 1."""
        if not self.no_wait:
            said = self._waits.retry(due_at)
            if due_at != self._told_of:
                self._notices.now_and_then("retry", said)
        self._told_of = due_at
        return not self.no_wait

    async def _watch_soon(self, traffic: Traffic) -> None:
        await self._soon.wait()
        traffic.queue.wake_all()

    async def _watch_now(self, traffic: Traffic, senders: list[Sender]) -> None:
        await self._now.wait()
        traffic.queue.wake_all()
        for sender in senders:
            sender.abort()

    async def _share(self, traffic: Traffic) -> None:
        """Runs that begin or end on the same account change this one's part of it."""
        while self.limits.is_shared:
            await self.clock.wait(self._never, LOOK)
            traffic.share(await asyncio.to_thread(self.limits.runs))

    def _timer(self) -> list[asyncio.Task[None]]:
        async def ring(seconds: float) -> None:
            if not await self.clock.wait(self._soon, seconds):
                self.stop.soon("the time given with --stop-after is over")

        return [asyncio.create_task(ring(self.stop_after))] if self.stop_after is not None else []


def _first_of(stopped: BaseExceptionGroup[RecordStopped | LedgerError]) -> RecordStopped:
    """The first error as one that says what was sent before stands. Use of quotas counts as record."""
    error: BaseException = stopped
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, RecordStopped):
        return error
    assert isinstance(error, LedgerError)
    return RecordStopped(error.findings)
