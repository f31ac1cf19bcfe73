"""Whatever happens between runs and a record that another machine keeps, and whoever else sends from it:
nobody gets a message twice, nobody is lost, and whoever may have it is known for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.model import Retry
from sendbatch.delivery.untold import Unwritten
from sendbatch.errors import RecordStopped
from sendbatch.ledger.store import Backlog
from sendbatch.smtp.levels import BEHIND, Levels
from sendbatch.values import Status
from tests.delivery.test_composing import Planned
from tests.kit.clock import IdleLoop
from tests.kit.desk import Desk, addresses, plan
from tests.kit.far import Far, Network
from tests.kit.memory.record import MemoryRecord
from tests.kit.office import Office, Visit
from tests.kit.thoroughness import examples

OFFLINE = 40.0


@dataclass(frozen=True)
class Event:
    """At so many seconds of a run, or at so many messages; `share` is whose, `seconds` for how long."""

    what: str
    at: float
    share: int = 0
    seconds: float = 1.0


@dataclass(frozen=True)
class Life:
    """Of one run."""

    events: tuple[Event, ...] = ()
    loses: frozenset[int] = frozenset()
    takes: float = 0.0
    connections: int = 2
    behind: str = ""
    composes: bool = True


@dataclass
class World:
    """What outlives a run: the record, and what the server was given."""

    salt: int
    people: list[str]
    ledger: MemoryRecord = field(default_factory=MemoryRecord)
    got: Counter[str] = field(default_factory=Counter)
    elsewhere: set[str] = field(default_factory=set)  # another runner has sent to them

    def __post_init__(self) -> None:
        plan(self.ledger, self.people)
        self.ids = {one.email: one.id for one in self.ledger.reading.entries()}

    def mood(self, email: str, times: int) -> str | None:
        number = crc32(f"{self.salt}{email}".encode()) % 10
        if number == 0:
            return "550 5.1.1 no such user"
        if number == 1 and times < 2:
            return "450 4.2.1 busy"
        return "421 4.7.0 enough" if number == 2 and times < 2 else None

    def live(self, life: Life) -> None:
        office = Office(pipelining=life.behind)
        run = Desk(
            self.ledger, office, connections=life.connections, retry=Retry(3, 5, 20, OFFLINE),
            composer=Planned() if life.composes else None, levels=Levels(BEHIND if life.behind else None),
        )  # fmt: skip
        network = Network(
            run.clock, run.stop, life.takes, OFFLINE, loses=lambda number: number in life.loses
        )
        stores: list[Far] = []

        def through(backlog: Backlog) -> Far:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, IdleLoop)
            stores.append(Far(backlog, self.ledger.reading, loop, network))
            return stores[-1]

        async def happen(run: Desk) -> None:
            engine = next(one for one in asyncio.all_tasks() if _name(one) == "_send")
            for event in sorted(life.events, key=lambda one: one.at):
                await run.clock.wait(asyncio.Event(), event.at - run.clock.now)
                self._happens(event, run, stores[0], network, engine)

        def on_dot(visit: Visit) -> None:
            self.got[visit.recipient] += 1

        office.on_dot = on_dot
        office.rcpt = lambda visit: self.mood(visit.recipient, office.asked[visit.recipient])
        run.through, run.beside = through, happen
        stopped: RecordStopped | None = None
        try:
            with suppress(asyncio.CancelledError):
                run.send()
        except RecordStopped as error:
            stopped = error
        self._look(stopped)

    def _happens(
        self, event: Event, run: Desk, store: Far, network: Network, engine: asyncio.Task[object]
    ) -> None:
        ids = {id_ for number, id_ in enumerate(self.ids.values()) if number % 4 == event.share}
        match event.what:
            case "cut":
                network.cut(event.seconds)
            case "taken":
                store.take_away(ids)
            case "free":
                store.come_free(store.elsewhere - store.sent_elsewhere)
            case "sent":
                sent = store.send_elsewhere(ids)
                self.elsewhere.update(email for email, id_ in self.ids.items() if id_ in sent)
            case "soon":
                run.stop.soon()
            case "now":
                run.stop.now()
            case "dies":
                engine.cancel()

    def _look(self, stopped: RecordStopped | None) -> None:
        """The record, as the run has left it."""
        stand = {one.email: one.status for one in self.ledger.reading.entries()}
        for email, times in self.got.items():
            assert times + (email in self.elsewhere) == 1, f"{email} got it twice"
            assert stand[email] in (Status.ACCEPTED, Status.SENDING, Status.IN_DOUBT), email
        accepted = {email for email, status in stand.items() if status is Status.ACCEPTED}
        assert accepted <= set(self.got) | self.elsewhere
        if isinstance(stopped, Unwritten):
            told = {one.recipient.email: one.ended for one in stopped.doubts}
            left = {email for email, status in stand.items() if status is Status.SENDING}
            assert left <= set(told)
            assert {email for email, ended in told.items() if ended is Status.ACCEPTED} <= set(self.got)
            assert not {email for email, ended in told.items() if ended is Status.PENDING} & set(self.got)


def _name(task: asyncio.Task[object]) -> str:
    return getattr(task.get_coro(), "__name__", "")


events = st.builds(
    Event,
    what=st.sampled_from(("cut", "cut", "taken", "free", "sent", "soon", "now", "dies")),
    at=st.sampled_from((0.0, 0.1, 0.5, 1.0, 3.0, 12.0, 30.0)),
    share=st.integers(0, 3),
    seconds=st.sampled_from((0.5, 3.0, 20.0, 60.0)),
)
lives = st.builds(
    Life,
    events=st.lists(events, max_size=5).map(tuple),
    loses=st.frozensets(st.integers(0, 12), max_size=4),
    takes=st.sampled_from((0.0, 0.05, 0.4)),
    connections=st.integers(1, 4),
    behind=st.sampled_from(("", "taken", "refused")),
    composes=st.booleans(),
)
# a block that is held for ever by nobody would be waited for as long
FREED = Event("free", 60.0)


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 1000), st.integers(1, 24), st.lists(lives, min_size=1, max_size=3))
def test_nobody_gets_it_twice_and_nobody_is_lost(
    salt: int, people: int, before: list[Life]
) -> None:
    world = World(salt, addresses(people))
    for life in before:
        world.live(Life(**{**life.__dict__, "events": (*life.events, FREED)}))
    world.live(Life())
    done = (Status.ACCEPTED, Status.REJECTED, Status.IN_DOUBT, Status.DEFERRED)
    assert all(one.status in done for one in world.ledger.reading.entries())
