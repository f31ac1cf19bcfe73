"""The conversation that hands messages over, at three levels. No I/O and no clock.

Theory of operation. A `Transaction` lives as long as its connection. Events come in by its
methods: a message to send (`start`), bytes of the server (`receive`), the row made durable
(`durable`), the end of the connection or of our patience (`end`, `silent`), our own wish to stop
(`abandon`), QUIT (`quit`). Each returns the actions to take, in order. `durable` may send what comes
next along with the dot: the following message's envelope, or QUIT. Such a message counts as started;
what becomes of it is kept until `start` is called for it. Two rules:

1. Every change of state is in this file, and each message started is settled exactly once.
2. `awaited` holds the commands whose replies are outstanding, in the order they were written. A
   reply answers the first of them, whose name is the state. Where there is none the state is `READY`
   (the dot is held back) or `IDLE`, and any byte of the server ends the connection; `GONE` is final.

        start: [. RSET] MAIL RCPT DATA          durable: the body, its dot,
        in one write (level 1: one by one)      at level 3 [MAIL RCPT DATA | QUIT]
    IDLE ──────▶ MAIL ─▶ RCPT ─▶ DATA ──────▶ READY ──────▶ MESSAGE ──────▶ IDLE, MAIL or QUIT
              2xx     2xx     2xx     354                           settled

    state            reply                    what it leads to
    LONE_DOT         2xx 4xx 5xx              discarded
    RSET             4xx 5xx                  GONE; the message is released
    MAIL RCPT DATA   4xx 5xx, the first one   refused; replies behind it are discarded, then IDLE
      behind it      354 to DATA              IDLE, and the next write begins with a lone dot, if
                                              RCPT was refused; else GONE without another byte
    READY            any                      GONE; early, or released at 421 without a body
    MESSAGE          2xx 4xx 5xx              settled
    any              421                      GONE; MESSAGE refused, an envelope released
    any              what does not fit        GONE; MESSAGE unanswered, an envelope released

What nearly every packet of a server holds, the replies that grant all that is awaited, is known at one
glance. That abbreviates the table: whatever else comes goes reply by reply.

A lone dot after a 354 that an accepted RCPT precedes would deliver an empty mail: the only lone
dot written here stands before RSET and follows a refused RCPT (RFC 2920 §3.1).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

from sendbatch.smtp import facts
from sendbatch.smtp.actions import Action, Along, Drop, MakeDurable, SendBody, Settle, Write
from sendbatch.smtp.attempt import ENVELOPE, LARGE, Attempt, unfit
from sendbatch.smtp.facts import POSITIVE, State, misfit
from sendbatch.smtp.levels import BEHIND, SINGLE, Levels
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.replies import Answer, ReplyParser, clean_reply, in_one_packet, reply_of
from sendbatch.smtp.transport import Break, Cause, End, Fact, Step
from sendbatch.values import Message

# What is awaited, and the packet that grants all of it.
AT_ONE_GLANCE = [
    (deque(awaited), in_one_packet([POSITIVE[state] for state in awaited]))
    for awaited in ((State.MESSAGE, *ENVELOPE), ENVELOPE)
]
_WITH_ITS_DOT = (MakeDurable(),)  # the body goes then


class Transaction:
    """The conversation on one connection, from the hand-over of its transport to its end."""

    def __init__(self, offers: Offers, levels: Levels) -> None:
        self.mishandled = False  # the server did not cope with what was written at once
        self.has_left = False  # QUIT was said: that the connection ends is our doing
        self._offers = offers
        self._levels = levels
        self._parser = ReplyParser()
        self.awaited: deque[State] = deque()  # whose replies are outstanding, in order
        self._envelope: Attempt | None = None
        self._ahead: Message | None = None  # the envelope's, until it is started
        self._held: Fact | None = None  # of `_ahead`
        self._needs_dot = self._needs_reset = False
        self._is_new = True  # no envelope has got its replies yet
        self.gone = False  # nothing is said on it any more

    @property
    def state(self) -> State:
        if self.gone:
            return State.GONE
        if self.awaited:
            return self.awaited[0]
        ready = self._envelope is not None and self._envelope.ready
        return State.READY if ready else State.IDLE

    @property
    def can_follow(self) -> bool:
        """Whether the next envelope, or QUIT, may go along with the dot that is to leave now."""
        envelope, parser, levels = self._envelope, self._parser, self._levels
        if envelope is None or not envelope.ready or parser.answers or parser.has_rest:
            return False
        has_worked = levels.proven and levels.highest >= BEHIND
        return self._offers.pipelining and (has_worked or levels.is_open(self))

    @property
    def patience(self) -> float | None:
        """Seconds of silence that are too many behind a dot; None where that is not awaited."""
        behind = self._envelope is not None and self._envelope.level == BEHIND
        return self._levels.patience if behind and self.state is State.MAIL else None

    # events

    def start(self, message: Message) -> Sequence[Action]:
        """Hand this message over; the one before it must be settled."""
        if self._ahead is not None:
            return self._take_up(message)
        if self.gone:
            return [Settle(facts.released(facts.GONE))]
        if self.state is not State.IDLE:
            raise RuntimeError(f"a message was started while {self.state}")
        if (cause := unfit(message, self._offers)) is not None:
            return [Settle(facts.unfit(cause))]
        level = self._levels.group if self._offers.pipelining else SINGLE
        return [Write(self._open(message, level))]

    def receive(self, data: bytes) -> Sequence[Action]:
        """Bytes of the server, split in any way."""
        if self.gone:
            return []
        parser = self._parser
        if not parser.has_rest:
            for awaited, granting in AT_ONE_GLANCE:
                if self.awaited == awaited and (packet := granting.fullmatch(data)) is not None:
                    return self._all_granted(packet)
        parser.feed(data)
        answers = parser.answers
        actions: list[Action] = []
        while answers:
            if meant := self._answered(answers.popleft()):
                actions += meant
            if self.gone:
                return actions
        if parser.broken is not None:
            actions += self._misfit(Cause(Break.GARBLED, str(parser.broken)))
        elif parser.has_rest and self.state is State.IDLE:
            actions += self.end(facts.UNASKED)
        return actions

    def durable(self, along: Along = None) -> Sequence[Action]:
        """The intent is durable: the dot may leave, unless the server spoke or left meanwhile.

        `along` goes in the same write, if `can_follow` said so; a message must then be started next.
        """
        envelope = self._envelope
        if envelope is None or not envelope.ready or self._ahead is not None:
            return []
        if self._parser.answers or self._parser.has_rest:
            return self.end(facts.EARLY)
        self._envelope = None
        self.awaited.append(State.MESSAGE)
        behind = b""
        if isinstance(along, Message):
            behind = self._go_ahead(along)
        elif along is not None:
            behind = self._say_quit()
        return [Write(b"%b.\r\n%b" % (envelope.body, behind))]

    def end(self, cause: Cause) -> Sequence[Action]:
        """Nothing more will come, or what came cannot be trusted. Settles what is under way.

        Call it only after all that was received has gone through `receive`.
        """
        self._weigh_cut()
        return self._close(facts.unanswered(cause), cause, cut=True)

    def silent(self, cause: Cause) -> Sequence[Action]:
        """Nothing came for too long."""
        in_group = self.patience is not None or self.state in (State.RCPT, State.DATA)
        return self._misfit(cause) if in_group else self.end(cause)

    def abandon(self) -> Sequence[Action]:
        """We stop. The server is not to blame: what has not left is as if never tried."""
        cause = facts.STOPPED
        if self._envelope is not None and self._envelope.fact is None:
            self._envelope.fact = facts.released(cause)
        return self._close(facts.unanswered(cause), cause)

    def quit(self) -> Sequence[Action]:
        """Take leave where the conversation allows it."""
        if self.state is State.QUIT:
            return []  # it went with the last dot
        if self.state is not State.IDLE or self._needs_dot:
            return self.abandon()
        return [Write(self._say_quit())]

    def _say_quit(self) -> bytes:
        self.awaited.append(State.QUIT)
        self.has_left = True
        return b"QUIT\r\n"

    # envelopes

    def _open(self, message: Message, level: int) -> bytes:
        """What to write now of a new envelope."""
        self._envelope = envelope = Attempt(
            message, level, self._offers, lone_dot=self._needs_dot, reset=self._needs_reset
        )
        self._needs_dot = self._needs_reset = False
        if level == SINGLE:
            return self._next_command(envelope)
        self.awaited.extend(envelope.states)
        return envelope.commands

    def _next_command(self, envelope: Attempt) -> bytes:
        state, data = envelope.next_command()
        self.awaited.append(state)
        return data

    def _go_ahead(self, message: Message) -> bytes:
        self._ahead = message
        if (cause := unfit(message, self._offers)) is not None:
            self._held = facts.unfit(cause)
            return b""
        if not self._levels.proven:
            self._levels.tries(self)
        return self._open(message, BEHIND)

    def _take_up(self, message: Message) -> Sequence[Action]:
        """The message whose envelope went ahead is started; tells what has become of it so far."""
        if message is not self._ahead:
            raise RuntimeError("another message's envelope went ahead")
        self._ahead = None
        held, self._held = self._held, None
        if held is not None:
            return [Settle(held)]
        envelope = self._envelope
        return self._make_ready(envelope) if envelope is not None and envelope.ready else []

    def _make_ready(self, envelope: Attempt) -> Sequence[Action]:
        body = envelope.body
        if len(body) <= LARGE:
            return _WITH_ITS_DOT
        envelope.body, envelope.body_sent = b"", True
        return [SendBody(body), MakeDurable()]

    # replies

    def _answered(self, answer: Answer) -> Sequence[Action]:
        """One whole reply, to the command that the state names."""
        awaited, envelope = self.awaited, self._envelope
        if awaited and awaited[0] is State.MESSAGE:
            return self._message_answered(answer)
        if envelope is None:  # IDLE, QUIT
            return self.end(facts.UNASKED)
        if not awaited:  # READY
            return self._answered_early(envelope, answer)
        state = awaited.popleft()
        if envelope.fact is not None:
            return self._discarded(envelope, state, answer)
        if answer.code // 100 == POSITIVE.get(state):
            return self._granted(envelope, state)
        return self._not_granted(envelope, state, answer)

    def _all_granted(self, packet: re.Match[bytes]) -> Sequence[Action]:
        """At one glance: every reply that is outstanding, the last of them 354."""
        envelope = self._envelope
        assert envelope is not None
        first = self.awaited[0]
        self.awaited.clear()
        invited = self._invited(envelope)
        if first is not State.MESSAGE:
            return invited
        reply = clean_reply(int(packet[1]), (str(packet[2], "utf-8", "replace"),), first)
        return [Settle(Fact(End.TAKEN, Step.MESSAGE, reply)), *invited]

    def _message_answered(self, answer: Answer) -> Sequence[Action]:
        reply = reply_of(answer, State.MESSAGE)
        if reply.code // 100 == POSITIVE[State.MESSAGE]:
            self.awaited.popleft()
            return [Settle(Fact(End.TAKEN, Step.MESSAGE, reply))]
        if reply.code == 421:
            return self._close(facts.closing(State.MESSAGE, reply), facts.CLOSED)
        fact = facts.refused(State.MESSAGE, reply)
        if fact is None:
            return self._misfit(misfit(reply.code, State.MESSAGE))
        self.awaited.popleft()
        return [Settle(fact)]

    def _granted(self, envelope: Attempt, state: State) -> Sequence[Action]:
        if state is State.DATA:
            return self._invited(envelope)
        if self.awaited:
            return ()
        if self._parser.answers or self._parser.has_rest:
            return self.end(facts.SURPLUS)
        return [Write(self._next_command(envelope))]

    def _invited(self, envelope: Attempt) -> Sequence[Action]:
        """354: the whole envelope is granted."""
        if envelope.level == BEHIND and self._levels.learned != BEHIND:
            self._levels.fits()
        envelope.ready = True
        if self._is_new:
            self._got_through(envelope)
        return self._make_ready(envelope) if self._ahead is None else ()

    def _not_granted(self, envelope: Attempt, state: State, answer: Answer) -> Sequence[Action]:
        reply = reply_of(answer, state)
        if reply.code == 421:
            envelope.fact = facts.closing(state, reply)
            return self._close(None, facts.CLOSED, cut=state is State.MAIL)
        if state is State.LONE_DOT and reply.code // 100 != 3:
            return self._granted(envelope, state)
        fact = facts.refused(state, reply)
        if fact is None or envelope.is_out_of_step(state, reply.code, self._levels):
            return self._misfit(misfit(reply.code, state))
        envelope.refused, envelope.fact = state, fact
        if state is State.RSET:
            return self._close(None, facts.CLOSED)
        return self._refused(envelope)

    def _discarded(self, envelope: Attempt, state: State, answer: Answer) -> Sequence[Action]:
        """A reply behind the first refusal, which alone decides."""
        kind = answer.code // 100
        if state is State.DATA and kind == 3 and envelope.refused is State.RCPT:
            self._needs_dot = True
        elif kind == 3 or answer.code == 421 or (state is State.DATA and kind == 2):
            return self._close(None, facts.CLOSED)
        return self._refused(envelope)

    def _refused(self, envelope: Attempt) -> Sequence[Action]:
        """Over once nothing of the group is outstanding any more."""
        if self.awaited:
            return []
        if envelope.level == BEHIND and envelope.refused is not State.MAIL:
            self._levels.fits()
        if self._is_new:
            self._got_through(envelope)
        self._needs_reset = True
        assert envelope.fact is not None
        return self._settle_envelope(envelope.fact)

    def _answered_early(self, envelope: Attempt, answer: Answer) -> Sequence[Action]:
        """After 354 and before our dot. Only 5xx to RCPT or after the dot makes `rejected`, so that
        this one counts as DATA's."""
        reply = reply_of(answer, State.DATA)
        envelope.fact = facts.early(reply, body_sent=envelope.body_sent)
        if reply.code < 400:
            self._lower(envelope)
        return self._close(None, facts.CLOSED)

    # what all of it ends in

    def _misfit(self, cause: Cause) -> Sequence[Action]:
        """The server did not answer what was written as it must: less at once from now on."""
        if self._envelope is not None and not self._envelope.ready:
            self._lower(self._envelope)
        return self.end(cause)

    def _lower(self, envelope: Attempt) -> None:
        if envelope.level > SINGLE:
            self._levels.lower(envelope.level)
            self.mishandled = True

    def _got_through(self, envelope: Attempt) -> None:
        """The first one got all its replies."""
        self._is_new = False
        self._levels.through(envelope.level)

    def _weigh_cut(self) -> None:
        """The stream ends. Within the first envelope, that may be for how it was written."""
        envelope = self._envelope
        if self.gone or envelope is None or not self._is_new or envelope.fact is not None:
            return
        if self._levels.cut_off(envelope.level):
            self.mishandled = True

    def _settle_envelope(self, fact: Fact) -> Sequence[Action]:
        self._envelope = None
        if self._ahead is None:
            return [Settle(fact)]
        self._held = fact
        return []

    def _close(self, sent: Fact | None, cause: Cause, *, cut: bool = False) -> Sequence[Action]:
        """No more of this connection. `sent` is how a message ends whose dot has left; an envelope ends as
        was found before, else by `cause`."""
        if self.gone:
            return []
        actions: list[Action] = [Drop()]
        if sent is not None and State.MESSAGE in self.awaited:
            actions.append(Settle(sent))
        if (envelope := self._envelope) is not None:
            actions += self._settle_envelope(envelope.ended(cause))
        self._levels.leaves(self, cut=cut and envelope is not None and envelope.is_tried)
        self.awaited.clear()
        self.gone = True
        return actions
