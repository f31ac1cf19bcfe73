"""One connection's life in a run: take the next message when its slot is due, hand it over.

Where the server allows it the next envelope leaves with the dot of the message before it, if its
slot is due by the time that the server can answer; such a message is handed over next in any case.
"""

from __future__ import annotations

import asyncio
from functools import partial

from sendbatch.delivery.queue import Ready
from sendbatch.delivery.settling import Handed
from sendbatch.delivery.traffic import LONG_WAIT, Traffic
from sendbatch.smtp.actions import QUIT, Along
from sendbatch.smtp.connection import Connection
from sendbatch.smtp.idempotency import Expired
from sendbatch.values import Outcome, Status

FOREVER = float("inf")  # when a message is due while the queue is empty; a limit that is none
IDLE = 30.0  # seconds after which an unused connection is closed with QUIT
# Seconds before its slot that an envelope may leave with the message before it: a round trip, within these.
LEAST_AHEAD, MOST_AHEAD = 0.01, 1.0
RESTED = 5.0  # seconds of rest after which its end, or 421, is no answer to what is sent then
PRECEDENCE = 0.01  # seconds that an open connection is ahead of one yet to be opened


class Sender:
    """`number` counts from 0; senders above the number of allowed connections stand still. `connection`
    has logged in already, at the steady time `since`."""

    def __init__(
        self,
        traffic: Traffic,
        number: int,
        connection: Connection | None = None,
        since: float | None = None,
    ) -> None:
        self._traffic = traffic
        self._number = number
        self._connection: Connection | None = None
        self._handed = 0
        self._opened = 0  # connections so far
        self._used_at = 0.0
        self._ahead: Ready | None = None  # its envelope has left with the last dot
        self._told = False  # the message before it has told why the connection ended
        self._never = asyncio.Event()
        if connection is not None:
            self._take_over(connection)
            self._used_at = self._used_at if since is None else since

    async def run(self) -> None:
        """Until nothing is left for it or the run is asked to stop."""
        try:
            while (ready := self._ahead or await self._next()) is not None:
                await self._hand_over(ready)
        finally:
            await self._leave()

    def abort(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    async def _next(self) -> Ready | None:
        """The message to send now, its slot and quota spent, with a connection open for it."""
        traffic = self._traffic
        while not traffic.stopping:
            traffic.queue.filled.clear()
            now = traffic.clock.steady()
            due = traffic.next_due(now)
            if due is None:
                return None
            surplus = traffic.is_surplus(self._number)
            far = now + LONG_WAIT < due < FOREVER
            if far and traffic.all_in:
                traffic.tell_if_used_up(due)
            if self._connection is not None and (surplus or far):
                await self._leave()  # and look again: the queue may have changed meanwhile
            elif surplus or due == FOREVER:
                await self._idle(IDLE)
            elif due > now:
                traffic.tell_of_wait(due)
                with traffic.in_turn() as later:
                    await self._idle(min(due - now + later, IDLE))
            elif await self._is_open() and (ready := await traffic.take()) is not None:
                return ready
        return None

    async def _idle(self, seconds: float) -> None:
        clock = self._traffic.clock
        if self._connection is not None:
            seconds = min(seconds, self._used_at + IDLE - clock.steady())
        await clock.wait(self._traffic.queue.filled, max(seconds, 0.001))
        # also the first one, while a person thought about the question
        if self._connection is not None and clock.steady() - self._used_at >= IDLE:
            await self._leave()

    async def _is_open(self) -> bool:
        traffic = self._traffic
        if self._connection is not None and not self._connection.usable:
            self._drop()
        if self._connection is not None and self._handed >= self._most(self._connection):
            await self._leave()  # another has learned the limit while this one waited for its slot
        if self._connection is None:
            if traffic.reach.has_free and not await self._is_needed():
                return False
            opened = await traffic.reach.open()
            if opened is None:
                return False
            self._take_over(opened)
            traffic.opened(opened)
            # the slot may have gone to another connection while this one was opened
            return False
        return True

    async def _is_needed(self) -> bool:
        """Whether a message is due still after those with an open connection had their chance."""
        clock = self._traffic.clock
        await clock.wait(self._never, PRECEDENCE)
        due = self._traffic.next_due(clock.steady())
        return due is not None and due <= clock.steady()

    async def _hand_over(self, ready: Ready) -> None:
        traffic, connection = self._traffic, self._connection
        assert connection is not None
        accepted, refused = connection.accepted, connection.refused_recipients
        rested = connection.rest >= RESTED
        self._handed += 1
        self._ahead = None
        traffic.reach.busy += 1
        try:
            outcome = await connection.hand_over(
                ready.message, partial(traffic.intend, ready), self._along
            )
        except Expired:
            self._drop()
            traffic.leave_in_doubt(ready)
            return
        finally:
            traffic.reach.busy -= 1
            self._used_at = traffic.clock.steady()
        explained = self._told or connection.mishandled or (rested and _has_ended(outcome))
        handed = Handed(accepted, refused, explained, (self._number, self._opened))
        self._told = outcome.status is Status.IN_DOUBT or _is_closing(outcome)
        reopen = traffic.settle(ready, outcome, handed)
        if outcome.status is not Status.PENDING:
            traffic.reach.served()
        if self._ahead is not None:
            return
        if outcome.lost:
            self._drop()
        elif reopen or not connection.usable or self._handed >= self._most(connection):
            await self._leave()
        if outcome.status is Status.PENDING and not handed.has_told:
            await traffic.reach.back_off()

    def _along(self) -> Along:
        """What leaves with the dot: the next envelope, or QUIT where the connection ends here."""
        traffic, connection = self._traffic, self._connection
        assert connection is not None
        surplus = traffic.is_surplus(self._number)
        over = traffic.queue.closed and not len(traffic.queue)
        if traffic.stopping or surplus or over or self._handed >= self._most(connection):
            return QUIT
        soon = min(max(connection.round_trip, LEAST_AHEAD), MOST_AHEAD)
        self._ahead = traffic.take_along(soon)
        return self._ahead.message if self._ahead is not None else None

    def _most(self, connection: Connection) -> float:
        learned = self._traffic.most_messages or FOREVER
        return min(learned, connection.offers.mailmax or FOREVER)

    async def _leave(self) -> None:
        if self._connection is None:
            return
        connection = self._connection
        self._drop(abort=False)
        await connection.quit()

    def _take_over(self, connection: Connection) -> None:
        self._connection, self._handed, self._told = connection, 0, False
        self._opened += 1
        self._used_at = self._traffic.clock.steady()
        self._traffic.reach.open_now += 1

    def _drop(self, *, abort: bool = True) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._traffic.reach.open_now -= 1
            if abort:
                connection.abort()


def _has_ended(outcome: Outcome) -> bool:
    """Whether the connection ended, or 421 came, in the place of an answer."""
    reply = outcome.reply
    return outcome.status is Status.PENDING and (reply is None or reply.code == 421)


def _is_closing(outcome: Outcome) -> bool:
    if outcome.status is Status.ACCEPTED and outcome.lost:
        return True
    return outcome.reply is not None and outcome.reply.code == 421
