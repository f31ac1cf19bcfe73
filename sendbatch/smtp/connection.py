"""One connection to the server: the transaction's actions performed, its waiting bounded by time.

All of it happens in callbacks of the loop, from message to message: what the server says, the word of the
intent log, room in the buffers. `carry` begins a chain of messages and is woken when nothing follows any
more; no task is switched to and no future is made for each of them. Between the final dot and its reply
nothing is written (a failing write would make asyncio throw away a reply already received): what comes next
goes along with the dot, or after the reply.

What happens is noted first (`_perform`), and `_go_on` does what follows from it, in a callback of its own.
The ports are called from there alone, and what they cause in turn is only noted: nothing is done within
itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sendbatch.campaign.model import Timeouts
from sendbatch.smtp import facts
from sendbatch.smtp.actions import Action, MakeDurable, SendBody, Settle, Write
from sendbatch.smtp.alarm import Alarm
from sendbatch.smtp.chain import Chain
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
    Parcel,
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

# The intent of the message under way.
NOT_YET, WANTED, ASKED_FOR, WRITTEN = range(4)


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
        self._limits = dict.fromkeys(State, timeouts.mail) | {
            State.RCPT: timeouts.rcpt,
            State.DATA: timeouts.data,
            State.MESSAGE: timeouts.final,
            State.QUIT: LEAVE,
        }
        self._transaction = Transaction(offers, levels)
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._alarm = Alarm(self._loop, self._rung)
        self._awaiting: State | None = None
        self._patience = 0.0
        self._envelope_at: float | None = None  # written then, and not answered yet
        self._rests_since = self._loop.time()
        # what goes on
        self._chain: Chain[Parcel] | None = None
        self._goes_on = False
        self._paused = False
        self._buffered = 0  # bytes, when the connection was last seen to take none
        # what has happened to the message under way
        self._fact: Fact | None = None
        self._body: memoryview | None = None  # what is left of a large one
        self._intent = NOT_YET
        self._failure: BaseException | None = None  # why it never will be durable

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
        self._chain = chain = Chain(first, source, intents, sink, self._loop.create_future())
        try:
            self._start(first.message)
            self._go_on()
            await chain.over
        finally:
            if self._chain is chain:  # cancelled
                self._break_off()
        if chain.error is not None:
            raise chain.error

    async def quit(self) -> None:
        """Say goodbye, wait for the reply for a short while, and close. Raises nothing."""
        if self._transport.is_closing():
            self._perform(self._transaction.end(facts.ENDED))
        else:
            self._perform(self._transaction.quit())
        self._go_on_soon()
        await asyncio.wait([self._closed], timeout=LEAVE + 1)

    def abort(self) -> None:
        """Drop the connection at once; of a message under way it is told soon that it was lost."""
        self._perform(self._transaction.abandon())
        self._transport.abort()
        self._go_on_soon()

    # what asyncio calls

    def data_received(self, data: bytes) -> None:
        if self._envelope_at is not None:
            took, self._envelope_at = self._loop.time() - self._envelope_at, None
            self.round_trip = min(took, self.round_trip or took)
        self._perform(self._transaction.receive(data))
        if self._chain is not None:  # as `_go_on_soon`, for it is called with every packet
            self._loop.call_soon(self._go_on)

    def eof_received(self) -> bool:
        self._perform(self._transaction.end(facts.ENDED))
        self._transport.abort()
        self._go_on_soon()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._perform(self._transaction.end(facts.ENDED))
        self._alarm.cancel()
        if not self._closed.done():
            self._closed.set_result(None)
        self._go_on_soon()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._go_on_soon()

    # from message to message

    def _go_on(self) -> None:
        """Do what follows from what has happened, until there is only to wait."""
        chain = self._chain
        if chain is None or self._goes_on:
            return
        self._goes_on = True
        try:
            while self._chain is chain:
                if self._fact is not None:
                    self._settle(chain, self._fact)
                elif self._body is not None:
                    if not self._send_on(self._body):
                        return
                elif self._intent == WANTED:
                    self._intent = ASKED_FOR
                    parcel = chain.under_way
                    chain.intents.write((parcel,), partial(self._written, parcel))
                elif self._intent == WRITTEN:
                    self._send_off(chain)
                else:
                    return
        except BaseException as error:  # noqa: BLE001 - `carry` raises it
            self._break_off()
            chain.ends(error)
        finally:
            self._goes_on = False

    def _go_on_soon(self) -> None:
        """Once all that has arrived was read, on every connection. A port may take its time, or abort others:
        what they had been told by then is known, and those whose dot was due have had their turn."""
        if self._chain is not None:
            self._loop.call_soon(self._go_on)

    def _start(self, message: Message) -> None:
        if self._transport.is_closing():
            self._perform(self._transaction.end(facts.ENDED))
        actions = self._transaction.start(message)
        if actions and isinstance(actions[0], Write):
            self._envelope_at = self._loop.time()
        self._perform(actions)

    def _settle(self, chain: Chain[Parcel], fact: Fact) -> None:
        """Tell how the message under way has ended, and start what follows it."""
        transaction, ended, following = self._transaction, chain.under_way, chain.following
        self._forget()
        if following is not None:
            chain.under_way, chain.following = following, None
        # Where QUIT went along and its reply is here already, nothing was lost: it was to end.
        if not transaction.has_left and (transaction.gone or self._transport.is_closing()):
            fact = facts.lost(fact)
        chain.sink.ended(ended, fact)
        if fact.end is End.TAKEN:
            self.accepted += 1
        elif fact.end is End.REFUSED and fact.step is Step.RECIPIENT:
            self.refused_recipients += 1
        if following is not None:
            self._start(following.message)
        else:
            self._rests_since = self._loop.time()
            self._chain = None
            chain.ends()

    def _break_off(self) -> None:
        """Nothing of the message under way, or of what follows it, counts; the sink is told of neither."""
        self._chain = None
        self.abort()
        self._forget()

    def _forget(self) -> None:
        """What has happened to a message, once that is told or told to nobody."""
        self._fact = self._body = self._failure = None
        self._intent = NOT_YET

    def _written(self, parcel: Parcel, error: BaseException | None) -> None:
        """By the log: the intent of this one is durable, or never will be. What it says of a message that is
        not under way any more is told to nobody."""
        chain = self._chain
        if chain is not None and chain.under_way is parcel and self._intent == ASKED_FOR:
            self._intent, self._failure = WRITTEN, error
            self._go_on()

    def _send_off(self, chain: Chain[Parcel]) -> None:
        """The dot leaves, with what follows it."""
        self._intent = NOT_YET
        if self._failure is not None:
            raise self._failure
        if self._transport.is_closing():
            self._perform(self._transaction.end(facts.ENDED))
        along = chain.source.following() if self._transaction.can_follow else None
        if along is None or isinstance(along, Quit):
            self._perform(self._transaction.durable(along))
        else:
            chain.following = along
            self._perform(self._transaction.durable(along.message))

    def _send_on(self, body: memoryview) -> bool:
        """Send what the connection takes now of a large body; returns whether that is all of it. A server
        that takes no byte for too long is given up."""
        while body and not self._paused and not self._transport.is_closing():
            self._transport.write(body[:CHUNK])
            body = body[CHUNK:]
        if body or self._paused:
            self._body = body
            self._buffered = self._transport.get_write_buffer_size()
            self._alarm.set(self._timeouts.connect)
            return False
        self._body = None
        return True

    # actions, and limits of time

    def _perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, Write):
                self._transport.write(action.data)
            elif isinstance(action, Settle):
                self._fact = action.fact
            elif isinstance(action, MakeDurable):
                self._intent = WANTED
            elif isinstance(action, SendBody):
                self._body = memoryview(action.data)
            else:
                self._transport.abort()
        awaited = self._transaction.awaited
        awaiting = awaited[0] if awaited else None
        if actions or awaiting is not self._awaiting:
            self._awaiting = awaiting
            if awaiting is not None:
                self._limit_waiting(awaiting)

    def _limit_waiting(self, command: State) -> None:
        """From now on for the reply to this."""
        self._patience = self._limits[command]
        if command is State.MAIL and (behind_a_dot := self._transaction.patience) is not None:
            self._patience = min(behind_a_dot, self._patience)
        self._alarm.set(self._patience)

    def _rung(self) -> None:
        if self._body is not None and self._paused:
            self._look_at_progress()
        elif self._awaiting is not None:
            what = "the message" if self._awaiting == "MESSAGE" else self._awaiting
            silent = Cause(Break.SILENT, f"{self._patience:g} {what}")
            self._perform(self._transaction.silent(silent))
        self._go_on_soon()

    def _look_at_progress(self) -> None:
        if self._transport.get_write_buffer_size() >= self._buffered:
            stalled = Cause(Break.STALLED, f"{self._timeouts.connect:g}")
            self._perform(self._transaction.end(stalled))
