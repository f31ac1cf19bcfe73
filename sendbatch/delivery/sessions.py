"""Whether a connection explains a refusal: how much it may carry, or whom it had refused before. No I/O."""

from __future__ import annotations

from sendbatch.smtp.transport import Fact, Step
from sendbatch.values import Outcome, Status, Why

_NOT_OF_SESSIONS = (Why.RATE, Why.QUOTA)  # a new connection is told the same of those


def explained(
    fact: Fact, outcome: Outcome, *, accepted: int, refused_recipients: int
) -> Why | None:
    """On a connection with so many accepted messages and refused recipients before it.

    A refusal of the sender, or the announced end, behind refused recipients is for those: AFTER_REFUSALS.
    What is said of the session or the connection, and a refusal of the sender for now behind accepted
    messages, is for how many these are, unless it names a rate or a quota: SESSION_LIMIT. None: it is the
    row's own.
    """
    if fact.reply is None or outcome.status not in (Status.DEFERRED, Status.REJECTED):
        return None
    if refused_recipients and (fact.closing or fact.step in (Step.NEXT, Step.SENDER)):
        return Why.AFTER_REFUSALS
    if fact.step is Step.MESSAGE:
        return None
    if outcome.why is Why.CONNECTION:
        if accepted:
            return Why.SESSION_LIMIT
        return Why.AFTER_REFUSALS if refused_recipients else None
    has_enough = fact.step is Step.SENDER and fact.reply.code < 500 and accepted
    return Why.SESSION_LIMIT if has_enough and outcome.why not in _NOT_OF_SESSIONS else None
