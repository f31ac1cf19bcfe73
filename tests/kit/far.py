"""A store that another machine keeps, and that other runners share: the one in memory, which answers late, or
not at all, loses answers, and gives people to others.

Its calls are made in threads and wait by the fake clock, so that an hour without a database takes a moment.
What `apply` returned it does not hand out before it was given back, and asserts that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from sendbatch.errors import RecordStopped
from sendbatch.ledger.facts import (
    EVERYONE,
    Change,
    Failed,
    Intent,
    Lane,
    LeftInDoubt,
    Own,
    Released,
    Settled,
)
from sendbatch.ledger.store import Backlog, Reading
from sendbatch.runtime.stop import Stop
from sendbatch.values import Recipient, Status
from tests.kit.clock import FakeClock, IdleLoop, asleep
from tests.kit.people import outcome_of

OF_ONE = (Intent, Settled, Failed, Released, LeftInDoubt, Own)
LEFT = (Status.PENDING, Status.DEFERRED)
POLL = 0.5  # seconds


@dataclass
class Network:
    """What happens between a run and its record. `takes` is how long an answer takes, `until` when the
    machine is back; `loses` says of the n-th transaction, from 0, whether its answer is lost."""

    clock: FakeClock
    stop: Stop = field(default_factory=Stop)
    takes: float = 0.0
    offline: float = 600.0
    until: float = 0.0
    loses: Callable[[int], bool] = lambda number: False
    waited: int = 0  # calls that found it away

    def is_away(self) -> bool:
        return self.clock.now < self.until

    def cut(self, seconds: float = float("inf")) -> None:
        """From now on nothing comes through, for so long."""
        self.until = self.clock.now + seconds

    def passes(self, loop: IdleLoop) -> None:
        """In a thread: until a question came through and its answer back. Raises RecordStopped."""
        if self.takes:
            asleep(loop, self.clock, self.takes)
        began = self.clock.now
        self.waited += self.is_away()
        while self.is_away():
            if self.stop.is_now or self.clock.now - began >= self.offline:
                raise RecordStopped("db.example/news: the record's database does not answer")
            asleep(loop, self.clock, POLL)


class Far:
    """Behind `store.Backlog`."""

    waits = True
    announces = False

    def __init__(
        self, backlog: Backlog, reading: Reading, loop: IdleLoop, network: Network
    ) -> None:
        self._backlog, self._reading = backlog, reading
        self._loop, self._network = loop, network
        self._lock = threading.Lock()
        self.now = backlog.now
        self.others = False
        self.elsewhere: set[int] = set()  # held by other runners, and not handed out here
        self.sent_elsewhere: set[int] = set()
        self.gone: set[int] = set()  # of those the ones that were handed out here before
        self.returned: set[int] = set()  # by `apply`, and not given back
        self.handed: set[int] = set()
        self.commits: list[list[Change]] = []  # what became durable, by transaction
        self.unheld: list[int] = []
        self.threads: set[str] = set()
        self.lease = 10.0

    # -- other runners --------------------------------------------------------------------------

    def take_away(self, ids: Collection[int]) -> None:
        """Another runner has these by now."""
        with self._lock:
            self.elsewhere.update(ids)
            self.gone.update(self.handed & set(ids))

    def come_free(self, ids: Collection[int]) -> None:
        """Its lease has expired."""
        with self._lock:
            self.elsewhere.difference_update(ids)
            self.gone.difference_update(ids)

    def send_elsewhere(self, ids: Collection[int]) -> set[int]:
        """Another runner has these, and sends to those of them who are not sent to yet: returns whom."""
        self.take_away(ids)
        with self._lock:
            left = {one.id for one in self._reading.entries() if one.status in LEFT} & set(ids)
            self.sent_elsewhere.update(ids)
            for id_ in left:
                self._backlog.apply(outcome_of(id_, Status.ACCEPTED, self.now()))
        return left

    # -- looking --------------------------------------------------------------------------------

    def claim_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        return self._claim(lambda most: self._backlog.claim_new(0, most, lane), limit)

    def claim_due(self, now: float, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        return self._claim(lambda most: self._backlog.claim_due(now, most, lane), limit)

    def _claim(self, claim: Callable[[int], list[Recipient]], limit: int) -> list[Recipient]:
        self._ask()
        with self._lock:
            found = claim(limit + len(self.elsewhere))
            mine = [one for one in found if one.id not in self.elsewhere][:limit]
            ids = {one.id for one in mine}
            self._backlog.give_back([one.id for one in found if one.id not in ids])
            assert not ids & self.returned, "handed out before it was given back"
            self.handed |= ids
            return mine

    def has_due(self, now: float) -> bool:
        self._ask()
        with self._lock:
            return self._backlog.has_due(now)

    def next_due_at(self, lane: Lane = EVERYONE) -> float | None:
        self._ask()
        with self._lock:
            due_at = self._backlog.next_due_at(lane)
            self.others = bool(self.elsewhere - self.sent_elsewhere)
            if not self.others:
                return due_at
            look_at = self.now() + self.lease
            return look_at if due_at is None else min(due_at, look_at)

    def give_back(self, ids: Collection[int]) -> None:
        self._ask()
        with self._lock:
            self.returned.difference_update(ids)
            self.gone.difference_update(ids)
            self.handed.difference_update(ids)
            self._backlog.give_back(ids)

    # -- writing --------------------------------------------------------------------------------

    def apply(self, changes: Sequence[Change]) -> Collection[int]:
        self._ask()
        with self._lock:
            lost = {one.id for one in changes if isinstance(one, Intent)} & self.elsewhere
            kept = [one for one in changes if not (isinstance(one, OF_ONE) and one.id in self.elsewhere)]
            self._backlog.apply(kept)
            self.commits.append(kept)
            lost |= self.gone - self.returned
            is_lost = self._network.loses(len(self.commits) - 1)
        if is_lost:
            lost |= self._undo(kept)
        self.handed.difference_update(
            one.id for one in kept if isinstance(one, Settled | Failed | LeftInDoubt)
        )
        self.returned |= lost
        self.unheld += lost
        return lost

    def _undo(self, changes: Sequence[Change]) -> set[int]:
        """The answer was lost: the first transaction on a new connection releases what was begun."""
        self._ask()
        begun = {one.id for one in changes if isinstance(one, Intent)}
        begun -= {one.id for one in changes if isinstance(one, Settled | Released)}
        with self._lock:
            self._backlog.apply([Released(id_) for id_ in begun])
        return begun

    def tidy(self) -> None:
        self._ask()

    def _ask(self) -> None:
        assert threading.current_thread() is not threading.main_thread(), "the loop was kept waiting"
        self.threads.add(threading.current_thread().name)
        self._network.passes(self._loop)
        if self._loop.is_closed():
            raise RuntimeError("its run has ended")

    def __getattr__(self, name: str) -> object:
        return getattr(self._backlog, name)
