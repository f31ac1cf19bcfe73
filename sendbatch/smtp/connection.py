"""One connection to the server: the transaction's actions performed, its waiting bounded by time.

Small writes and their replies happen in the protocol's callbacks, without a task switch; only a
large body and the intent are awaited in `carry`. Between the final dot and its reply nothing
is written (a failing write would make asyncio throw away a reply already received): what comes next
goes along with the dot, or after the reply.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sendbatch.campaign.model import Timeouts
from sendbatch.smtp import facts
from sendbatch.smtp.actions import Action, Drop, MakeDurable, SendBody, Settle, Write
from sendbatch.smtp.facts import State
from sendbatch.smtp.known import Known
from sendbatch.smtp.levels import Levels
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.opening import open_transport
from sendbatch.smtp.server import Server, server_of
from sendbatch.smtp.transaction import Transaction
from sendbatch.smtp.transport import (
    Break,
    Cause,
    End,
    Fact,
    IntentLog,
    P,
    Quit,
    Sink,
    Source,
    Step,
)
from sendbatch.values import Message

if TYPE_CHECKING:
    from sendbatch.campaign.secrets import Credentials

__all__ = ["Connection", "Offers", "Server", "open_connection", "server_of"]

CHUNK = 65536  # bytes of a large body written at once
LEAVE = 5.0  # seconds that the reply to QUIT is waited for


async def open_connection(
    server: Server,
    credentials: Credentials | None,
    levels: Levels | None = None,
    known: Known | None = None,
) -> Connection:
    """Connects, secures and logs in. `levels` and `known` are shared by the connections of a run.

    Raises SmtpError, its message and hint meant for people.
    """
    transport, offers = await open_transport(server, credentials, known)
    connection = Connection(transport, offers, server.timeouts, levels or Levels())
    transport.set_protocol(connection)
    return connection


class Connection(asyncio.Protocol):
    """A logged-in connection that messages are handed over on, one after the other.

    `accepted` and `refused_recipients` count what the server replied on it so far, each once its sink was
    told; `round_trip` is the shortest time, in seconds, in which it has answered an envelope, 0 before the
    first.
    """

    def __init__(
        self, transport: asyncio.Transport, offers: Offers, timeouts: Timeouts, levels: Levels
    ) -> None:
        self.offers = offers
        self.most_messages = offers.mailmax  # it may carry, where the server says so (RFC 9422)
        self.accepted = 0
        self.refused_recipients = 0
        self.round_trip = 0.0
        self._transport = transport
        self._timeouts = timeouts
        self._limits = {
            "RCPT": timeouts.rcpt,
            "DATA": timeouts.data,
            "MESSAGE": timeouts.final,
            "QUIT": LEAVE,
        }
        self._transaction = Transaction(offers, levels)
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._paused = False
        self._fact: Fact | None = None
        self._is_durable = False  # the intent asked for last
        self._failure: BaseException | None = None  # why it never will be
        self._asked: object = None  # which intent that is
        self._work: deque[SendBody | MakeDurable] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late_at = 0.0  # on the loop's clock, if `_awaiting` is not answered
        self._awaiting: State | None = None
        self._patience = 0.0
        self._asked_at: float | None = None
        self._rests_since = self._loop.time()

    @property
    def mishandled(self) -> bool:
        """Whether it ended because the server did not cope with what was written at once."""
        return self._transaction.mishandled

    @property
    def rest(self) -> float:
        """Seconds since it was opened, or the last message on it ended."""
        return self._loop.time() - self._rests_since

    @property
    def usable(self) -> bool:
        """Whether another message may be handed over."""
        over = self._transaction.state in (State.GONE, State.QUIT)
        return not over and not self._transport.is_closing()

    async def carry(
        self, first: P, source: Source[P], intents: IntentLog[P], sink: Sink[P]
    ) -> None:
        """As Transport.carry. What follows leaves in the same write as the dot before it, where the server
        allows it."""
        parcel: P | None = first
        while parcel is not None:
            fact, following = await self._hand_over(parcel, source, intents)
            sink.ended(parcel, fact)
            self._count(fact)
            parcel = following

    async def _hand_over(
        self, parcel: P, source: Source[P], intents: IntentLog[P]
    ) -> tuple[Fact, P | None]:
        """How this one ended, and what must be handed over next."""
        self._fact = self._failure = None
        self._is_durable = False
        self._work.clear()
        following: P | None = None
        if self._transport.is_closing():
            self._perform(self._transaction.end(facts.ENDED))
        self._start(parcel.message)
        try:
            while self._fact is None:
                if self._failure is not None:
                    raise self._failure
                if self._is_durable:
                    self._is_durable = False
                    following = self._send_off(source)
                elif not self._work:
                    await self._event()
                else:
                    await self._go_on(parcel, intents)
        finally:
            if self._fact is None:
                self.abort()
        return self._lost_with_its_connection(self._fact), following

    async def quit(self) -> None:
        """Say goodbye, wait for the reply for a short while, and close. Raises nothing."""
        if self._transport.is_closing():
            self._perform(self._transaction.end(facts.ENDED))
        else:
            self._perform(self._transaction.quit())
        await asyncio.wait([self._closed], timeout=LEAVE + 1)

    def abort(self) -> None:
        """Drop the connection at once; of a message under way it is told that it was lost."""
        self._perform(self._transaction.abandon())
        self._transport.abort()

    def _start(self, message: Message) -> None:
        actions = self._transaction.start(message)
        if actions and isinstance(actions[0], Write):
            self._asked_at = self._loop.time()
        self._perform(actions)

    # what asyncio calls

    def data_received(self, data: bytes) -> None:
        if self._asked_at is not None:
            took, self._asked_at = self._loop.time() - self._asked_at, None
            self.round_trip = min(took, self.round_trip or took)
        self._perform(self._transaction.receive(data))

    def eof_received(self) -> bool:
        self._perform(self._transaction.end(facts.ENDED))
        self._transport.abort()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._perform(self._transaction.end(facts.ENDED))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wake()

    # actions

    def _perform(self, actions: Sequence[Action]) -> None:
        awaited = self._transaction.awaited
        awaiting = awaited[0] if awaited else None
        if not actions and self._awaiting is awaiting:
            return
        for action in actions:
            if isinstance(action, Write):
                self._transport.write(action.data)
            elif isinstance(action, Settle):
                self._fact = action.fact
            elif isinstance(action, Drop):
                self._transport.abort()
            else:
                self._work.append(action)
        self._awaiting = awaiting
        if awaiting is not None:
            self._limit_waiting(awaiting)
        if actions:
            self._wake()

    async def _go_on(self, parcel: P, intents: IntentLog[P]) -> None:
        """Send a large body, or write the intent; what was asked of the log before is told to nobody."""
        work = self._work.popleft()
        if isinstance(work, SendBody):
            await self._send(memoryview(work.data))
        elif self._fact is None:
            self._asked = asked = object()
            intents.write((parcel,), partial(self._written, asked))

    def _written(self, asked: object, error: BaseException | None) -> None:
        """By the log: the intent is durable, or never will be."""
        if asked is self._asked:
            self._is_durable, self._failure = error is None, error
            self._wake()

    def _send_off(self, source: Source[P]) -> P | None:
        """The dot leaves, with what follows it; returns the message among that."""
        if self._transport.is_closing():
            self._perform(self._transaction.end(facts.ENDED))
        along = source.following() if self._transaction.can_follow else None
        if along is None or isinstance(along, Quit):
            self._perform(self._transaction.durable(along))
            return None
        self._perform(self._transaction.durable(along.message))
        return along

    async def _send(self, body: memoryview) -> None:
        for start in range(0, len(body), CHUNK):
            if self._fact is not None or self._transport.is_closing():
                return
            self._transport.write(body[start : start + CHUNK])
            await self._drained()

    async def _drained(self) -> None:
        """Until more may be written; a server that takes no byte for too long is given up."""
        patience = self._timeouts.connect
        while self._paused and self._fact is None:
            before = self._transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(patience):
                    await self._event()
            except TimeoutError:
                if self._transport.get_write_buffer_size() >= before:
                    stalled = Cause(Break.STALLED, f"{patience:g}")
                    self._perform(self._transaction.end(stalled))

    def _event(self) -> asyncio.Future[None]:
        """Done at the next thing that happens."""
        self._waiter = self._loop.create_future()
        return self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # limits of time

    def _limit_waiting(self, command: State) -> None:
        """From now on for the reply to this. The timer is moved only to ring earlier: it looks
        again when it rings too early, which is cheaper than a timer for each reply."""
        self._patience = self._limits.get(command, self._timeouts.mail)
        behind_a_dot = self._transaction.patience if command is State.MAIL else None
        if behind_a_dot is not None:
            self._patience = min(behind_a_dot, self._patience)
        self._late_at = self._loop.time() + self._patience
        if self._timer is None or self._late_at < self._timer.when():
            self._ring_at(self._late_at)

    def _ring_at(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._rung)

    def _rung(self) -> None:
        self._timer = None
        command = self._awaiting
        if command is None:
            return
        if self._loop.time() < self._late_at - 0.001:
            self._ring_at(self._late_at)
            return
        what = "the message" if command == "MESSAGE" else command
        silent = Cause(Break.SILENT, f"{self._patience:g} {what}")
        self._perform(self._transaction.silent(silent))

    def _lost_with_its_connection(self, fact: Fact) -> Fact:
        """Where QUIT went along and its reply is here already, nothing was lost: it was to end."""
        gone = self._transaction.gone or self._transport.is_closing()
        return facts.lost(fact) if gone and not self._transaction.has_left else fact

    def _count(self, fact: Fact) -> None:
        self._rests_since = self._loop.time()
        if fact.end is End.TAKEN:
            self.accepted += 1
        elif fact.end is End.REFUSED and fact.step is Step.RECIPIENT:
            self.refused_recipients += 1
