"""The runs that send through one account from any machine: who they are, which connections are whose, and
what each of them has learned.

Theory of operation. Each has a row in a register that all of them see. Once a second a thread takes the
register for itself, looks who is alive, and writes down its own row anew: how many of the account's
connections it has, and until when. It takes an equal part, and no more than is free: what another still has
open is that one's. So there are never more than were declared, also while one comes; and who cannot renew
what it has uses it no more: by then others may.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

from sendbatch.errors import LedgerError

LOOK = 1.0  # seconds between two looks
FEW = 20  # runs that look so often; more of them do so more seldom, for one row is theirs together
SOONEST = 0.2  # seconds between two looks where there is news
REMEMBERED = 600.0  # seconds for which what a run has learned is told after it has ended


class Sender(NamedTuple):
    """One run on the account, of this `campaign`: its connections are its own `until` then. Times are those
    of whoever keeps the register."""

    id: str
    campaign: str
    since: float
    until: float
    connections: int
    unbuildable: int = 0
    lessons: str = ""
    learned_at: float = 0.0

    def is_alive(self, now: float, lease: float) -> bool:
        return now < self.until <= now + 2 * lease  # further ahead no run writes it


# A Sender's fields, for who keeps them and knows no more of it.
Fields: TypeAlias = tuple[str, str, float, float, int, int, str, float]


class Register(Protocol):
    """Where the runs on an account stand. Raises LedgerError where that cannot be reached."""

    def meet(
        self,
        id_: str,
        decide: Callable[[Sequence[Fields], float], Fields],
        since: float,
    ) -> None:
        """In one transaction that no other run is in: `decide` is given all that end not longer than `since`
        seconds ago, and the time, and returns the row of this one, which is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Other:
    """Another run, which has learned something so many seconds ago. `is_first`: it was there before this one;
    `is_ours`: it is of the same campaign."""

    id: str
    is_alive: bool
    is_first: bool
    is_ours: bool
    lessons: str
    age: float


@dataclass(frozen=True, slots=True)
class Beside:
    """What there is beside a run, as it was last seen: how many are alive, it included; how many connections
    it may use; who else is there; how many messages they could not build for the same campaign."""

    parts: int = 1
    connections: int = 0
    others: tuple[Other, ...] = ()
    unbuildable: int = 0


@dataclass(frozen=True, slots=True)
class _Here:
    """What this run tells of itself."""

    connections: int = 0  # in use
    unbuildable: int = 0
    lessons: str = ""


class Peers:
    """`declared` connections are for all of them together. `lease` is in seconds, by `onward`, a clock that
    runs on in suspend."""

    def __init__(
        self,
        register: Register,
        id_: str,
        campaign: str,
        declared: int,
        lease: float,
        onward: Callable[[], float],
    ) -> None:
        self._register = register
        self._id, self._campaign, self._declared = id_, campaign, declared
        self._lease, self._onward = lease, onward
        self._here = _Here()
        self._mine: Sender | None = None
        self._beside = Beside()
        self._until = float("-inf")  # by `onward`
        self._news, self._is_over = threading.Event(), threading.Event()

    @contextlib.contextmanager
    def among_them(self) -> Iterator[None]:
        """Be one of them for as long as the block lasts. Raises LedgerError where they cannot be seen."""
        self.look()
        thread = threading.Thread(target=self._keep_looking, name="peers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            self._news.set()
            thread.join(2 * SOONEST)
            if not thread.is_alive():
                with contextlib.suppress(LedgerError):  # then it lapses by itself
                    self._register.meet(self._id, self._left, REMEMBERED)

    def beside(self) -> Beside:
        """As it was last seen: it waits for nobody. Without a connection where what it had has lapsed."""
        if self._onward() < self._until:
            return self._beside
        return replace(self._beside, connections=0)

    def tell(self, connections: int, lessons: str, unbuildable: int) -> None:
        """So many are in use here, or may be at any moment; this was learned; and so many messages could not
        be built."""
        before, self._here = self._here, _Here(connections, unbuildable, lessons)
        if lessons != before.lessons or connections < before.connections:
            self._news.set()

    def look(self) -> None:
        """One look. Raises LedgerError."""
        asked_at = self._onward()
        self._register.meet(self._id, self._decided, REMEMBERED)
        self._until = asked_at + self._lease

    def _keep_looking(self) -> None:
        while not self._is_over.is_set():
            with contextlib.suppress(LedgerError):  # until it can be reached again, or what is had lapses
                self.look()
            self._is_over.wait(SOONEST)
            self._news.wait(max(LOOK, LOOK * self._beside.parts / FEW) - SOONEST)
            self._news.clear()

    def _decided(self, found: Sequence[Fields], now: float) -> Fields:
        here, before = self._here, self._mine
        mine = Sender(
            self._id,
            self._campaign,
            before.since if before is not None else now,
            now + self._lease,
            0,
            here.unbuildable,
            here.lessons,
            before.learned_at if before is not None and before.lessons == here.lessons else now,
        )
        others = [one for one in map(Sender._make, found) if one.id != self._id]
        alive = [one for one in others if one.is_alive(now, self._lease)]
        granted = self._part(mine, alive)
        self._mine = mine._replace(connections=max(granted, here.connections))
        self._beside = Beside(
            1 + len(alive),
            granted,
            tuple(self._seen(one, mine, now) for one in others if one in alive or one.lessons),
            sum(one.unbuildable for one in others if self._is_of_this_run(one, mine)),
        )
        return self._mine

    def _part(self, mine: Sender, alive: Iterable[Sender]) -> int:
        """An equal part of the connections, of those that nobody else has."""
        everyone = sorted([mine, *alive], key=lambda one: (one.since, one.id))
        share, rest = divmod(self._declared, len(everyone))
        wanted = share + (everyone.index(mine) < rest)
        had = sum(one.connections for one in everyone if one is not mine)
        return min(wanted, max(0, self._declared - had))

    def _is_of_this_run(self, one: Sender, mine: Sender) -> bool:
        """Of the campaign's runs of before there may be rows still: those end before this one began."""
        return one.campaign == self._campaign and one.until > mine.since

    def _seen(self, one: Sender, mine: Sender, now: float) -> Other:
        return Other(
            one.id,
            one.is_alive(now, self._lease),
            (one.since, one.id) < (mine.since, mine.id),
            one.campaign == self._campaign,
            one.lessons,
            max(now - one.learned_at, 0.0),
        )

    def _left(self, found: Sequence[Fields], now: float) -> Fields:
        """It ends, and has no connection any more; what it has learned is told a while longer."""
        return Sender._make(self._decided(found, now))._replace(until=now, connections=0)
