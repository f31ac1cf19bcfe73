"""One connection to the server: the transaction's actions performed, its waiting bounded by time.

Small writes and their replies happen in the protocol's callbacks, without a task switch; only a
large body and the intent are awaited in `hand_over`. Between the final dot and its reply nothing
is written (a failing write would make asyncio throw away a reply already received): what comes next
goes along with the dot, or after the reply.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sendbatch.campaign.model import Timeouts
from sendbatch.smtp.actions import Action, Along, Drop, MakeDurable, SendBody, Settle, Write
from sendbatch.smtp.known import Known
from sendbatch.smtp.levels import Levels
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.opening import open_transport
from sendbatch.smtp.outcomes import State
from sendbatch.smtp.server import Server, server_of
from sendbatch.smtp.transaction import Transaction
from sendbatch.values import Message, Outcome, Status

if TYPE_CHECKING:
    from sendbatch.campaign.secrets import Credentials

__all__ = ["Connection", "Offers", "Server", "open_connection", "server_of"]

CHUNK = 65536  # bytes of a large body written at once
LEAVE = 5.0  # seconds that the reply to QUIT is waited for

_ENDED = "the connection ended"


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

    `accepted` and `refused_recipients` count the server's verdicts on it so far; `round_trip` is the
    shortest time, in seconds, in which it has answered an envelope, 0 before the first.
    """

    def __init__(
        self, transport: asyncio.Transport, offers: Offers, timeouts: Timeouts, levels: Levels
    ) -> None:
        self.offers = offers
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
        self._outcome: Outcome | None = None
        self._work: deque[SendBody | MakeDurable] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late_at = 0.0  # on the loop's clock, if `_awaiting` is not answered
        self._awaiting: str | None = None
        self._patience = 0.0
        self._asked_at: float | None = None
        self._rests_since = self._loop.time()

    @property
    def mishandled(self) -> bool:
        """Whether it ended because the server did not cope with what was written at once."""
        return self._transaction.mishandled

    @property
    def rest(self) -> float:
        """Seconds since it was opened, or the last message on it was settled."""
        return self._loop.time() - self._rests_since

    @property
    def usable(self) -> bool:
        """Whether another message may be handed over."""
        gone = self._transaction.state in (State.GONE, State.QUIT)
        return not gone and not self._transport.is_closing()

    async def hand_over(
        self,
        message: Message,
        intent: Callable[[], Awaitable[None]],
        following: Callable[[], Along] = lambda: None,
    ) -> Outcome:
        """Send one message; returns how it ended, whatever the server does.

        `intent` is awaited after the server's 354 and before the final dot leaves. What it raises
        (and a cancellation) is raised from here once the connection was aborted. `following` is
        called where the next envelope, or QUIT, can leave in the same write as the dot. The message
        it returns must be handed over next, whatever has become of this one.
        """
        self._outcome = None
        self._work.clear()
        if self._transport.is_closing():
            self._perform(self._transaction.end(_ENDED))
        self._start(message)
        try:
            while self._outcome is None:
                await self._go_on(intent, following)
        finally:
            if self._outcome is None:
                self.abort()
        return self._counted(self._outcome)

    async def quit(self) -> None:
        """Say goodbye, wait for the reply for a short while, and close. Raises nothing."""
        if self._transport.is_closing():
            self._perform(self._transaction.end(_ENDED))
        else:
            self._perform(self._transaction.quit())
        await asyncio.wait([self._closed], timeout=LEAVE + 1)

    def abort(self) -> None:
        """Drop the connection at once; a hand-over under way returns its outcome, lost."""
        self._perform(self._transaction.abandon())
        self._transport.abort()

    def _start(self, message: Message) -> None:
        actions = self._transaction.start(message)
        if any(isinstance(action, Write) for action in actions):
            self._asked_at = self._loop.time()
        self._perform(actions)

    # what asyncio calls

    def data_received(self, data: bytes) -> None:
        if self._asked_at is not None:
            took, self._asked_at = self._loop.time() - self._asked_at, None
            self.round_trip = min(took, self.round_trip or took)
        self._perform(self._transaction.receive(data))

    def eof_received(self) -> bool:
        self._perform(self._transaction.end(_ENDED))
        self._transport.abort()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._perform(self._transaction.end(_ENDED))
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
        if not actions and self._awaiting == self._transaction.awaiting:
            return
        for action in actions:
            if isinstance(action, Write):
                self._transport.write(action.data)
            elif isinstance(action, Settle):
                self._outcome = action.outcome
            elif isinstance(action, Drop):
                self._transport.abort()
            else:
                self._work.append(action)
        self._limit_waiting()
        if actions:
            self._wake()

    async def _go_on(
        self, intent: Callable[[], Awaitable[None]], following: Callable[[], Along]
    ) -> None:
        """Do one thing that takes a while, or wait for one to do."""
        if not self._work:
            await self._event()
            return
        work = self._work.popleft()
        if isinstance(work, SendBody):
            await self._send(memoryview(work.data))
            return
        if self._outcome is None:
            await intent()
        if self._transport.is_closing():
            self._perform(self._transaction.end(_ENDED))
        along = following() if self._transaction.can_follow else None
        self._perform(self._transaction.durable(along))

    async def _send(self, body: memoryview) -> None:
        for start in range(0, len(body), CHUNK):
            if self._outcome is not None or self._transport.is_closing():
                return
            self._transport.write(body[start : start + CHUNK])
            await self._drained()

    async def _drained(self) -> None:
        """Until more may be written; a server that takes no byte for too long is given up."""
        patience = self._timeouts.connect
        while self._paused and self._outcome is None:
            before = self._transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(patience):
                    await self._event()
            except TimeoutError:
                if self._transport.get_write_buffer_size() >= before:
                    self._perform(
                        self._transaction.end(f"the server took nothing for {patience:g} s")
                    )

    def _event(self) -> asyncio.Future[None]:
        """Done at the next thing that happens."""
        self._waiter = self._loop.create_future()
        return self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # limits of time

    def _limit_waiting(self) -> None:
        """From now on for what is awaited now. The timer is moved only to ring earlier: it looks
        again when it rings too early, which is cheaper than a timer for each reply."""
        self._awaiting = command = self._transaction.awaiting
        if command is None:
            return
        self._patience = self._patience_for(command)
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
        why = f"the server did not answer {what} within {self._patience:g} s"
        self._perform(self._transaction.silent(why))

    def _patience_for(self, command: str) -> float:
        limit = self._limits.get(command, self._timeouts.mail)
        behind_a_dot = self._transaction.patience
        return limit if behind_a_dot is None else min(behind_a_dot, limit)

    def _counted(self, outcome: Outcome) -> Outcome:
        self._rests_since = self._loop.time()
        if outcome.status is Status.ACCEPTED:
            self.accepted += 1
        elif outcome.reply is not None and outcome.reply.command == "RCPT":
            self.refused_recipients += 1
        gone = self._transaction.state is State.GONE or self._transport.is_closing()
        # Where QUIT went along and its reply is here already, nothing was lost: it was to end.
        return replace(outcome, lost=True) if gone and not self._transaction.has_left else outcome
