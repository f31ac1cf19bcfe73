"""The queue of messages that are ready to go, bounded in number and bytes.

First in, first out, with a lane of its own for each recipient domain that has limits: where these
hold a lane back, the others pass it. A released message goes back to the front of its lane.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from typing import NamedTuple, TypeAlias

from sendbatch.limits.gates import EVERYBODY, NEVER
from sendbatch.values import Message, Recipient, Status

MOST_MESSAGES = 512  # in a lane
MOST_BYTES = 64 * 1024 * 1024  # in all lanes, in equal parts
OTHERS = EVERYBODY  # the lane of all domains without limits of their own

# When the next message of a lane may go, asked at this steady time.
Due: TypeAlias = Callable[[float, str], float]


class Ready(NamedTuple):
    """One recipient with the message built for it; `domain` is the address's, as A-labels."""

    recipient: Recipient
    message: Message
    domain: str


class Queue:
    """Ready messages in order.

    `filled` wakes the senders: something was added, or nothing will be any more. `drained` wakes the
    feed, which alone clears it: a full lane has room again, or something was settled that it may wait
    for. `over` ends pauses: nothing waits here any more, and nothing will be added.
    """

    def __init__(self, limited: Collection[str] = ()) -> None:
        most_bytes = MOST_BYTES // (1 + len(limited))
        self._lanes = {lane: _Lane(most_bytes) for lane in (OTHERS, *limited)}
        self._arrivals = 0
        self.length = 0  # how many wait
        self.filled = asyncio.Event()
        self.drained = asyncio.Event()
        self.over = asyncio.Event()
        self.closed = False  # nothing will be added any more

    @property
    def lanes(self) -> tuple[str, ...]:
        """The domains with limits of their own, and OTHERS before them."""
        return tuple(self._lanes)

    def has_room(self, lane: str = OTHERS) -> bool:
        return self._lanes[lane].has_room

    def has_fewer(self, number: int, lane: str) -> bool:
        """Whether fewer than so many wait in this lane, and there is room for more."""
        found = self._lanes[lane]
        return len(found.waiting) < number and found.has_room

    def split(self, domain: str) -> None:
        """Give this domain a lane of its own from now on; whoever waits for it moves there, in order."""
        if domain in self._lanes:
            return
        before = self._lanes[OTHERS]
        own, others = _Lane(before.most_bytes), _Lane(before.most_bytes)
        for place, ready in before.waiting:
            (own if ready.domain == domain else others).add(place, ready)
        self._lanes |= {OTHERS: others, domain: own}

    @property
    def has_tried(self) -> bool:
        """Whether one waits that was deferred before."""
        return any(lane.first_tried() for lane in self._lanes.values())

    def waiting(self, lanes: Collection[str]) -> int:
        """How many wait in these lanes."""
        return sum(len(self._lanes[lane].waiting) for lane in lanes if lane in self._lanes)

    def add(self, ready: Ready, *, first: bool = False) -> None:
        lane = self._lanes.get(ready.domain) or self._lanes[OTHERS]
        self._arrivals += 1
        lane.add(0 if first else self._arrivals, ready, first=first)
        self.length += 1
        self.over.clear()
        self.filled.set()

    def take(
        self, due: Due, now: float, *, ahead: float = 0.0, tried_first: bool = False
    ) -> Ready | None:
        """The first message whose lane may go now, or in so many seconds. With `tried_first`, one that was
        deferred before, if there is any: a server that greylists takes those."""
        found: _Lane | None = None
        first: tuple[int, Ready] | None = None
        by = now + ahead
        for name, lane in self._lanes.items():
            if lane.waiting and due(now, name) <= by:
                head = (lane.first_tried() if tried_first else None) or lane.waiting[0]
                if first is None or head[0] < first[0]:
                    found, first = lane, head
        if found is None or first is None:
            return None
        ready = first[1]
        had_room = found.has_room
        found.remove(ready)
        self.length -= 1
        if found.has_room and not had_room:
            self.drained.set()
        if self.closed:
            self._end()
        return ready

    def drop(self, ids: Collection[int]) -> set[int]:
        """These wait no more, and are not sent to. Returns whom of them there were."""
        dropped: set[int] = set()
        for lane in self._lanes.values():
            had_room = lane.has_room
            dropped |= lane.drop(ids)
            if lane.has_room and not had_room:
                self.drained.set()
        self.length -= len(dropped)
        self._end()
        return dropped

    def withdraw(self) -> None:
        """Nobody waits any more: whoever did is given to the queue anew when their turn comes."""
        self._lanes = {name: _Lane(lane.most_bytes) for name, lane in self._lanes.items()}
        self.length = 0
        self._end()

    def earliest(self, due: Due, now: float) -> float:
        """When the first of the waiting may go; `now` if one may already."""
        soonest = NEVER
        for name, lane in self._lanes.items():
            if lane.waiting and (at := due(now, name)) < soonest:
                soonest = at
        return soonest if soonest > now else now

    def first_due(self, due: Due, now: float) -> str:
        """The lane of which somebody may go first."""
        waiting = (name for name, lane in self._lanes.items() if lane.waiting)
        return min(waiting, key=lambda name: due(now, name))

    def wake_all(self) -> None:
        """The run is asked to stop: nobody need wait for anything."""
        self.filled.set()
        self.drained.set()
        self.over.set()

    def close(self) -> None:
        self.closed = True
        self.filled.set()
        self._end()

    def _end(self) -> None:
        if self.closed and not self.length:
            self.over.set()


class _Lane:
    """The waiting with the order of their arrival, and whether there is room for more."""

    def __init__(self, most_bytes: int) -> None:
        self.waiting: deque[tuple[int, Ready]] = deque()
        self.most_bytes = most_bytes
        self.has_room = True
        self._bytes = 0

    def add(self, place: int, ready: Ready, *, first: bool = False) -> None:
        waiting = self.waiting
        if first:
            waiting.appendleft((place, ready))
        else:
            waiting.append((place, ready))
        self._bytes += len(ready.message.data)
        self.has_room = self._bytes < self.most_bytes and len(waiting) < MOST_MESSAGES

    def first_tried(self) -> tuple[int, Ready] | None:
        """The first that was deferred before, as if it stood before all others."""
        for _, ready in self.waiting:
            if ready.recipient.status is Status.DEFERRED:
                return 0, ready
        return None

    def remove(self, ready: Ready) -> None:
        waiting = self.waiting
        if waiting[0][1] is ready:  # as nearly always
            waiting.popleft()
        else:
            del waiting[[one is ready for _, one in waiting].index(True)]
        self._bytes -= len(ready.message.data)
        self.has_room = self._bytes < self.most_bytes and len(waiting) < MOST_MESSAGES

    def drop(self, ids: Collection[int]) -> set[int]:
        dropped = [ready for _, ready in self.waiting if ready.recipient.id in ids]
        for ready in dropped:
            self.remove(ready)
        return {ready.recipient.id for ready in dropped}
