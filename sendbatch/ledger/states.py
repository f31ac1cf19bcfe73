"""What may become of a recipient: every state, every event, every transition, and nothing else.

Theory of operation. Rows and deliveries are two things. A row of the CSV belongs to the plan, and a new plan
replaces it: its checks find it sendable (`pending`) or leave it out (`invalid`, `filtered`, `suppressed`,
`duplicate`). A delivery begins with the first attempt and belongs to the record: what was tried, and how it
ended. Events happen to deliveries, whatever a plan says meanwhile; `status_of` says what both together amount
to.

    pending, deferred, failed ──INTENT──▶ sending ──the reply──▶ accepted | rejected | deferred
                                             │ no reply: DOUBT ──▶ in_doubt
                                             │ RELEASE ──▶ what it `was`
    READDRESS: the CSV has another address for who was not sent the message ──▶ pending

INTENT is durable before the final dot leaves, so a crash finds every row whose message may have
arrived as `sending`, and CRASH makes it `in_doubt`. An answer before the dot (a refused RCPT) settles
a row that was never `sending`. Nothing leaves `accepted`; only a person's word leaves `in_doubt` and
`rejected` (RETRY, RESEND, EXCEPT, RESOLVE_…), or a provider's idempotency key (RESEND). RESOLVE_… settles
those in doubt, and those *deferred* by 5xx; EXCEPT makes *accepted* whom a record that was lost knew. RETRY
and RESEND hold for one run: RESTORE makes whoever it did not come to, or in doubt got no answer for good, or
whose key expired before their message left, what they were before.

Two rules keep this true. Every change of a status anywhere names an event of this table, and the
store changes a row only where its present status is among the event's sources. This module does
no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sendbatch.values import Status


class Event(StrEnum):
    """What can happen to a row."""

    INTENT = "intent"  # about to be whole on the wire, made durable
    ACCEPT = "accept"  # 2xx after the message
    REJECT = "reject"  # 5xx to the recipient or the message
    DEFER = "defer"  # 4xx, or the connection broke before the end of the message
    DOUBT = "doubt"  # the whole message was sent and no reply came
    FAIL = "fail"  # could not be built
    RELEASE = "release"  # nothing of it counted: back to what it was
    CONDEMN = "condemn"  # a refusal held open in a streak is final after all
    CRASH = "crash"  # found `sending` on start
    RETRY = "retry"  # a person asked for it: --retry
    RESEND = "resend"  # --in-doubt resend, or the provider drops repetitions
    RESOLVE_ACCEPTED = "resolve_accepted"  # a person said so
    RESOLVE_PENDING = "resolve_pending"
    RESOLVE_REJECTED = "resolve_rejected"
    EXCEPT = "except"  # a person named a file that says who has it: --except
    RESTORE = "restore"  # it was to be sent again for one run, and got no answer for good: what it `was`
    READDRESS = "readdress"  # the CSV has another address under the same key


_P, _S, _D, _F = Status.PENDING, Status.SENDING, Status.DEFERRED, Status.FAILED
_REJ, _DOUBT, _ACC = Status.REJECTED, Status.IN_DOUBT, Status.ACCEPTED
_OUT = (Status.INVALID, Status.FILTERED, Status.SUPPRESSED)
_SENDABLE = (_P, _D, _F)
_TRIED = (*_SENDABLE, _REJ)

# For each event: from which statuses, to which. None is what the delivery `was`.
TABLE: Mapping[Event, Mapping[Status, Status | None]] = {
    Event.INTENT: dict.fromkeys(_SENDABLE, _S),
    Event.ACCEPT: {_S: _ACC},
    Event.REJECT: dict.fromkeys((_S, *_SENDABLE), _REJ),
    Event.DEFER: dict.fromkeys((_S, *_SENDABLE), _D),
    Event.DOUBT: {_S: _DOUBT},
    Event.FAIL: dict.fromkeys((_S, *_SENDABLE), _F),
    Event.RELEASE: {_S: None, _P: _P, _D: _D, _F: _F},
    Event.CONDEMN: {_D: _REJ},
    Event.CRASH: {_S: _DOUBT},
    Event.RETRY: {_REJ: _P, _D: _D, _F: _F},
    Event.RESEND: {_DOUBT: _P},
    Event.RESOLVE_ACCEPTED: {_DOUBT: _ACC, _D: _ACC},
    Event.RESOLVE_PENDING: {_DOUBT: _P, _D: _P},
    Event.RESOLVE_REJECTED: {_DOUBT: _REJ, _D: _REJ},
    Event.EXCEPT: dict.fromkeys((_P, _D, _F, _DOUBT), _ACC),
    Event.RESTORE: dict.fromkeys(_SENDABLE),
    Event.READDRESS: dict.fromkeys(_TRIED, _P),
}

SENDABLE = frozenset(_SENDABLE)
SETTLED = frozenset((_REJ, _DOUBT))  # what a delivery `was` that is sent again for one run only
SENT = frozenset((_ACC, _DOUBT, _S))  # the message was sent, or may have been: no plan changes that
TRIED_WITH = SENT | {_REJ, _D}  # a message was handed over, or the server would not have it
LEFT_OUT = frozenset(_OUT)

# The event by which a person's word reaches the record: `resolve --as`.
RESOLVED: Mapping[Status, Event] = {
    Status.ACCEPTED: Event.RESOLVE_ACCEPTED,
    Status.PENDING: Event.RESOLVE_PENDING,
    Status.REJECTED: Event.RESOLVE_REJECTED,
}

# The event by which an outcome of a hand-over reaches the record.
OF_OUTCOME: Mapping[Status, Event] = {
    Status.ACCEPTED: Event.ACCEPT,
    Status.REJECTED: Event.REJECT,
    Status.DEFERRED: Event.DEFER,
    Status.IN_DOUBT: Event.DOUBT,
    Status.FAILED: Event.FAIL,
}


def sendable(totals: Mapping[Status, int]) -> int:
    """How many of these may be sent to."""
    return sum(totals.get(status, 0) for status in SENDABLE)


def sources(event: Event) -> tuple[Status, ...]:
    """The statuses that `event` may happen in, in a fixed order."""
    return tuple(sorted(TABLE[event]))


def status_of(planned: Status | None, tried: Status | None) -> Status:
    """The status that a report gives somebody: `planned` is what the plan made of the row, None where it has
    none any more, `tried` the status of the delivery of its key, None where nothing was tried."""
    if tried is not None and tried in SENT:
        return tried
    if planned is None:
        return Status.WITHDRAWN
    return tried or planned if planned is _P else planned


def after(status: Status, event: Event, to: Status | None = None) -> Status:
    """The status after `event`; `to` is where RELEASE and RESTORE go: what the delivery was.

    Raises ValueError where the event cannot happen in this status, or `to` is missing.
    """
    try:
        target = TABLE[event][status]
    except KeyError:
        raise ValueError(f"{event} cannot happen to a row that is {status}") from None
    if target is None:
        if to is None:
            raise ValueError(f"{event} needs to be told the status it leads to")
        return to
    return target
