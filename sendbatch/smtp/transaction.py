"""The conversation that hands messages over, command by command. No I/O and no clock.

Theory of operation. A `Transaction` lives as long as its connection. Events come in by its
methods: a message to send (`start`), bytes of the server (`receive`), the row made durable
(`durable`), the end of the connection or of our patience (`end`), our own wish to stop
(`abandon`), QUIT (`quit`). Each returns the actions to take, in order. Two rules:

1. Every change of state is in this file, and each message started is settled exactly once.
2. The state says what the server may say. `MAIL`, `RCPT`, `DATA`, `MESSAGE`, `RSET` and `QUIT` mean
   that exactly one reply is outstanding; `IDLE` and `READY` that none is, so that any byte of the
   server ends the connection; `GONE` is final.

         start           2xx         2xx         3xx            durable           any
    IDLE ───────▶ MAIL ───────▶ RCPT ──────▶ DATA ──────▶ READY ───────▶ MESSAGE ──────▶ IDLE
      │ after a    ▲                                      the dot is
      │ refusal    │ 2xx                                  held back
      └─────────▶ RSET

A lone dot after a 354 that no accepted RCPT precedes would deliver an empty mail: no path here
leads from such a reply to a write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from sendbatch.smtp.envelope import mail_command, rcpt_command, stuffed, unfit
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.replies import ReplyError, ReplyParser, reply_of
from sendbatch.values import Message, Outcome, Reply, Status

LARGE = 65536  # bytes; a larger body goes before the intent is durable, a smaller one with its dot


@dataclass(frozen=True, slots=True)
class Write:
    """Write these few bytes at once."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SendBody:
    """Write a large body at the pace of the connection; other events may come meanwhile."""

    data: bytes


@dataclass(frozen=True, slots=True)
class MakeDurable:
    """Make the intent durable, then tell by `durable`."""


@dataclass(frozen=True, slots=True)
class Settle:
    """The message started last has ended so."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Drop:
    """Drop the connection without another byte, not even one that is buffered."""


Action: TypeAlias = Write | SendBody | MakeDurable | Settle | Drop


class State(Enum):
    IDLE = "idle"
    RSET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    READY = "ready"
    MESSAGE = "MESSAGE"
    QUIT = "QUIT"
    GONE = "gone"


_AWAITING = (State.RSET, State.MAIL, State.RCPT, State.DATA, State.MESSAGE, State.QUIT)

# The status that a refusal means, by what is refused and the first digit of the reply. Only RCPT
# and the reply to the dot speak about the recipient or the message; MAIL and DATA about us.
_REFUSED = {
    (State.RSET, 4): Status.PENDING,
    (State.RSET, 5): Status.PENDING,
    (State.MAIL, 4): Status.DEFERRED,
    (State.MAIL, 5): Status.DEFERRED,
    (State.RCPT, 4): Status.DEFERRED,
    (State.RCPT, 5): Status.REJECTED,
    (State.DATA, 4): Status.DEFERRED,
    (State.DATA, 5): Status.DEFERRED,
    (State.MESSAGE, 4): Status.DEFERRED,
    (State.MESSAGE, 5): Status.REJECTED,
}

_WHAT = {
    State.RSET: "a new message on this connection",
    State.MAIL: "the sender",
    State.RCPT: "the recipient",
    State.DATA: "to take the message",
    State.MESSAGE: "the message",
}

_POSITIVE = {State.RSET: 2, State.MAIL: 2, State.RCPT: 2, State.DATA: 3, State.MESSAGE: 2}


class Transaction:
    """The conversation on one connection, from the hand-over of its transport to its end."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._parser = ReplyParser()
        self._state = State.IDLE
        self._message: Message | None = None
        self._body = b""  # stuffed, where it is to go with its dot
        self._body_sent = False
        self._needs_reset = False

    @property
    def state(self) -> State:
        return self._state

    @property
    def awaiting(self) -> str | None:
        """The command whose reply is outstanding: RSET, MAIL, RCPT, DATA, MESSAGE or QUIT."""
        return self._state.value if self._state in _AWAITING else None

    def _is_gone(self) -> bool:
        return self._state is State.GONE

    # events

    def start(self, message: Message) -> Sequence[Action]:
        """Hand this message over; the one before it must be settled."""
        if self._is_gone():
            return [Settle(_released("the connection had ended"))]
        if self._state is not State.IDLE:
            raise RuntimeError(f"a message was started while {self._state.value}")
        if (reason := unfit(message, self._offers)) is not None:
            return [Settle(Outcome(Status.FAILED, reason=reason))]
        self._message, self._body_sent = message, False
        if self._needs_reset:
            return self._command(State.RSET, b"RSET\r\n")
        return self._command(State.MAIL, mail_command(message, self._offers))

    def receive(self, data: bytes) -> Sequence[Action]:
        """Bytes of the server, split in any way."""
        if self._is_gone():
            return []
        self._parser.feed(data)
        actions: list[Action] = []
        try:
            while (answer := self._parser.next_answer()) is not None:
                actions += self._answered(reply_of(answer, self._state.value))
                if self._is_gone():
                    return actions
        except ReplyError as error:
            return [*actions, *self.end(f"the server sent what is no SMTP reply ({error})")]
        if self._parser.pending and self._state is State.IDLE:
            actions += self._gone()
        return actions

    def durable(self) -> Sequence[Action]:
        """The intent is durable: the dot may leave, unless the server spoke or left meanwhile."""
        if self._state is not State.READY:
            return []
        if self._parser.pending:
            return self.end("the server answered before it had the whole message")
        body, self._body = self._body, b""
        return self._command(State.MESSAGE, body + b".\r\n")

    def end(self, why: str) -> Sequence[Action]:
        """Nothing more will come, or what came cannot be trusted. Settles what is under way.

        Call it only after all that was received has gone through `receive`.
        """
        outcome = None
        if self._state is State.MESSAGE:
            outcome = _in_doubt(why)
        elif self._state is State.READY and self._body_sent:
            reason = f"{why} before the message was whole: it was not delivered"
            outcome = Outcome(Status.DEFERRED, reason=reason, lost=True)
        elif self._message is not None:
            outcome = _released(why)
        return self._gone(outcome)

    def abandon(self) -> Sequence[Action]:
        """We stop. The server is not to blame: what has not left is as if never tried."""
        if self._state is State.READY:
            return self._gone(_released("sending was stopped"))
        return self.end("sending was stopped")

    def quit(self) -> Sequence[Action]:
        """Take leave where the conversation allows it."""
        if self._state is not State.IDLE:
            return self.abandon()
        return self._command(State.QUIT, b"QUIT\r\n")

    # replies

    def _answered(self, reply: Reply) -> Sequence[Action]:
        """One whole reply, `reply.command` being the state it came in."""
        if self._state in (State.IDLE, State.QUIT):
            return self._gone()
        if self._state is State.READY:
            return self._answered_early(reply)
        kind = reply.code // 100
        if reply.code == 421:
            return self._leaving(reply)
        if kind == _POSITIVE[self._state]:
            return self._go_on(reply)
        if (status := _REFUSED.get((self._state, kind))) is None:
            return self.end(f"the server's reply does not fit: {reply.code} to {reply.command}")
        return self._refused(status, reply)

    def _go_on(self, reply: Reply) -> Sequence[Action]:
        message = self._message
        assert message is not None
        if self._state is State.MESSAGE:
            return self._settle(Outcome(Status.ACCEPTED, reply))
        if self._state is State.DATA:
            return self._make_ready(stuffed(message.data))
        if self._parser.pending:
            return self.end("the server sent more replies than there were commands")
        if self._state is State.RSET:
            self._needs_reset = False
            return self._command(State.MAIL, mail_command(message, self._offers))
        if self._state is State.MAIL:
            return self._command(State.RCPT, rcpt_command(message.envelope))
        return self._command(State.DATA, b"DATA\r\n")

    def _make_ready(self, body: bytes) -> Sequence[Action]:
        self._state = State.READY
        if len(body) <= LARGE:
            self._body = body
            return [MakeDurable()]
        self._body_sent = True
        return [SendBody(body), MakeDurable()]

    def _answered_early(self, reply: Reply) -> Sequence[Action]:
        """After 354 and before our dot: never in doubt, and the server's state is unknown.

        Only 5xx to RCPT or after the dot makes `rejected`, so that this one counts as DATA's.
        """
        early = Reply(reply.code, reply.text, State.DATA.value, reply.enhanced)
        if reply.code == 421 and not self._body_sent:
            return self._leaving(early)
        reason = "the server answered before it had the whole message"
        refused = early if reply.code >= 400 else None
        return self._gone(Outcome(Status.DEFERRED, refused, reason, lost=True))

    def _leaving(self, reply: Reply) -> Sequence[Action]:
        """421: the server closes the connection (RFC 5321 §3.8)."""
        reason = "the server closed the connection"
        status = Status.DEFERRED if self._state is State.MESSAGE else Status.PENDING
        return self._gone(Outcome(status, reply, reason, lost=True))

    def _refused(self, status: Status, reply: Reply) -> Sequence[Action]:
        outcome = Outcome(status, reply, f"the server refused {_WHAT[self._state]}")
        if self._state is State.RSET:
            return self._gone(_lost(outcome))
        self._needs_reset = self._state is not State.MESSAGE
        return self._settle(outcome)

    # what all of it ends in

    def _command(self, state: State, data: bytes) -> Sequence[Action]:
        self._state = state
        return [Write(data)]

    def _settle(self, outcome: Outcome) -> Sequence[Action]:
        self._state, self._message = State.IDLE, None
        return [Settle(outcome)]

    def _gone(self, outcome: Outcome | None = None) -> Sequence[Action]:
        if self._is_gone():
            return []
        self._state, self._message, self._body = State.GONE, None, b""
        return [Drop()] if outcome is None else [Drop(), Settle(outcome)]


def _released(why: str) -> Outcome:
    reason = f"{why} before anything of the message was handed over"
    return Outcome(Status.PENDING, reason=reason, lost=True)


def _in_doubt(why: str) -> Outcome:
    reason = f"{why} after the whole message had left: it may have been delivered"
    return Outcome(Status.IN_DOUBT, reason=reason, lost=True)


def _lost(outcome: Outcome) -> Outcome:
    return Outcome(outcome.status, outcome.reply, outcome.reason, lost=True)
