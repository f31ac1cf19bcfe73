"""One message on its way until its dot leaves: what is yet to be written, what has been refused. No I/O.

`unfit` is asked before anything is written: a message that would break the conversation, or that the server
has said it does not take, never reaches it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sendbatch.smtp import facts
from sendbatch.smtp.facts import State
from sendbatch.smtp.levels import BEHIND, OUT_OF_STEP, SINGLE, Levels
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.transport import Cause, Fact, Unfit
from sendbatch.values import Message

ENVELOPE = (State.MAIL, State.RCPT, State.DATA)  # its commands
LARGE = 65536  # bytes; a larger body goes before the intent is durable, a smaller one with its dot
# Would end the command, or the path within it (RFC 5321 §4.1.2).
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f<>]")


def unfit(message: Message, offers: Offers) -> Cause | None:
    """Why this message cannot be sent over a connection with these offers, None where it can."""
    envelope, data = message.envelope, message.data
    if envelope.smtputf8 and not offers.smtputf8:
        return Cause(Unfit.SMTPUTF8)
    if offers.size is not None and len(data) > offers.size:
        return Cause(Unfit.TOO_LARGE, f"{len(data)} {offers.size}")
    addresses = envelope.sender + envelope.recipient
    if _UNSAFE.search(addresses) or not (envelope.smtputf8 or addresses.isascii()):
        return Cause(Unfit.UNSAFE_ADDRESS)
    if message.plain:
        return None
    # A lone dot between bare line ends would be an end of the message to some servers and not to
    # others: the rest would be commands (RFC 5321 §2.3.8).
    ends = data.count(b"\r\n")
    if not data.endswith(b"\r\n") or not ends == data.count(b"\n") == data.count(b"\r"):
        return Cause(Unfit.LINE_END)
    if not (envelope.smtputf8 or data.isascii()):
        return Cause(Unfit.NOT_7BIT)
    return None


@dataclass(slots=True)
class Attempt:
    """`level` is how its envelope is written; `states` and `commands` are what of it is not yet.

    `refused` is the first command that was, `fact` how that ended it. `ready`: 354 has come.
    `body` is kept, dots stuffed, where it goes with its dot.
    """

    message: Message
    level: int
    states: tuple[State, ...]
    commands: bytes
    refused: State | None = None
    fact: Fact | None = None
    ready: bool = False
    body: bytes = b""
    body_sent: bool = False

    def next_write(self) -> tuple[tuple[State, ...], bytes]:
        """The commands to write now: one, or all of the group."""
        states, commands = self.states, self.commands
        if self.level == SINGLE:
            first, end, self.commands = commands.partition(b"\n")
            self.states = states[1:]
            return states[:1], first + end
        return states, commands

    def large_body(self) -> bytes | None:
        """The body to send before the intent is durable; None where it is kept for its dot."""
        message = self.message
        body = message.data if message.plain else _stuffed(message.data)
        if len(body) <= LARGE:
            self.body = body
            return None
        self.body_sent = True
        return body

    def is_out_of_step(self, state: State, code: int, levels: Levels) -> bool:
        """Whether it is the place of a command that is refused, and nothing that it says.

        Behind a dot, any refusal of MAIL is held to be that until the third level is proven.
        """
        if state is State.MAIL and self.level == BEHIND:
            return code in OUT_OF_STEP or not levels.proven
        in_group = state in (State.RCPT, State.DATA) and self.level > SINGLE
        return in_group and code in OUT_OF_STEP

    @property
    def is_tried(self) -> bool:
        """Whether it is behind a dot and not answered in full."""
        return self.level == BEHIND and not self.ready

    def ended(self, cause: Cause) -> Fact:
        """How it ends with its connection."""
        if self.fact is not None:
            return facts.lost(self.fact)
        return facts.unfinished(cause) if self.body_sent else facts.released(cause)


def attempt(
    message: Message, level: int, offers: Offers, *, lone_dot: bool = False, reset: bool = False
) -> Attempt:
    """Of a message that fits the offers; after a refused envelope RSET goes first, and where DATA
    was accepted though no recipient was (RFC 2920 §3.1), a lone dot before that."""
    envelope = message.envelope
    size = f" SIZE={len(message.data)}" if "size" in offers.extensions else ""  # RFC 1870
    beyond_ascii = " BODY=8BITMIME SMTPUTF8" if envelope.smtputf8 else ""  # RFC 6531 §3.4
    mail = f"MAIL FROM:<{envelope.sender}>{size}{beyond_ascii}\r\n"
    states: tuple[State, ...] = ENVELOPE
    commands = f"{mail}RCPT TO:<{envelope.recipient}>\r\nDATA\r\n".encode()
    if reset:
        states, commands = (State.RSET, *states), b"RSET\r\n" + commands
    if lone_dot:
        states, commands = (State.LONE_DOT, *states), b".\r\n" + commands
    return Attempt(message, level, states, commands)


def _stuffed(body: bytes) -> bytes:
    """With a dot before each line that begins with one (RFC 5321 §4.5.2)."""
    body = body.replace(b"\r\n.", b"\r\n..")
    return b"." + body if body.startswith(b".") else body
