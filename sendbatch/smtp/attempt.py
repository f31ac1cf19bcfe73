"""One message on its way until its dot leaves: what is yet to be written, what has been refused. No I/O.

`unfit` is asked before anything is written: a message that would break the conversation, or that the server
has said it does not take, never reaches it.
"""

from __future__ import annotations

import re

from sendbatch.smtp import facts
from sendbatch.smtp.facts import State
from sendbatch.smtp.levels import BEHIND, OUT_OF_STEP, SINGLE, Levels
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.transport import Cause, Fact, Unfit
from sendbatch.values import Envelope, Message

ENVELOPE = (State.MAIL, State.RCPT, State.DATA)  # its commands
LARGE = 65536  # bytes; a larger body goes before the intent is durable, a smaller one with its dot
# Would end the command, or the path within it (RFC 5321 §4.1.2).
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f<>]")


def unfit(message: Message, offers: Offers) -> Cause | None:
    """Why this message cannot be sent over a connection with these offers, None where it can."""
    envelope, data = message.envelope, message.data
    if envelope.smtputf8 and not offers.smtputf8:
        return Cause(Unfit.SMTPUTF8, _beyond_ascii(envelope))
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


def _beyond_ascii(envelope: Envelope) -> str:
    """Whose address needs SMTPUTF8: the sender's, by itself, or the recipient's, "", or one in a header."""
    if not envelope.sender.isascii():
        return envelope.sender
    return "" if not envelope.recipient.isascii() else "headers"



class Attempt:
    """`level` is how its envelope is written; `states` and `commands` are what of it is not yet.

    `refused` is the first command that was, `fact` how that ended it. `ready`: 354 has come.
    `body`, dots stuffed, goes with its dot, unless it is large: then it has none any more, once `body_sent`.
    """

    def __init__(
        self, message: Message, level: int, offers: Offers, *, lone_dot: bool, reset: bool
    ) -> None:
        """Of a message that fits the offers; after a refused envelope RSET goes first, and where DATA
        was accepted though no recipient was (RFC 2920 §3.1), a lone dot before that."""
        envelope = message.envelope
        size = f" SIZE={len(message.data)}" if "size" in offers.extensions else ""  # RFC 1870
        beyond_ascii = " BODY=8BITMIME SMTPUTF8" if envelope.smtputf8 else ""  # RFC 6531 §3.4
        self.commands = (
            f"MAIL FROM:<{envelope.sender}>{size}{beyond_ascii}\r\n"
            f"RCPT TO:<{envelope.recipient}>\r\nDATA\r\n"
        ).encode()
        self.states: tuple[State, ...] = ENVELOPE
        if reset:
            self.states, self.commands = (State.RSET, *ENVELOPE), b"RSET\r\n" + self.commands
        if lone_dot:
            self.states, self.commands = (State.LONE_DOT, *self.states), b".\r\n" + self.commands
        self.level = level
        self.refused: State | None = None
        self.fact: Fact | None = None
        self.ready = False
        self.body = message.data if message.plain else _stuffed(message.data)
        self.body_sent = False

    def next_command(self) -> tuple[State, bytes]:
        """The one to write now, where each is written by itself."""
        first, end, self.commands = self.commands.partition(b"\n")
        state, self.states = self.states[0], self.states[1:]
        return state, first + end

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


def _stuffed(body: bytes) -> bytes:
    """With a dot before each line that begins with one (RFC 5321 §4.5.2)."""
    body = body.replace(b"\r\n.", b"\r\n..")
    return b"." + body if body.startswith(b".") else body
