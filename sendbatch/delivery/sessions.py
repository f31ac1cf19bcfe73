"""Of whom a refusal speaks: the row, its connection, or how much a connection may carry. No I/O."""

from __future__ import annotations

from enum import Enum

from sendbatch.smtp.meanings import About, meaning
from sendbatch.values import Outcome, Status


class Whose(Enum):
    """`LIMIT` is the connection, and how much it may carry."""

    ROW = "row"
    CONNECTION = "connection"
    LIMIT = "limit"


def whose(outcome: Outcome, *, accepted: int, refused_recipients: int) -> Whose:
    """On a connection with so many accepted messages and refused recipients before it.

    A refusal of MAIL or RSET, or 421, behind refused recipients is for those. What is said of the session or
    the connection, and 4xx to MAIL after accepted messages, is for how many these are, unless it names a rate
    or a quota: a new connection is told the same of those.
    """
    reply = outcome.reply
    if reply is None or outcome.status not in (Status.DEFERRED, Status.REJECTED):
        return Whose.ROW
    if refused_recipients and (reply.code == 421 or reply.command in ("MAIL", "RSET")):
        return Whose.CONNECTION
    if reply.command == "MESSAGE":
        return Whose.ROW
    about = meaning(reply)
    if about is About.CONNECTION:
        if accepted:
            return Whose.LIMIT
        return Whose.CONNECTION if refused_recipients else Whose.ROW
    has_enough = reply.command == "MAIL" and reply.code < 500 and accepted
    return Whose.LIMIT if has_enough and about not in (About.RATE, About.QUOTA) else Whose.ROW
