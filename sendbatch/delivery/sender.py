"""One connection's life in a run: take the next message when its slot is due, hand it over.

A sender is the source and the sink of its connection: where the server allows it the next message follows
in the same write as the end of the one before it, if its slot is due by the time that the server can answer.
"""

from __future__ import annotations

import asyncio

from sendbatch.delivery.connections import Opener
from sendbatch.delivery.course import Course
from sendbatch.delivery.queue import Queue, Ready
from sendbatch.delivery.sessions import Handed
from sendbatch.delivery.traffic import LONG_WAIT, Traffic
from sendbatch.ledger.committer import NotHeld
from sendbatch.runtime.clock import Clock
from sendbatch.smtp.idempotency import Expired
from sendbatch.smtp.transport import QUIT, End, Fact, Quit, Transport

FOREVER = float("inf")  # when a message is due while the queue is empty
IDLE = 30.0  # seconds after which an unused connection is closed with QUIT
# Seconds before its slot that an envelope may leave with the message before it: a round trip, within these.
LEAST_AHEAD, MOST_AHEAD = 0.01, 1.0
RESTED = 5.0  # seconds of rest after which its end, or 421, is no answer to what is sent then
PRECEDENCE = 0.01  # seconds that an open connection is ahead of one yet to be opened


class Sender:
    """`number` counts from 0; senders above the number of allowed connections stand still."""

    def __init__(
        self,
        traffic: Traffic,
        queue: Queue,
        opener: Opener,
        course: Course,
        clock: Clock,
        number: int,
    ) -> None:
        self._traffic = traffic
        self._connections = traffic.connections
        self._queue = queue
        self._opener = opener
        self._course = course
        self._clock = clock
        self._number = number
        self._connection: Transport | None = None
        self._handed = 0
        self._opened = 0  # connections so far
        self._name = (number, 0)  # of the present one
        self._used_at = 0.0
        self._under_way: Ready | None = None  # it is handed over now
        self._ahead: Ready | None = None  # it follows that one without a pause
        self._rested = False  # the connection had, when that one began
        self._last: Fact | None = None  # how the message handed over last has ended
        self._must_leave = False  # the connection, because of that
        self._is_unserved = False  # by the server, as far as is known, which released it
        self._ends_known = False  # from the message before it
        self._never = asyncio.Event()

    def begin_with(self, connection: Transport, since: float | None) -> None:
        """It has logged in already, at the steady time `since`."""
        self._take_over(connection)
        self._used_at = self._used_at if since is None else since

    async def run(self) -> None:
        """Until nothing is left for it or the run is asked to stop."""
        with self._course.unless_lost():
            try:
                while (ready := await self._next()) is not None:
                    await self._carry(ready)
            finally:
                await self._leave()

    def abort(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    async def _next(self) -> Ready | None:
        """The message to send now, its slot and quota spent, with a connection open for it."""
        traffic = self._traffic
        while not traffic.is_stopping:
            self._queue.filled.clear()
            now = self._clock.steady()
            due = traffic.next_due(now)
            if due is None:
                return None
            surplus = traffic.is_surplus(self._number)
            far = now + LONG_WAIT < due < FOREVER
            if far and traffic.all_in:
                traffic.tell_if_used_up(due)
            if self._connection is not None and (surplus or far):
                await self._leave()  # and look again: the queue may have changed meanwhile
            elif surplus or due == FOREVER or traffic.is_held:
                await self._idle(IDLE)
            elif due > now:
                traffic.tell_of_wait(due)
                with traffic.in_turn() as later:
                    await self._idle(min(due - now + later, IDLE))
            elif await self._is_open() and (ready := await traffic.take()) is not None:
                return ready
        return None

    async def _idle(self, seconds: float) -> None:
        clock = self._clock
        if self._connection is not None:
            seconds = min(seconds, self._used_at + IDLE - clock.steady())
        await clock.wait(self._queue.filled, max(seconds, 0.001))
        if self._connection is not None and self._is_unused:
            await self._leave()

    @property
    def _is_unused(self) -> bool:
        """Whether the connection has been for so long that servers may have enough of it."""
        return self._clock.steady() - self._used_at >= IDLE

    async def _is_open(self) -> bool:
        if self._connection is not None and not self._connection.usable:
            self._drop()
        if self._connection is not None and (
            # the first one, while a person thought about the question
            self._is_unused
            # another has learned the limit while this one waited for its slot
            or self._has_its_fill(self._connection)
        ):
            await self._leave()
        if self._connection is None:
            if self._opener.has_free and not await self._is_needed():
                return False
            opened = await self._opener.open()
            if opened is None:
                return False
            self._take_over(opened)
            # the slot may have gone to another connection while this one was opened
            return False
        return True

    async def _is_needed(self) -> bool:
        """Whether a message is due still after those with an open connection had their chance."""
        clock = self._clock
        await clock.wait(self._never, PRECEDENCE)
        due = self._traffic.next_due(clock.steady())
        return due is not None and due <= clock.steady()

    async def _carry(self, ready: Ready) -> None:
        """Hand this message over, and what follows it without a pause; then see to the connection."""
        traffic, connection = self._traffic, self._connection
        assert connection is not None
        self._begin(ready, rested=connection.rest >= RESTED)
        try:
            with self._opener.busy():
                await connection.carry(ready, self, traffic, self)
        except (Expired, NotHeld) as refused:
            assert self._under_way is not None
            self._drop()  # behind a 354: there is no other way to leave a message that is not to be whole
            if isinstance(refused, Expired):
                traffic.leave_in_doubt(self._under_way)
            else:
                traffic.unheld(self._under_way)
            return
        finally:
            self._used_at = self._clock.steady()
        assert self._last is not None
        if self._last.lost:
            self._drop()
        elif self._must_leave or not connection.usable or self._has_its_fill(connection):
            await self._leave()
        if self._is_unserved:
            await self._opener.back_off()

    def _begin(self, ready: Ready | None, *, rested: bool = False) -> None:
        """This one is handed over now."""
        self._under_way, self._ahead, self._rested = ready, None, rested
        self._handed += ready is not None

    # what the connection asks and tells, as its source and its sink

    def following(self) -> Ready | Quit | None:
        """The next envelope, or a leave where the connection ends here."""
        connection = self._connection
        assert connection is not None
        if self._has_its_fill(connection):
            return QUIT
        soon = min(max(connection.round_trip, LEAST_AHEAD), MOST_AHEAD)
        following = self._traffic.take_along(self._number, soon)
        self._ahead = None if isinstance(following, Quit) else following
        return following

    def ended(self, parcel: Ready, fact: Fact) -> None:
        """Settle it; what follows it is under way then."""
        traffic, connection = self._traffic, self._connection
        assert connection is not None
        self._last = fact
        taken = fact.end is End.TAKEN
        if taken and traffic.steering.is_calm and not (fact.lost or self._ends_known):
            traffic.accepted(
                parcel, fact.reply, self._name, connection.accepted, connection.refused_recipients
            )
            self._must_leave = self._is_unserved = False
        else:
            self._settle(parcel, fact, connection)
        if self._opener.pause and fact.end is not End.RELEASED:
            self._opener.served()
        self._begin(self._ahead)

    def _settle(self, parcel: Ready, fact: Fact, connection: Transport) -> None:
        """Where more is to be said than that it was taken."""
        mishandled = fact.lost and connection.mishandled
        ends_known = self._ends_known or mishandled or (self._rested and _has_ended(fact))
        if self._traffic.is_held and (fact.reply is None or fact.closing):
            ends_known = True  # we let the server wait for the end of the message
        handed = Handed(
            connection.accepted,
            connection.refused_recipients,
            ends_known,
            self._name,
        )
        taken = fact.end is End.TAKEN
        self._ends_known = fact.end is End.UNANSWERED or fact.closing or (taken and fact.lost)
        self._must_leave = self._traffic.settle(parcel, fact, handed)
        self._is_unserved = fact.end is End.RELEASED and not handed.is_understood

    def _has_its_fill(self, connection: Transport) -> bool:
        """Whether the connection may carry no more, as was declared or learned, or as the server says."""
        for most in (self._connections.per_connection, connection.most_messages):
            if most and self._handed >= most:
                return True
        return False

    async def _leave(self) -> None:
        if self._connection is None:
            return
        connection = self._connection
        self._drop(abort=False)
        await connection.quit()

    def _take_over(self, connection: Transport) -> None:
        self._connection, self._handed, self._ends_known = connection, 0, False
        self._opened += 1
        self._name = (self._number, self._opened)
        self._used_at = self._clock.steady()
        self._opener.took_over()

    def _drop(self, *, abort: bool = True) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._opener.dropped()
            if abort:
                connection.abort()


def _has_ended(fact: Fact) -> bool:
    """Whether the connection ended, or its end was announced, in the place of an answer."""
    return fact.end is End.RELEASED and (fact.reply is None or fact.closing)
