"""One message on its way until its dot leaves: what is yet to be written, what has been refused."""

from __future__ import annotations

from dataclasses import dataclass

from sendbatch.smtp import facts
from sendbatch.smtp.envelope import mail_command, rcpt_command, stuffed
from sendbatch.smtp.facts import State
from sendbatch.smtp.levels import BEHIND, OUT_OF_STEP, SINGLE, Levels
from sendbatch.smtp.offers import Offers
from sendbatch.smtp.transport import Cause, Fact
from sendbatch.values import Message

LARGE = 65536  # bytes; a larger body goes before the intent is durable, a smaller one with its dot


@dataclass(slots=True)
class Attempt:
    """`level` is how its envelope is written, `commands` what of it is not yet.

    `refused` is the first command that was, `fact` how that ended it. `ready`: 354 has come.
    `body` is kept, dots stuffed, where it goes with its dot.
    """

    message: Message
    level: int
    commands: list[tuple[State, bytes]]
    refused: State | None = None
    fact: Fact | None = None
    ready: bool = False
    body: bytes = b""
    body_sent: bool = False

    def next_write(self) -> tuple[list[State], bytes]:
        """The commands to write now: one, or all of the group."""
        count = 1 if self.level == SINGLE else len(self.commands)
        written, self.commands = self.commands[:count], self.commands[count:]
        return [state for state, _ in written], b"".join([command for _, command in written])

    def large_body(self) -> bytes | None:
        """The body to send before the intent is durable; None where it is kept for its dot."""
        body = stuffed(self.message)
        self.body_sent = len(body) > LARGE
        if self.body_sent:
            return body
        self.body = body
        return None

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
    commands = [
        (State.MAIL, mail_command(message, offers)),
        (State.RCPT, rcpt_command(message.envelope)),
        (State.DATA, b"DATA\r\n"),
    ]
    if reset:
        commands.insert(0, (State.RSET, b"RSET\r\n"))
    if lone_dot:
        commands.insert(0, (State.LONE_DOT, b".\r\n"))
    return Attempt(message, level, commands)
