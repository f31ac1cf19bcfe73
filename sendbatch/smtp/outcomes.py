"""What replies mean: which are good, which status a refusal stands for, and how endings are told."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from sendbatch.values import Outcome, Reply, Status


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


# The first digit that lets the envelope go on.
POSITIVE = {State.RSET: 2, State.MAIL: 2, State.RCPT: 2, State.DATA: 3}

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

CLOSED = "the server closed the connection"

_WHAT = {
    State.RSET: "a new message on this connection",
    State.MAIL: "the sender",
    State.RCPT: "the recipient",
    State.DATA: "to take the message",
    State.MESSAGE: "the message",
}


def refused(state: State, reply: Reply) -> Outcome | None:
    """The outcome of this refusal; None where the reply is no refusal."""
    status = _REFUSED.get((state, reply.code // 100))
    if status is None:
        return None
    return Outcome(status, reply, f"the server refused {_WHAT[state]}")


def closing(status: Status, reply: Reply) -> Outcome:
    """421: the server closes the connection (RFC 5321 §3.8)."""
    return Outcome(status, reply, CLOSED, lost=True)


def released(why: str) -> Outcome:
    reason = f"{why} before anything of the message was handed over"
    return Outcome(Status.PENDING, reason=reason, lost=True)


def unfinished(why: str) -> Outcome:
    """A body without its dot is not delivered (RFC 5321 §4.1.1.10)."""
    reason = f"{why} before the message was whole: it was not delivered"
    return Outcome(Status.DEFERRED, reason=reason, lost=True)


def in_doubt(why: str) -> Outcome:
    reason = f"{why} after the whole message had left: it may have been delivered"
    return Outcome(Status.IN_DOUBT, reason=reason, lost=True)


def early(reply: Reply, *, body_sent: bool) -> Outcome:
    """A reply after 354 and before our dot: never in doubt, and the server's state is unknown."""
    if reply.code == 421 and not body_sent:
        return closing(Status.PENDING, reply)
    reason = "the server answered before it had the whole message"
    return Outcome(Status.DEFERRED, reply if reply.code >= 400 else None, reason, lost=True)


def lost(outcome: Outcome) -> Outcome:
    return replace(outcome, lost=True)
