"""Whether a connection explains a refusal: by whom it had refused before, or how much it may carry."""

from __future__ import annotations

import pytest

from sendbatch.delivery.sessions import explained
from sendbatch.delivery.verdict import verdict
from sendbatch.smtp.facts import ENDED, early, taken, unanswered, unfinished
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
        (taken(Reply(250, "ok", "MESSAGE")), 5, 5, None),
    ],
)
def test_whether_its_connection_explains_a_refusal(
    fact: Fact, accepted: int, refused_recipients: int, why: Why | None
) -> None:
    found = explained(
        fact, verdict(fact), accepted=accepted, refused_recipients=refused_recipients
    )
    assert found is why
