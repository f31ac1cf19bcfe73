"""Of whom a refusal speaks: the row, the connection, or how much a connection may carry."""

from __future__ import annotations

import pytest

from sendbatch.delivery.sessions import Whose, whose
from sendbatch.values import Outcome, Reply, Status


def deferred(code: int, command: str, said: str = "no") -> Outcome:
    return Outcome(Status.DEFERRED, Reply(code, said, command))


def rejected(said: str, enhanced: str = "") -> Outcome:
    return Outcome(Status.REJECTED, Reply(550, said, "RCPT", enhanced))


@pytest.mark.parametrize(
    ("outcome", "accepted", "refused", "of"),
    [
        (deferred(451, "MESSAGE"), 5, 5, Whose.ROW),
        (deferred(421, "MESSAGE"), 5, 0, Whose.ROW),
        (deferred(421, "MESSAGE", "too many messages in this session"), 5, 0, Whose.ROW),
        (deferred(452, "MAIL"), 0, 0, Whose.ROW),
        (deferred(452, "MAIL"), 100, 0, Whose.LIMIT),
        (deferred(452, "MAIL"), 0, 1, Whose.CONNECTION),
        (deferred(550, "MAIL"), 100, 0, Whose.ROW),
        (deferred(550, "MAIL"), 100, 1, Whose.CONNECTION),
        (deferred(421, "RCPT"), 0, 1, Whose.CONNECTION),
        (deferred(450, "MAIL", "Error: too much mail from 192.0.2.1"), 7, 0, Whose.ROW),
        (deferred(450, "MAIL", "daily quota exceeded"), 7, 0, Whose.ROW),
        (deferred(452, "RCPT", "too many recipients in this session"), 7, 0, Whose.LIMIT),
        (deferred(554, "DATA", "too many messages in this session"), 7, 0, Whose.LIMIT),
        (rejected("You can send only 50 messages per session"), 50, 0, Whose.LIMIT),
        (rejected("You can send only 50 messages per session"), 0, 0, Whose.ROW),
        (rejected("You can send only 50 messages per session"), 0, 3, Whose.CONNECTION),
        (rejected("only 50 messages per session and hour"), 50, 0, Whose.ROW),
        (rejected("no such user"), 5, 0, Whose.ROW),
        (deferred(451, "RCPT", "greylisted"), 5, 0, Whose.ROW),
        (rejected("no"), 0, 19, Whose.ROW),
        (Outcome(Status.DEFERRED, None, "the body was cut"), 5, 5, Whose.ROW),
        (Outcome(Status.IN_DOUBT), 5, 5, Whose.ROW),
        (Outcome(Status.ACCEPTED, Reply(250, "ok", "MESSAGE")), 5, 5, Whose.ROW),
    ],
)
def test_of_whom_a_refusal_speaks(outcome: Outcome, accepted: int, refused: int, of: Whose) -> None:
    assert whose(outcome, accepted=accepted, refused_recipients=refused) is of
