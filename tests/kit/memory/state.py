"""What a record in memory is at one moment, and what a change makes of a delivery.

Rows and deliveries are frozen, and replaced where something becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sendbatch.ledger.facts import (
    Change,
    Event,
    Failed,
    Intent,
    LeftInDoubt,
    Own,
    Plan,
    Released,
    Settled,
)
from sendbatch.ledger.states import OF_OUTCOME, SETTLED, TABLE, after
from sendbatch.ledger.states import Event as Happening
from sendbatch.values import Status, Why

OF_OLD_ADDRESS = dict.fromkeys(
    ("due_at", "code", "enhanced", "reply", "why", "detail", "content", "dated_at", "finished_at")
)


@dataclass(frozen=True)
class Row:
    """A line of the CSV: `status` is what the checks found, `id` that of its delivery, tried or not."""

    line: int
    key: str
    email: str
    cells: tuple[str, ...]
    status: Status
    why: Why | str | None = None
    detail: str | None = None
    id: int = 0

    @property
    def holds(self) -> bool:
        """Whether it holds its key."""
        return self.status is Status.PENDING


@dataclass(frozen=True)
class Delivery:
    """What was tried; `gone` is the line where it last stood, if the last plan has no row of it. `cells` are
    those of a message that may have arrived."""

    id: int
    key: str
    email: str
    status: Status = Status.PENDING
    was: Status | None = None
    attempts: int = 0
    due_at: float | None = None
    code: int | None = None
    enhanced: str | None = None
    reply: str | None = None
    why: Why | str | None = None
    detail: str | None = None
    content: str | None = None
    cells: tuple[str, ...] | None = None
    dated_at: float | None = None
    first_attempt_at: float | None = None
    finished_at: float | None = None
    gone: int | None = None

    @property
    def was_tried(self) -> bool:
        """Whether it belongs to the record, whatever a plan says."""
        return bool(self.attempts) or self.first_attempt_at is not None

    @property
    def is_records(self) -> bool:
        return self.was_tried or self.was is not None or self.status is not Status.PENDING


@dataclass
class State:
    plan: Plan | None = None
    rows: dict[int, Row] = field(
        default_factory=dict
    )  # by the id of their delivery, in the CSV's order
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    ends: list[tuple[int, float]] = field(
        default_factory=list
    )  # of attempts that were not accepted: whose, and when

    def people(self) -> Iterator[tuple[Row, Delivery | None]]:
        return ((row, self.deliveries.get(id_)) for id_, row in self.rows.items())

    def copy(self) -> State:
        return State(
            self.plan, self.rows, dict(self.deliveries), dict(self.meta), list(self.events),
            list(self.ends),
        )  # fmt: skip


def happens(one: Delivery, event: Happening) -> bool:
    return one.status in TABLE[event]


def restore(one: Delivery) -> Delivery:
    """Who was to be sent to again for one run, and has no answer for good, is as before."""
    if one.was not in SETTLED or not happens(one, Happening.RESTORE):
        return one
    return replace(one, status=one.was, was=None, due_at=None)


def crashed(one: Delivery, row: Row | None, at: float) -> Delivery:
    if not happens(one, Happening.CRASH):
        return one
    return replace(
        one, status=Status.IN_DOUBT, was=None, attempts=one.attempts + 1, finished_at=at,
        cells=row.cells if row else None, why=Why.CRASHED, detail=None,
    )  # fmt: skip


def readdressed(one: Delivery, row: Row) -> Delivery:
    """The row has another address by now, and the message was not sent to the old one."""
    if not row.holds or row.email in ("", one.email) or not happens(one, Happening.READDRESS):
        return one
    doubt = one.was if one.was is Status.IN_DOUBT else None
    return replace(one, email=row.email, status=Status.PENDING, was=doubt, **OF_OLD_ADDRESS)


def changed(one: Delivery, row: Row, change: Change) -> Delivery | None:
    """The delivery after the change, which is about it; None where it cannot happen."""
    doubt = one.was if one.was is Status.IN_DOUBT else None  # no answer for good does not end it
    match change:
        case Intent(_, content, dated_at, at) if row.holds and happens(one, Happening.INTENT):
            return replace(
                one, status=Status.SENDING, was=one.was or one.status, content=content, dated_at=dated_at,
                first_attempt_at=at if one.first_attempt_at is None else one.first_attempt_at,
            )  # fmt: skip
        case Settled(_, _, _, at, counts_attempt=False) if happens(one, Happening.CONDEMN):
            return replace(
                one, status=Status.REJECTED, was=None, due_at=None, cells=None, finished_at=at
            )
        case Settled(counts_attempt=True) if happens(one, OF_OUTCOME[change.outcome.status]):
            return _settled(one, row, change, doubt)
        case Failed(_, why, detail, at) if happens(one, Happening.FAIL):
            return replace(
                one, status=Status.FAILED, was=doubt, due_at=None, code=None, enhanced=None, reply=None,
                why=why, detail=detail, finished_at=at,
            )  # fmt: skip
        case Released() if one.status is Status.SENDING:
            kept = one.was if one.was in SETTLED else None  # still for this run only
            return replace(
                one, status=Status.PENDING if kept else one.was or one.status, was=kept,
                first_attempt_at=one.first_attempt_at if one.attempts else None,
            )  # fmt: skip
        case LeftInDoubt() if doubt:
            return restore(one)
        case Own(_, at) if one.status is Status.DEFERRED:
            return replace(one, finished_at=at)
    return None


def _settled(one: Delivery, row: Row, change: Settled, doubt: Status | None) -> Delivery:
    _, outcome, due_at, at, _ = change
    reply, is_deferred = outcome.reply, outcome.status is Status.DEFERRED
    arrived = {
        Status.DEFERRED: one.cells, Status.FAILED: one.cells, Status.IN_DOUBT: row.cells,
    }  # fmt: skip
    return replace(
        one,
        status=after(one.status, OF_OUTCOME[outcome.status]),
        was=doubt if outcome.status in (Status.DEFERRED, Status.FAILED) else None,
        attempts=one.attempts + 1,
        due_at=due_at,
        code=reply and reply.code,
        enhanced=reply and reply.enhanced,
        reply=reply and reply.text,
        why=outcome.why,
        detail=outcome.detail or None,
        cells=arrived.get(outcome.status),
        first_attempt_at=at if one.first_attempt_at is None else one.first_attempt_at,
        finished_at=None if is_deferred else at,
    )
