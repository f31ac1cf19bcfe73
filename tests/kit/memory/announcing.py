"""What other machines see of a run over a store that announces: a remote that is slow, away, or another's.

`Others.through` puts it before the backlog of a desk. What others see changes in one step, in the middle of
an announcement; whether the run hears of it, the test says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from sendbatch.ledger.store import Backlog, Record
from sendbatch.values import Status
from tests.kit.clock import FakeClock
from tests.kit.server import Visit


@dataclass(frozen=True, slots=True)
class Push:
    """At this second of the run others saw this block, and learned what had become of those before."""

    at: float
    block: frozenset[int]
    outcomes: dict[int, Status]


@dataclass
class Others:
    """`on_push(number)` is awaited before others see anything of that push, from 0, `after_push` behind it:
    either may raise, or take its time. `takes` is how many seconds each takes by itself."""

    ledger: Record
    clock: FakeClock
    takes: float = 2.0
    on_push: Callable[[int], Awaitable[None] | None] = lambda number: None
    after_push: Callable[[int], Awaitable[None] | None] = lambda number: None
    pushes: list[Push] = field(default_factory=list)
    asked: int = 0  # announcements that were begun
    sending: frozenset[int] = frozenset()  # whom others see as being sent to
    outcomes: dict[int, Status] = field(default_factory=dict)  # as others see them
    unannounced: list[str] = field(default_factory=list)  # who got an envelope nevertheless

    def through(self, backlog: Backlog) -> Backlog:
        return _Announcing(backlog, self)  # type: ignore[return-value]

    async def announce(self, block: Collection[int]) -> None:
        number, self.asked = self.asked, self.asked + 1
        known = self.sending | set(self.outcomes)
        found = {one.id: one.status for one in self.ledger.reading.entries() if one.id in known}
        if (waited := self.on_push(number)) is not None:
            await waited
        await self.clock.wait(asyncio.Event(), self.takes / 2)
        self.sending = frozenset(block)
        self.outcomes = {id_: status for id_, status in found.items() if id_ not in self.sending}
        self.pushes.append(Push(self.clock.now, self.sending, dict(self.outcomes)))
        await self.clock.wait(asyncio.Event(), self.takes / 2)
        if (waited := self.after_push(number)) is not None:
            await waited

    def envelope(self, visit: Visit) -> None:
        """The office's answer to an envelope: none may come of somebody whom others do not see."""
        if visit.recipient not in self.emails(self.sending):
            self.unannounced.append(visit.recipient)

    def emails(self, ids: Collection[int]) -> set[str]:
        return {self._emails[id_] for id_ in ids}

    @property
    def _emails(self) -> dict[int, str]:
        if not hasattr(self, "_by_id"):
            self._by_id = {one.id: one.email for one in self.ledger.reading.entries()}
        return self._by_id

    def told(self, status: Status) -> set[str]:
        """Who stands so, as others see it."""
        return self.emails([id_ for id_, found in self.outcomes.items() if found is status])


class _Announcing:
    announces = True

    def __init__(self, backlog: Backlog, others: Others) -> None:
        self._backlog, self._others = backlog, others

    async def announce(self, block: Collection[int]) -> None:
        await self._others.announce(block)

    def __getattr__(self, name: str) -> object:
        return getattr(self._backlog, name)
