"""The end of a conversation about one message, as the facts that a transport reports."""

from __future__ import annotations

from enum import StrEnum

from sendbatch.smtp.transport import Break, Cause, End, Fact, Step
from sendbatch.values import Reply


class State(StrEnum):
    """Whose reply is outstanding, or why there is none."""

    IDLE = "idle"
    LONE_DOT = "lone dot"
    RSET = "RSET"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    READY = "ready"
    MESSAGE = "MESSAGE"
    QUIT = "QUIT"
    GONE = "gone"


# The first digit that lets the conversation go on.
POSITIVE = {State.RSET: 2, State.MAIL: 2, State.RCPT: 2, State.DATA: 3, State.MESSAGE: 2}

# What is asked by each command. Those before MAIL are about no message yet.
_STEPS = {
    State.LONE_DOT: Step.NEXT,
    State.RSET: Step.NEXT,
    State.MAIL: Step.SENDER,
    State.RCPT: Step.RECIPIENT,
    State.DATA: Step.BODY,
    State.MESSAGE: Step.MESSAGE,
}

CLOSED = Cause(Break.CLOSED)
ENDED = Cause(Break.ENDED)
GONE = Cause(Break.GONE)
UNASKED = Cause(Break.UNASKED)
EARLY = Cause(Break.EARLY)
SURPLUS = Cause(Break.SURPLUS)
STOPPED = Cause(Break.STOPPED)


def misfit(code: int, state: State) -> Cause:
    """A reply of this code to this command."""
    return Cause(Break.MISFIT, f"{code} {state}")


def refused(state: State, reply: Reply) -> Fact | None:
    """None where the reply is no refusal. A refused RSET releases: nothing of the message was begun."""
    if reply.code // 100 not in (4, 5):
        return None
    end = End.RELEASED if state is State.RSET else End.REFUSED
    return Fact(end, _STEPS[state], reply)


def closing(state: State, reply: Reply) -> Fact:
    """421: the server closes the connection (RFC 5321 §3.8). An envelope is released, whatever it answers."""
    end = End.REFUSED if state is State.MESSAGE else End.RELEASED
    return Fact(end, _STEPS[state], reply, closing=True, lost=True)


def early(reply: Reply, *, body_sent: bool) -> Fact:
    """A reply after 354 and before our dot: never in doubt, and the server's state is unknown. It counts as
    an answer to DATA."""
    if reply.code == 421 and not body_sent:
        return closing(State.DATA, reply)
    said = reply if reply.code >= 400 else None
    return Fact(End.EARLY, Step.BODY, said, closing=reply.code == 421, lost=True)


def released(cause: Cause) -> Fact:
    return Fact(End.RELEASED, cause=cause, lost=True)


def unfinished(cause: Cause) -> Fact:
    """A body without its dot is not delivered (RFC 5321 §4.1.1.10)."""
    return Fact(End.UNFINISHED, cause=cause, lost=True)


def unanswered(cause: Cause) -> Fact:
    return Fact(End.UNANSWERED, cause=cause, lost=True)


def unfit(cause: Cause) -> Fact:
    return Fact(End.UNFIT, cause=cause)


def lost(fact: Fact) -> Fact:
    return fact._replace(lost=True)
