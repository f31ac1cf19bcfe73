"""What a run selects and sends, step by step: each step is a draft of its own, and merged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from weakref import WeakKeyDictionary

from sendbatch.ledger.facts import EVERYONE, Change, Lane, Retried
from sendbatch.ledger.states import SENDABLE, SETTLED
from sendbatch.ledger.store import Record
from sendbatch.values import Recipient, Status


class Sending:
    """Over one record. What --only and --limit said holds until it is said anew."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._only: Sequence[tuple[str, ...]] | None = None
        self._limit: int | None = None
        self.at = 0.0
        self.backlog = record.backlog(lambda: self.at)

    def scope(self, named: Sequence[tuple[str, ...]] | None) -> list[str]:
        self._only = named
        with self.record.draft() as draft:
            strangers = draft.only(named)
            draft.limit(self._limit)
            draft.merge()
        self.backlog = self.record.backlog(lambda: self.at)
        return strangers

    def choose(self, limit: int | None) -> None:
        self._limit = limit
        self.scope(self._only)

    def retry(self, asked: Sequence[Retried], at: float) -> int:
        with self.record.draft() as draft:
            draft.only(self._only)
            found = draft.retry(asked, at)
            draft.merge()
        self.backlog = self.record.backlog(lambda: self.at)
        return found

    def resend(self, only: Collection[int] | None = None) -> int:
        with self.record.draft() as draft:
            draft.only(self._only)
            found = draft.resend(only)
            draft.merge()
        self.backlog = self.record.backlog(lambda: self.at)
        return found

    def make_due(self, at: float, latest: float | None = None) -> None:
        with self.record.draft() as draft:
            draft.only(self._only)
            draft.limit(self._limit)
            draft.make_due(at, latest)
            draft.merge()
        self.backlog = self.record.backlog(lambda: self.at)

    def doubt_with_key(self, content: str, dated_after: float) -> frozenset[int]:
        with self.record.draft() as draft:
            draft.only(self._only)
            return draft.doubt_with_key(content, dated_after)

    def samples(self, count: int) -> list[Recipient]:
        with self.record.draft() as draft:
            draft.only(self._only)
            draft.limit(self._limit)
            return draft.samples(count)

    def totals(self) -> dict[Status, int]:
        return self.backlog.totals()

    def sendable(self) -> int:
        return sum(count for status, count in self.totals().items() if status in SENDABLE)

    def left_over(self) -> int:
        return self.backlog.left_over()

    def restore(self) -> int:
        """The run is over; returns how many are as they were before it."""
        taken_up = [
            one
            for one in self.record.reading.entries(all_rows=True)
            if one.status in SENDABLE and one.was in SETTLED
        ]
        self.backlog.end()
        return len(taken_up)

    def next_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        return self._looked_at(self.backlog.claim_new(after_row, limit, lane))

    def next_due(self, now: float, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        return self._looked_at(self.backlog.claim_due(now, limit, lane))

    def _looked_at(self, found: list[Recipient]) -> list[Recipient]:
        self.backlog.give_back([one.id for one in found])
        return found

    def next_due_at(self, lane: Lane = EVERYONE) -> float | None:
        return self.backlog.next_due_at(lane)

    def apply(self, changes: Sequence[Change]) -> None:
        self.backlog.apply(changes)


_OF: WeakKeyDictionary[Record, Sending] = WeakKeyDictionary()


def sending(record: Record) -> Sending:
    """The one of this record."""
    return _OF.setdefault(record, Sending(record))
