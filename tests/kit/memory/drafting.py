"""Whom a run is about, and what it will make of the record. Behind `store.Selection` and `store.Draft`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import count, islice
from typing import TypeAlias

from sendbatch.errors import RecordLost
from sendbatch.ledger.facts import (
    Entry,
    Event,
    Plan,
    Retried,
    Terms,
    Weight,
)
from sendbatch.ledger.states import SENDABLE, after, sources
from sendbatch.ledger.states import Event as Happening
from sendbatch.values import Recipient, Status, Why
from tests.kit.memory.reading import People, Reading, entry_of, recipient_of
from tests.kit.memory.staging import Staging
from tests.kit.memory.state import Delivery, Row, State, happens, readdressed

Person: TypeAlias = tuple[Row, Delivery | None]


class Selection:
    """Whom --only names (`scope`), whom of them a limit takes (`chosen`), both None for everybody, and whom
    it has left as they were (`left`)."""

    def __init__(self, state: Callable[[], State]) -> None:
        self.state = state
        self.scope: set[int] | None = None
        self.chosen: set[int] | None = None
        self.left: set[int] = set()

    def has(self, id_: int) -> bool:
        return self._is_in_scope(id_) and (self.chosen is None or id_ in self.chosen)

    def _is_in_scope(self, id_: int) -> bool:
        return self.scope is None or id_ in self.scope

    def _everyone(self) -> list[Entry]:
        found = (entry_of(row, one) for row, one in self.state().people())
        return [one for one in found if self._is_in_scope(one.id)]

    def totals(self) -> dict[Status, int]:
        return Counter(
            one.status
            for one in self._everyone()
            if one.id not in self.left and (one.status not in SENDABLE or self.has(one.id))
        )

    def left_over(self) -> int:
        sendable = [one for one in self._everyone() if one.status in SENDABLE]
        return len(self.left) + sum(not self.has(one.id) for one in sendable)

    def sendable(self, statuses: Collection[Status] = SENDABLE) -> Iterator[Person]:
        """Those selected with one of these statuses who hold their key, by line."""
        for row, one in self.state().people():
            if row.holds and (one.status if one else row.status) in statuses and self.has(row.id):
                yield row, one


class Kept:
    """What a record keeps between two drafts: its state, the next id, and whom a run is about."""

    def __init__(self) -> None:
        self.state = State()
        self.number = count(7, 3).__next__  # with gaps, as a store may have them
        self.selection = Selection(lambda: self.state)
        self.terms: Terms | None = None


class Draft(Selection):
    def __init__(self, record: Kept, heed: Callable[[], None]) -> None:
        super().__init__(self._as_merged)
        self._record = record
        self._heed = heed
        self._before = self._base = record.state
        self._staged: tuple[Plan, dict[int, Row]] | None = None
        self._weighed: dict[int, int] = {}
        self._asked: set[int] = set()
        self._named: set[int] = set()  # by a file that says who has the mail
        self._excepted: tuple[str, float] | None = None
        self._hurried: dict[int, float] = {}
        self._due: list[tuple[float, float | None]] = []
        self._meta: dict[str, str] = {}
        self._events: list[Event] = []
        self.reading = Reading(lambda: self._base)
        self.people = People(self.state)

    def _as_merged(self) -> State:
        """The record as it will be."""
        made = self._base.copy()
        if self._staged is not None:
            self._seat(made, *self._staged)
        if self._excepted is not None and self._staged is not None:
            self._except(made, *self._excepted)
        for id_ in self._asked:
            one = made.deliveries[id_]
            event = Happening.RESEND if one.status is Status.IN_DOUBT else Happening.RETRY
            made.deliveries[id_] = replace(
                one, was=one.status, status=after(one.status, event), due_at=None
            )
        for row, one in list(made.people()):
            if one is not None and (self._staged is not None or row.id in self._asked):
                made.deliveries[row.id] = readdressed(one, row)
        return made

    def _seat(self, made: State, plan: Plan, rows: dict[int, Row]) -> None:
        """Deliveries follow from the rows of the last plan to those of this one; who was never tried goes
        with the last one."""
        for id_, one in list(made.deliveries.items()):
            if not one.is_records:
                del made.deliveries[id_]
            elif id_ in rows:
                made.deliveries[id_] = replace(one, gone=None)
            elif one.gone is None:
                made.deliveries[id_] = replace(one, due_at=None, gone=made.rows[id_].line)
        made.plan, made.rows = plan, rows

    def stage(self, columns: Sequence[str]) -> Staging:
        return Staging(
            columns, self._base, self._asked, self._record.number, self._heed, self._finished
        )

    def _except(self, made: State, detail: str, at: float) -> None:
        told = {"why": Why.BY_HAND, "detail": detail, "was": None, "due_at": None, "cells": None}
        for id_ in self._named:
            row = made.rows[id_]
            one = made.deliveries.get(id_) or Delivery(id_, row.key, row.email)
            if happens(one, Happening.EXCEPT):
                to = after(one.status, Happening.EXCEPT)
                finished = None if one.first_attempt_at is None else at
                made.deliveries[id_] = replace(one, status=to, finished_at=finished, **told)

    def except_them(self, detail: str, at: float) -> None:
        self._excepted = detail, at

    def _finished(
        self, plan: Plan, rows: dict[int, Row], weighed: dict[int, int], named: set[int]
    ) -> None:
        self._staged = plan, rows
        self._weighed, self._named = weighed, named

    def forget_everyone(self) -> None:
        self._base = replace(self._base, deliveries={}, ends=[])

    def remember(self, key: str, value: str) -> None:
        self._meta[key] = value

    def note(self, kind: str, detail: str, at: float) -> None:
        self._events.append(Event(at, kind, detail))

    def only(self, named: Sequence[tuple[str, ...]] | None) -> list[str]:
        if named is None:
            self.scope = None
            return []
        people = list(self.people.entries())
        found = [{one.id for one in people if {one.key, one.email} & set(words)} for words in named]
        self.scope = set().union(*found)
        return [words[0] for words, ids in zip(named, found, strict=True) if not ids]

    def retry(self, asked: Sequence[Retried], at: float) -> int:
        return sum(self._retry(one, at) for one in asked)

    def _retry(self, asked: Retried, at: float) -> int:
        assert asked.status in sources(Happening.RETRY)
        found = [
            one.id
            for one in self._holding(asked.status)
            if not (self._excepted and one.id in self._named)
            if asked.codes is None or fnmatchcase(one.enhanced or str(one.code or ""), asked.codes)
        ]
        if asked.status is Status.REJECTED:
            self._asked.update(found)
        else:
            self._hurried.update(dict.fromkeys(found, at))
        return len(found)

    def _holding(self, status: Status) -> list[Entry]:
        rows = self.state().rows
        return [one for one in self._everyone() if one.status is status and rows[one.id].holds]

    def resend(self, only: Collection[int] | None = None) -> int:
        doubt = {one.id for one in self._holding(Status.IN_DOUBT)}
        found = doubt if only is None else doubt & set(only)
        self._asked |= found
        return len(found)

    def doubt_with_key(self, content: str, dated_after: float) -> frozenset[int]:
        return frozenset(
            one.id
            for one in self._everyone()
            if one.status is Status.IN_DOUBT and one.content == content
            and (one.dated_at or 0.0) > dated_after
        )  # fmt: skip

    def limit(self, count: int | None) -> None:
        self.chosen = None
        if count is not None:
            self.chosen = {row.id for row, _ in islice(self.sendable(), count)}
            self.left |= self._asked - self.chosen
            self._asked &= self.chosen

    def make_due(self, at: float, latest: float | None = None) -> None:
        self._due.append((at, latest))

    def samples(self, count: int) -> list[Recipient]:
        return [recipient_of(*one) for one in islice(self.sendable(), count)]

    def to_send(self) -> Iterator[Recipient]:
        return (recipient_of(*one) for one in self.sendable())

    def weight(self) -> Weight | None:
        if self._staged is None:
            return None
        found = [self._weighed.get(row.line, 0) for row, _ in self.sendable()]
        return Weight(max(found, default=0), sum(found))

    def terms(self, terms: Terms) -> None:
        """Nobody joins; tests look at them."""
        self._record.terms = terms

    def merge(self, begins_at: float | None = None, /) -> None:
        if self._record.state is not self._before:
            raise RecordLost(
                "the record was changed by something else while this plan was made; nothing was sent",
                hint="run it again: it plans anew",
            )
        made = self.state()
        for id_, one in made.deliveries.items():
            if one.status is Status.DEFERRED:
                made.deliveries[id_] = replace(one, due_at=self._due_at(one))
        made.meta.update(self._meta)
        made.events += self._events
        self._record.state = made
        self._record.selection = selection = Selection(lambda: self._record.state)
        selection.scope, selection.chosen, selection.left = self.scope, self.chosen, self.left

    def _due_at(self, one: Delivery) -> float | None:
        due_at = self._hurried.get(one.id, one.due_at)
        if one.gone is None and self.has(one.id):
            for at, latest in self._due:
                due_at = at if due_at is None else due_at
                due_at = due_at if latest is None else min(due_at, latest)
        return due_at
