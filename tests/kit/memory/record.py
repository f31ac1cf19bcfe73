"""A record in dictionaries: a store that holds every sentence of tests/ledger/contract, for the tests of the
rooms to which no disk matters. Behind `store.Record`.

`state` is what a record is at one moment, and what a change makes of a delivery; `reading` tells of a state;
`staging` makes the rows of a plan; here is what is opened, with its drafts and its backlog.
"""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import count, islice
from operator import itemgetter
from typing import TypeAlias

from sendbatch.errors import RecordLost
from sendbatch.ledger.facts import (
    EVERYONE,
    Change,
    Entry,
    Event,
    Failed,
    Intent,
    Lane,
    LeftInDoubt,
    Noted,
    Own,
    Plan,
    Released,
    Remembered,
    Retried,
    Settled,
)
from sendbatch.ledger.states import RESOLVED, SENDABLE, after, sources
from sendbatch.ledger.states import Event as Happening
from sendbatch.values import Recipient, Status, Why
from tests.kit.memory.reading import LOWER, People, Reading, entry_of, recipient_of
from tests.kit.memory.staging import Staging
from tests.kit.memory.state import Delivery, Row, State, changed, crashed, put_back, readdressed

NEW = (Status.PENDING, Status.FAILED)
Person: TypeAlias = tuple[Row, Delivery | None]
OfOne: TypeAlias = Intent | Settled | Failed | Released | LeftInDoubt | Own
ENDS = (Settled, Failed, LeftInDoubt)  # with these a claim ends


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


class Draft(Selection):
    def __init__(self, record: MemoryRecord, heed: Callable[[], None]) -> None:
        super().__init__(self._as_merged)
        self._record = record
        self._heed = heed
        self._before = self._base = record.state
        self._staged: tuple[Plan, dict[int, Row]] | None = None
        self._asked: set[int] = set()
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
        for id_ in self._asked:
            one = made.deliveries[id_]
            event = Happening.RESEND if one.status is Status.IN_DOUBT else Happening.RETRY
            made.deliveries[id_] = replace(
                one, was=one.status, status=after(one.status, event), due_at=None
            )
        for row, one in list(made.people()):
            if one is not None:
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

    def _finished(self, plan: Plan, rows: dict[int, Row]) -> None:
        self._staged = plan, rows

    def forget_everyone(self) -> None:
        self._base = replace(self._base, deliveries={})

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


class Backlog:
    def __init__(self, record: MemoryRecord, now: Callable[[], float]) -> None:
        self.now = now
        self._record = record
        self._selection = record.selection
        self._claimed: set[int] = set()
        self._lost: RecordLost | None = None

    def totals(self) -> dict[Status, int]:
        return self._selection.totals()

    def left_over(self) -> int:
        return self._selection.left_over()

    def claim_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        found = (one for one in self._unclaimed(NEW, lane) if one[0].line > after_row)
        return self._claim(islice(found, limit))

    def has_due(self, now: float) -> bool:
        return any(due_at <= now for due_at, _ in self._due(EVERYONE))

    def claim_due(self, now: float, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        found = [one for one in self._due(lane) if one[0] <= now]
        found.sort(key=itemgetter(0))
        return self._claim(one for _, one in found[:limit])

    def next_due_at(self, lane: Lane = EVERYONE) -> float | None:
        return min((due_at for due_at, _ in self._due(lane)), default=None)

    def _due(self, lane: Lane) -> Iterator[tuple[float, Person]]:
        for row, one in self._unclaimed((Status.DEFERRED,), lane):
            if one is not None and one.due_at is not None:
                yield one.due_at, (row, one)

    def _unclaimed(self, statuses: Collection[Status], lane: Lane) -> Iterator[Person]:
        for row, one in self._selection.sendable(statuses):
            if row.id not in self._claimed and _is_in(lane, one.email if one else row.email):
                yield row, one

    def _claim(self, people: Iterable[Person]) -> list[Recipient]:
        found = [recipient_of(*one) for one in people]
        self._claimed.update(one.id for one in found)
        return found

    def give_back(self, ids: Collection[int]) -> None:
        self._claimed.difference_update(ids)

    def apply(self, changes: Sequence[Change]) -> None:
        if self._lost is None:
            try:
                self._record.write(changes)
            except RecordLost as lost:
                self._lost = lost
            else:
                self._claimed.difference_update(one.id for one in changes if isinstance(one, ENDS))
        if self._lost is not None:  # what was begun is told still, and nothing begins any more
            self._record.write([one for one in changes if not isinstance(one, Intent)])
            raise self._lost

    def end(self) -> None:
        self._record.put_back()


def _is_in(lane: Lane, email: str) -> bool:
    if not lane.domains:
        return True
    return (email.partition("@")[2].translate(LOWER) in lane.domains) is not lane.others


class MemoryRecord:
    def __init__(self) -> None:
        self.state = State()
        self.number = count(7, 3).__next__
        self.selection = Selection(lambda: self.state)
        self.reading = Reading(lambda: self.state)

    def doubt(self) -> None:
        """It knows all that was sent."""

    def backlog(self, now: Callable[[], float]) -> Backlog:
        return Backlog(self, now)

    @contextmanager
    def draft(self, heed: Callable[[], None] = lambda: None) -> Iterator[Draft]:
        yield Draft(self, heed)

    def put_back(self) -> None:
        deliveries = {id_: put_back(one) for id_, one in self.state.deliveries.items()}
        self.state = replace(self.state, deliveries=deliveries)

    def recover(self, at: float) -> int:
        self.put_back()
        rows, before = self.state.rows, self.state.deliveries
        self.state = replace(
            self.state,
            deliveries={id_: crashed(one, rows.get(id_), at) for id_, one in before.items()},
        )
        found = sum(one.status is Status.SENDING for one in before.values())
        if found:
            told = f"{found} found on the way after a crash, now in doubt"
            self.state.events.append(Event(at, "crash", told))
        return found

    def resolve(self, named: Sequence[tuple[str, ...]], to: Status, at: float) -> list[str]:
        open_ = [one for one in self.reading.entries(all_rows=True) if self._is_open(one)]
        found = [[one.id for one in open_ if {one.key, one.email} & set(words)] for words in named]
        if wrong := [words[0] for words, ids in zip(named, found, strict=True) if not ids]:
            return wrong
        made = self.state.copy()
        for id_ in {id_ for ids in found for id_ in ids}:
            one = made.deliveries[id_]
            made.deliveries[id_] = replace(
                one, status=after(one.status, RESOLVED[to]), was=None, cells=None, due_at=None,
                why=Why.BY_HAND, detail=None, finished_at=None if to is Status.PENDING else at,
            )  # fmt: skip
        made.events += [Event(at, "resolved", f"{words[0]}: {to}, by hand") for words in named]
        if named and to is Status.PENDING and made.plan is not None:
            made.plan = replace(made.plan, inputs="")  # what the CSV says of them counts again
        self.state = made
        return []

    def _is_open(self, one: Entry) -> bool:
        is_refused = one.status is Status.DEFERRED and (one.code or 0) >= 500
        return one.status is Status.IN_DOUBT or is_refused

    def write(self, changes: Sequence[Change]) -> None:
        """All of them, or none. Raises RecordLost where an intent can change nothing."""
        state = self.state
        deliveries = ChainMap({}, state.deliveries)
        meta, events = dict(state.meta), list(state.events)
        for change in changes:
            match change:
                case Noted(kind, detail, at):
                    events.append(Event(at, kind, detail))
                case Remembered(key, None):
                    meta.pop(key, None)
                case Remembered(key, str(value)):
                    meta[key] = value
                case _:
                    self._change(state, deliveries, change)
        state.deliveries.update(deliveries.maps[0])
        self.state = replace(state, meta=meta, events=events)

    def _change(
        self, state: State, deliveries: MutableMapping[int, Delivery], change: OfOne
    ) -> None:
        row = state.rows.get(change.id)
        one = deliveries.get(change.id)
        if one is None and row is not None and row.holds:
            one = Delivery(row.id, row.key, row.email)
        made = changed(one, row, change) if one is not None and row is not None else None
        if made is not None:
            deliveries[change.id] = made
        elif isinstance(change, Intent):
            raise RecordLost(
                "the record was changed by something else while this run was sending",
                hint="let nothing else write to it",
            )
