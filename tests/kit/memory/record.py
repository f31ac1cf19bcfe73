"""A record in dictionaries: a store that holds every sentence of tests/ledger/contract, for the tests of the
rooms to which no disk matters. Behind `store.Record`.

`state` is what a record is at one moment, and what a change makes of a delivery; `reading` tells of a state;
`staging` makes the rows of a plan, `drafting` what a run is about to make of the record; here is what is
opened, and its backlog.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from operator import itemgetter
from typing import TypeAlias

from sendbatch.errors import RecordLost
from sendbatch.ledger import streak
from sendbatch.ledger.facts import (
    EVERYONE,
    Change,
    Entry,
    Event,
    Failed,
    InARow,
    Intent,
    Lane,
    LeftInDoubt,
    Noted,
    Own,
    Released,
    Remembered,
    Settled,
)
from sendbatch.ledger.states import RESOLVED, after
from sendbatch.ledger.store import Snapshot
from sendbatch.values import Recipient, Status, Why
from tests.kit.memory.drafting import Draft, Kept, Person
from tests.kit.memory.reading import LOWER, Reading, recipient_of
from tests.kit.memory.state import Delivery, State, changed, crashed, restore

NEW = (Status.PENDING, Status.FAILED)
OfOne: TypeAlias = Intent | Settled | Failed | Released | LeftInDoubt | Own
ENDS = (Settled, Failed, LeftInDoubt)  # with these a claim ends
NOT_TAKEN = (Status.DEFERRED, Status.REJECTED, Status.IN_DOUBT)


class Backlog:
    def __init__(self, record: MemoryRecord, now: Callable[[], float]) -> None:
        self.now = now
        self._record = record
        self._selection = record.selection
        self.waits = self.others = False
        self.streak: str | None = None
        self.announces = False
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

    def apply(self, changes: Sequence[Change]) -> Collection[int]:
        if self._lost is None:
            try:
                self._record.write(changes)
            except RecordLost as lost:
                self._lost = lost
            else:
                if self.streak is not None:
                    self.streak = streak.after(self.streak, changes)
                self._claimed.difference_update(one.id for one in changes if isinstance(one, ENDS))
        if self._lost is not None:  # what was begun is told still, and nothing begins any more
            self._record.write([one for one in changes if not isinstance(one, Intent)])
            raise self._lost
        return ()

    async def announce(self, block: Collection[int]) -> None:
        """Nobody else looks."""

    def tidy(self) -> None:
        """There is nothing to be done later."""

    def end(self) -> None:
        self._record.restore()


def _is_in(lane: Lane, email: str) -> bool:
    if not lane.domains:
        return True
    return (email.partition("@")[2].translate(LOWER) in lane.domains) is not lane.others


class MemoryRecord(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.reading = Reading(lambda: self.state)
        self.joined = None
        self.young: tuple[int, float] | None = None
        self.others: Snapshot | None = None  # who goes on when it is left

    def doubt(self) -> None:
        """It knows all that was sent."""

    def claim(self, at: float) -> None:
        """Nobody else looks."""

    def young_doubts(self) -> tuple[int, float] | None:
        return self.young

    def beside(self) -> Snapshot | None:
        return self.others

    def backlog(self, now: Callable[[], float]) -> Backlog:
        return Backlog(self, now)

    @contextmanager
    def draft(self, heed: Callable[[], None] = lambda: None) -> Iterator[Draft]:
        yield Draft(self, heed)

    def restore(self) -> None:
        deliveries = {id_: restore(one) for id_, one in self.state.deliveries.items()}
        self.state = replace(self.state, deliveries=deliveries)

    def own_time(self) -> None:
        """It goes by the machine's."""

    def recover(self, at: float) -> int:
        self.restore()
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
                case InARow():
                    pass
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
            if isinstance(change, Settled) and made.status in NOT_TAKEN and change.counts_attempt:
                state.ends.append((change.id, change.at))
        elif isinstance(change, Intent):
            raise RecordLost(
                "the record was changed by something else while this run was sending",
                hint="let nothing else write to it",
            )
