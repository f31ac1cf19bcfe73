"""Where a delivery stands, and where a change of a run leaves it. What may happen when is the table of
`states`; this is the rest: what is kept of before, and what is known since.

A store that appends what happens, and sums it up later, writes the standing after each change beside it:
whoever reads takes the last one, and need not know of what came before. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from sendbatch.ledger.facts import Failed, Intent, LeftInDoubt, Own, Released, Settled
from sendbatch.ledger.states import OF_OUTCOME, SETTLED, Event, after, sources
from sendbatch.values import Status

OfOne: TypeAlias = Intent | Settled | Failed | Released | LeftInDoubt | Own

# No answer for good: whoever was in doubt is so again when the run is over.
_NO_ANSWER = (Status.DEFERRED, Status.FAILED)


class Standing(NamedTuple):
    """What a change may change of a delivery, by the names of facts.Entry."""

    status: Status
    was: Status | None = None
    attempts: int = 0
    due_at: float | None = None
    code: int | None = None
    enhanced: str | None = None
    reply: str | None = None
    why: str | None = None
    detail: str | None = None
    content: str | None = None
    dated_at: float | None = None
    first_attempt_at: float | None = None
    finished_at: float | None = None


UNTRIED = Standing(Status.PENDING)  # before anything happened


def event_of(change: OfOne) -> Event | None:
    """What happens to the delivery by it; None where it keeps its status."""
    match change:
        case Intent():
            return Event.INTENT
        case Settled(counts_attempt=True, outcome=outcome):
            return OF_OUTCOME[outcome.status]
        case Settled():
            return Event.CONDEMN
        case Failed():
            return Event.FAIL
        case Released():
            return Event.RELEASE
        case LeftInDoubt():
            return Event.RESTORE
        case Own():
            return None


def changed(one: Standing, change: OfOne) -> Standing | None:
    """The standing after the change; None where it cannot happen, and changes nothing."""
    return _BY[type(change)](one, change)


def _intended(one: Standing, change: Intent) -> Standing | None:
    if one.status not in _TO_BE_SENT:
        return None
    return Standing(
        Status.SENDING, one.was or one.status, one.attempts, one.due_at, one.code, one.enhanced, one.reply,
        one.why, one.detail, change.content, change.dated_at,
        change.at if one.first_attempt_at is None else one.first_attempt_at, one.finished_at,
    )  # fmt: skip


def _settled(one: Standing, change: Settled) -> Standing | None:
    if not change.counts_attempt:
        return _condemned(one, change)
    outcome, at = change.outcome, change.at
    may_end, status = _ENDS[outcome.status]
    if one.status not in may_end:
        return None
    code, enhanced, text = None, None, None
    if (reply := outcome.reply) is not None:
        code, enhanced, text = reply.code, reply.enhanced, reply.text
    return Standing(
        status, _doubt(one) if status in _NO_ANSWER else None, one.attempts + 1, change.due_at, code,
        enhanced, text, outcome.why, outcome.detail or None, one.content, one.dated_at,
        at if one.first_attempt_at is None else one.first_attempt_at,
        None if status is Status.DEFERRED else at,
    )  # fmt: skip


def _condemned(one: Standing, change: Settled) -> Standing | None:
    """Refused for good after all; the reply is that of the attempt."""
    if one.status not in _FROM[Event.CONDEMN]:
        return None
    status = after(one.status, Event.CONDEMN)
    return one._replace(status=status, was=None, due_at=None, finished_at=change.at)


def _failed(one: Standing, change: Failed) -> Standing | None:
    if one.status not in _FROM[Event.FAIL]:
        return None
    return one._replace(
        status=after(one.status, Event.FAIL), was=_doubt(one), due_at=None, code=None, enhanced=None,
        reply=None, why=change.why, detail=change.detail, finished_at=change.at,
    )  # fmt: skip


def _released(one: Standing, _: Released) -> Standing | None:
    """Nothing of the message counted. What is pending for this run only stays so."""
    if one.status is not Status.SENDING or one.was is None:
        return None
    is_for_this_run = one.was in SETTLED
    return one._replace(
        status=Status.PENDING if is_for_this_run else one.was,
        was=one.was if is_for_this_run else None,
        first_attempt_at=one.first_attempt_at if one.attempts else None,
    )


def _left_in_doubt(one: Standing, _: LeftInDoubt) -> Standing | None:
    if one.was is not Status.IN_DOUBT or one.status not in _FROM[Event.RESTORE]:
        return None
    return one._replace(status=one.was, was=None, due_at=None)


def _own(one: Standing, change: Own) -> Standing | None:
    """Since when a delivery deferred by 5xx has that for itself."""
    return one._replace(finished_at=change.at) if one.status is Status.DEFERRED else None


def _doubt(one: Standing) -> Status | None:
    return one.was if one.was is Status.IN_DOUBT else None


_FROM = {event: sources(event) for event in Event}
# What is asked for each message, looked up once.
_TO_BE_SENT = _FROM[Event.INTENT]
_ENDS = {
    status: (_FROM[event], after(_FROM[event][0], event)) for status, event in OF_OUTCOME.items()
}
_BY: dict[type, Callable[[Standing, Any], Standing | None]] = {
    Intent: _intended,
    Settled: _settled,
    Failed: _failed,
    Released: _released,
    LeftInDoubt: _left_in_doubt,
    Own: _own,
}
