"""Whether a connection explains a refusal: by whom it had refused before, or how much it may carry."""

from __future__ import annotations

import pytest

from sendbatch.delivery.sessions import Handed, Lesson, explained, lesson
from sendbatch.delivery.verdict import verdict
from sendbatch.smtp.facts import ENDED, early, lost, released, unanswered, unfinished
from sendbatch.smtp.transport import Fact
from sendbatch.values import Reply, Why
from tests.kit.handing import answered


def refused(code: int, command: str, said: str = "no") -> Fact:
    return answered(Reply(code, said, command))


@pytest.mark.parametrize(
    ("fact", "accepted", "refused_recipients", "why"),
    [
        (refused(451, "MESSAGE"), 5, 5, None),
        (refused(421, "MESSAGE"), 5, 0, None),
        (refused(421, "MESSAGE", "too many messages in this session"), 5, 0, None),
        (refused(452, "MAIL"), 0, 0, None),
        (refused(452, "MAIL"), 100, 0, Why.SESSION_LIMIT),
        (refused(452, "MAIL"), 0, 1, Why.AFTER_REFUSALS),
        (refused(550, "MAIL"), 100, 0, None),
        (refused(550, "MAIL"), 100, 1, Why.AFTER_REFUSALS),
        (refused(421, "RCPT"), 0, 1, None),  # released in any case
        (refused(421, "MESSAGE"), 5, 1, Why.AFTER_REFUSALS),
        (early(Reply(421, "no", "DATA"), body_sent=True), 0, 1, Why.AFTER_REFUSALS),
        (refused(450, "MAIL", "Error: too much mail from 192.0.2.1"), 7, 0, None),
        (refused(450, "MAIL", "daily quota exceeded"), 7, 0, None),
        (refused(452, "RCPT", "too many recipients in this session"), 7, 0, Why.SESSION_LIMIT),
        (refused(554, "DATA", "too many messages in this session"), 7, 0, Why.SESSION_LIMIT),
        (refused(550, "RCPT", "You can send only 50 messages per session"), 50, 0, Why.SESSION_LIMIT),
        (refused(550, "RCPT", "You can send only 50 messages per session"), 0, 0, None),
        (refused(550, "RCPT", "You can send only 50 messages per session"), 0, 3, Why.AFTER_REFUSALS),
        (refused(550, "RCPT", "only 50 messages per session and hour"), 50, 0, None),
        (refused(550, "RCPT", "no such user"), 5, 0, None),
        (refused(451, "RCPT", "greylisted"), 5, 0, None),
        (refused(550, "RCPT", "no"), 0, 19, None),
        (unfinished(ENDED), 5, 5, None),
        (unanswered(ENDED), 5, 5, None),
        (answered(Reply(250, "ok", "MESSAGE")), 5, 5, None),
    ],
)
def test_whether_its_connection_explains_a_refusal(
    fact: Fact, accepted: int, refused_recipients: int, why: Why | None
) -> None:
    assert explained(fact, verdict(fact), Handed(accepted, refused_recipients)) is why


ENOUGH = refused(452, "MAIL", "too many messages in this session")
SLOWER = refused(421, "MAIL", "slow down")
BYE = refused(421, "RCPT")
TAKEN = answered(Reply(250, "ok", "MESSAGE"))


@pytest.mark.parametrize(
    ("fact", "accepted", "refused_recipients", "learned"),
    [
        (TAKEN, 4, 0, None),
        (lost(TAKEN), 4, 0, Lesson(5)),
        (lost(TAKEN), 4, 1, Lesson()),
        (ENOUGH, 5, 0, Lesson(5, said=True)),
        (ENOUGH, 0, 0, Lesson(0, said=True)),
        (ENOUGH, 0, 3, Lesson(0, said=True)),
        (ENOUGH, 5, 3, Lesson(said=True)),
        (refused(452, "MAIL"), 5, 0, Lesson(5)),
        (refused(452, "MAIL"), 0, 0, None),
        (SLOWER, 5, 0, Lesson()),
        (SLOWER, 0, 0, Lesson(0)),
        (refused(451, "RCPT", "slow down"), 5, 0, None),
        (BYE, 0, 0, Lesson(0)),
        (BYE, 9, 0, Lesson(9)),
        (BYE, 9, 1, Lesson()),
        (refused(421, "MESSAGE"), 3, 0, Lesson(3)),
        (released(ENDED), 7, 0, Lesson(7)),
        (released(ENDED), 0, 2, Lesson()),
        (unanswered(ENDED), 7, 0, None),
        (unfinished(ENDED), 7, 0, None),
        (refused(550, "RCPT"), 7, 0, None),
    ],
)
def test_what_the_end_of_a_hand_over_teaches_about_connections(
    fact: Fact, accepted: int, refused_recipients: int, learned: Lesson | None
) -> None:
    handed, outcome = Handed(accepted, refused_recipients), verdict(fact)
    assert lesson(fact, outcome, handed, explained(fact, outcome, handed)) == learned
