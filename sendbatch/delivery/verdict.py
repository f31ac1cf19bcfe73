"""What the end of a hand-over means for its recipient: the table, and what the words of a reply add to it.
No I/O and no clock.

Theory of operation. A transport reports facts; here alone they become outcomes. Three things are looked at:

1. What was asked when it ended, and the first digit of the reply: `TABLE`.
2. What the reply is known to speak of (`smtp/meanings.yaml`): `MEANINGS`. RFC 5321 §4.2.1 gives the same
   codes to a dead mailbox and to a sender who may not send, so that 5xx alone condemns nobody. Words never
   make a message accepted.
3. What was answered before, in this run and in earlier ones. That is kept by state machines beside this
   module, which take facts and outcomes and give codes:

    sessions   a refusal that its connection explains: nobody is blamed, the message is released
    breaker    permanent refusals in a row, or silences: who is rejected after all, and when a run must stop
    brake      refusals of any kind in a row: how long the next try waits

By the table a permanent refusal of a recipient or a message is `REJECTED`. `judge` and the breaker say when
that holds:

    it speaks of us, by the table or its words    deferred, not retried in this run
    anything else                                 deferred until others are accepted after it, rejected then;
                                                  or at the run's end, where it speaks of the mailbox and this
                                                  server took somebody lately
    of the mailbox, a day after it did before     rejected at once
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sendbatch.smtp.meanings import About, meaning
from sendbatch.smtp.transport import End, Fact, Step, Unfit
from sendbatch.values import Outcome, Recipient, Status, Unbuildable, Whom, Why

A_DAY = 23 * 3600.0  # seconds; a daily cron begins a little earlier now and then

_ACC, _DEF, _REJ = Status.ACCEPTED, Status.DEFERRED, Status.REJECTED


class Verdict(NamedTuple):
    """One row's right side: what becomes of the message, whom that is about, and why."""

    status: Status
    whom: Whom
    why: Why | None


# How it ended, at which step, and the first digit of the reply, 0 where none decided. What a reply says may
# change whom it is about, and why; 421 is about the connection.
TABLE: Mapping[tuple[End, Step | None, int], Verdict] = {
    (End.TAKEN, Step.MESSAGE, 2): Verdict(_ACC, Whom.RECIPIENT, None),
    # Only the recipient and the whole message are refused for good; sender and body speak about us.
    (End.REFUSED, Step.SENDER, 4): Verdict(_DEF, Whom.SENDER, Why.REFUSED),
    (End.REFUSED, Step.SENDER, 5): Verdict(_DEF, Whom.SENDER, Why.REFUSED),
    (End.REFUSED, Step.RECIPIENT, 4): Verdict(_DEF, Whom.RECIPIENT, Why.REFUSED),
    (End.REFUSED, Step.RECIPIENT, 5): Verdict(_REJ, Whom.RECIPIENT, Why.REFUSED),
    (End.REFUSED, Step.BODY, 4): Verdict(_DEF, Whom.ACCOUNT, Why.REFUSED),
    (End.REFUSED, Step.BODY, 5): Verdict(_DEF, Whom.ACCOUNT, Why.REFUSED),
    (End.REFUSED, Step.MESSAGE, 4): Verdict(_DEF, Whom.MESSAGE, Why.REFUSED),
    (End.REFUSED, Step.MESSAGE, 5): Verdict(_REJ, Whom.MESSAGE, Why.REFUSED),
    # Before it had the whole message: never in doubt, and it counts as an answer to the body.
    (End.EARLY, Step.BODY, 0): Verdict(_DEF, Whom.CONNECTION, Why.EARLY),
    (End.EARLY, Step.BODY, 4): Verdict(_DEF, Whom.ACCOUNT, Why.REFUSED),
    (End.EARLY, Step.BODY, 5): Verdict(_DEF, Whom.ACCOUNT, Why.REFUSED),
    # Nothing of the message counted.
    (End.RELEASED, None, 0): Verdict(Status.PENDING, Whom.CONNECTION, Why.RELEASED),
    (End.RELEASED, Step.NEXT, 4): Verdict(Status.PENDING, Whom.CONNECTION, Why.REFUSED),
    (End.RELEASED, Step.NEXT, 5): Verdict(Status.PENDING, Whom.CONNECTION, Why.REFUSED),
    (End.RELEASED, Step.SENDER, 4): Verdict(Status.PENDING, Whom.CONNECTION, Why.CLOSED),
    (End.RELEASED, Step.RECIPIENT, 4): Verdict(Status.PENDING, Whom.CONNECTION, Why.CLOSED),
    (End.RELEASED, Step.BODY, 4): Verdict(Status.PENDING, Whom.CONNECTION, Why.CLOSED),
    # RFC 5321 §4.1.1.10: without its end a message is not delivered; with it, it may have been.
    (End.UNFINISHED, None, 0): Verdict(_DEF, Whom.CONNECTION, Why.UNFINISHED),
    (End.UNANSWERED, None, 0): Verdict(Status.IN_DOUBT, Whom.CONNECTION, Why.UNANSWERED),
}

# What a reply is known to speak of.
MEANINGS: Mapping[About, tuple[Whom, Why]] = {
    About.MAILBOX: (Whom.RECIPIENT, Why.MAILBOX),
    About.MESSAGE: (Whom.MESSAGE, Why.MESSAGE),
    About.CONNECTION: (Whom.CONNECTION, Why.CONNECTION),
    About.GREYLISTING: (Whom.RECIPIENT, Why.GREYLISTING),
    About.RATE: (Whom.ACCOUNT, Why.RATE),
    About.QUOTA: (Whom.ACCOUNT, Why.QUOTA),
    About.SENDER: (Whom.SENDER, Why.SENDER),
    About.ACCOUNT: (Whom.ACCOUNT, Why.ACCOUNT),
    About.SET_UP: (Whom.SET_UP, Why.SET_UP),
}

# Why a message cannot be handed over at all.
UNFIT: Mapping[Unfit, Why] = {
    Unfit.TOO_LARGE: Why.TOO_LARGE,
    Unfit.SMTPUTF8: Why.SMTPUTF8,
    Unfit.UNSAFE_ADDRESS: Why.UNSAFE_ADDRESS,
    Unfit.LINE_END: Why.LINE_END,
    Unfit.NOT_7BIT: Why.NOT_7BIT,
}

_THEIRS = (Whom.RECIPIENT, Whom.MESSAGE)

# Words that speak of us, whatever they answer.
OF_US = frozenset(why for whom, why in MEANINGS.values() if whom not in _THEIRS)


def verdict(fact: Fact) -> Outcome:
    """What this fact means by itself; `sessions`, `judge` and the breaker know of what came before."""
    reply = fact.reply
    if fact.end is End.TAKEN:  # as nearly always
        return Outcome(Status.ACCEPTED, reply, Whom.RECIPIENT)
    if fact.end is End.UNFIT:
        return _unfit(fact)
    status, whom, why = TABLE[fact.end, fact.step, reply.code // 100 if reply else 0]
    if reply is None:
        detail = "" if fact.cause is None else str(fact.cause)
        return Outcome(status, None, whom, why, detail)
    if fact.closing and fact.end is not End.EARLY:
        status, whom, why = _closed(status)
    if (about := meaning(reply)) is not None:
        of, why = MEANINGS[about]
        whom = of if of not in _THEIRS or whom in _THEIRS else whom
    return Outcome(status, reply, whom, why, _detail(fact, why))


def _closed(status: Status) -> Verdict:
    """421 after the whole message leaves it deferred, RFC 5321 §3.8."""
    return Verdict(_DEF if status is _DEF else Status.PENDING, Whom.CONNECTION, Why.CLOSED)


def _unfit(fact: Fact) -> Outcome:
    assert fact.cause is not None
    how, more = fact.cause
    assert isinstance(how, Unfit)
    return Outcome(Status.FAILED, None, Whom.MESSAGE, UNFIT[how], more)


def _detail(fact: Fact, why: Why | None) -> str:
    if why is Why.CLOSED:
        return ""
    if fact.end is End.EARLY:
        return "early"
    return "closed" if fact.closing else str(fact.step or "")


def unbuilt(found: Unbuildable) -> Outcome:
    """Of a message that came to no transport."""
    return Outcome(Status.FAILED, None, Whom.MESSAGE, Why.UNBUILDABLE, found.reason)


def is_permanent(outcome: Outcome) -> bool:
    """Whether the server says that it will never do."""
    return outcome.reply is not None and 500 <= outcome.reply.code <= 599


def is_temporary(outcome: Outcome) -> bool:
    """Whether it says that it will not do now."""
    return outcome.reply is not None and 400 <= outcome.reply.code <= 499


def speaks_of_us(outcome: Outcome) -> bool:
    """Whether no recipient and no message is to blame."""
    return outcome.whom not in _THEIRS


@dataclass(frozen=True, slots=True)
class Refusal:
    """One permanent refusal, judged: the outcome is `REJECTED` where nothing that comes after can change it.

    `since`: when a reply first spoke of its mailbox, None where the reply is not known to speak of that.
    `its_own`: an earlier run accepted others after this row was refused. `sender`: whom the envelope named,
    where the refusal speaks of that.
    """

    id: int
    domain: str
    outcome: Outcome
    since: float | None
    its_own: bool
    sender: str = ""

    @property
    def ours(self) -> bool:
        return speaks_of_us(self.outcome)

    @property
    def final(self) -> bool:
        return self.outcome.status is Status.REJECTED


def judge(
    outcome: Outcome,
    recipient: Recipient,
    domain: str,
    since: float | None,
    now: float,
    sender: str = "",
) -> Refusal:
    """`since` is when this row was first refused for its mailbox, where that was its last refusal too."""
    before = recipient.refused
    if since is None or before is None or meaning(before) is not About.MAILBOX:
        since = now
    of_mailbox = outcome.why is Why.MAILBOX and not speaks_of_us(outcome)
    final = of_mailbox and now - since >= A_DAY
    return Refusal(
        id=recipient.id,
        domain=domain,
        outcome=outcome._replace(status=Status.REJECTED if final else Status.DEFERRED),
        since=since if of_mailbox else None,
        its_own=recipient.refusal_is_its_own,
        sender=sender if outcome.whom is Whom.SENDER else "",
    )
