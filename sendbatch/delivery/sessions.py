"""What a connection's history says of a refusal, and what its end says of connections. No I/O and no clock.

Theory of operation. Servers limit what one connection may carry, and few say so in words. What was known
when a message was handed over (`Handed`), and the fact of how that ended, give two things: whether the
connection explains the refusal, so that nobody is blamed and the message is released (`explained`); and what
is to be learned about connections (`lesson`):

    the server speaks of the session              it carries as many as it had accepted
    announced or unannounced end after k          it may carry k: twice the same is a limit
      accepted ones, or the sender refused
    the same before the first acceptance          fewer connections at once
    any of these behind refused recipients        nothing: those ended it
    it speaks of rate or quota behind accepted    nothing: a new connection is told the same

What was learned is kept, and obeyed, by `limits.connections`.
"""

from __future__ import annotations

from typing import NamedTuple

from sendbatch.smtp.transport import End, Fact, Step
from sendbatch.values import Outcome, Status, Why

_NOT_OF_SESSIONS = (Why.RATE, Why.QUOTA)


class Handed(NamedTuple):
    """The connection's history when the message was handed to it: what it had accepted and refused.

    `ends_known`: why the connection has ended is known, so that nothing is to be learned from it;
    `connection` tells it from others."""

    accepted: int
    refused_recipients: int
    ends_known: bool = False
    connection: object = None

    @property
    def is_understood(self) -> bool:
        """Whether the server is known to serve this connection, or why it does not."""
        return self.ends_known or bool(self.accepted or self.refused_recipients)


class Lesson(NamedTuple):
    """The connection must be left. `after` so many accepted messages it had enough, None where that is not
    known; `said`: the server says so itself."""

    after: int | None = None
    said: bool = False


def explained(fact: Fact, outcome: Outcome, handed: Handed) -> Why | None:
    """Why the connection and not the row is to blame for a refusal; None where the row is.

    A refusal of the sender, or the announced end, behind refused recipients is for those: AFTER_REFUSALS.
    What is said of the session or the connection, and a refusal of the sender for now behind accepted
    messages, is for how many these are, unless it names a rate or a quota: SESSION_LIMIT.
    """
    if fact.reply is None or outcome.status not in (Status.DEFERRED, Status.REJECTED):
        return None
    if handed.refused_recipients and (fact.closing or fact.step in (Step.NEXT, Step.SENDER)):
        return Why.AFTER_REFUSALS
    if fact.step is Step.MESSAGE:
        return None
    if outcome.why is Why.CONNECTION:
        if handed.accepted:
            return Why.SESSION_LIMIT
        return Why.AFTER_REFUSALS if handed.refused_recipients else None
    has_enough = fact.step is Step.SENDER and fact.reply.code < 500 and handed.accepted
    return Why.SESSION_LIMIT if has_enough and outcome.why not in _NOT_OF_SESSIONS else None


def lesson(fact: Fact, outcome: Outcome, handed: Handed, session: Why | None) -> Lesson | None:
    """What the end of this hand-over says of its connection; None where it may go on. `outcome` is the
    verdict on the fact alone, `session` what `explained` says."""
    if fact.end is End.TAKEN:
        return Lesson(_unless_refused(handed, handed.accepted + 1)) if fact.lost else None
    if outcome.why is Why.CONNECTION:
        after = _unless_refused(handed, handed.accepted) if handed.accepted else 0
        return Lesson(after, said=True)
    if outcome.why in _NOT_OF_SESSIONS and handed.accepted:
        return Lesson() if fact.closing else None
    ended = fact.end is End.RELEASED and fact.reply is None and fact.lost
    if ended or session is Why.SESSION_LIMIT or fact.closing:
        return Lesson(_unless_refused(handed, handed.accepted))
    return None


def _unless_refused(handed: Handed, accepted: int) -> int | None:
    """Refused recipients end a connection sooner than the number of messages does."""
    return None if handed.refused_recipients else accepted
