"""Whatever happens to announcements, and whenever a run dies: nobody is sent to unseen, twice, or lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from unittest.mock import patch
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.model import Rate, Retry
from sendbatch.delivery import blocks
from sendbatch.errors import AnotherRun, RecordStopped
from sendbatch.values import Status
from tests.kit.desk import Desk, addresses, plan
from tests.kit.memory.announcing import Others
from tests.kit.memory.record import MemoryRecord
from tests.kit.office import Office, Visit
from tests.kit.thoroughness import examples

MOST = 7
DONE = (Status.ACCEPTED, Status.REJECTED, Status.IN_DOUBT)


@dataclass(frozen=True)
class Fate:
    """Of one announcement: how long it takes, and whether others hear of it, or the run of that."""

    seconds: float
    before: type[RecordStopped] | None = None
    after: type[RecordStopped] | None = None


@dataclass(frozen=True)
class Life:
    """Of one run: the fate of each announcement, and when its machine is gone or a person ends it."""

    fates: tuple[Fate, ...] = ()
    dies_at: float | None = None
    ends_at: float | None = None
    connections: int = 2
    rate: int = 0
    delay: float = 30  # seconds until one who was put off is due again
    behind: str = ""


@dataclass
class World:
    """What outlives a run: the server's mail, and what others know of everybody."""

    salt: int
    people: list[str]
    got: Counter[str] = field(default_factory=Counter)
    known: dict[str, Status] = field(default_factory=dict)

    def mood(self, email: str, times: int) -> str | None:
        """Some are refused, for now or for good, and some connections end."""
        number = crc32(f"{self.salt}{email}".encode()) % 10
        if number == 0:
            return "550 5.1.1 no such user"
        if number == 1 and times < 2:
            return "450 4.2.1 busy"
        return "421 4.7.0 enough" if number == 2 and times < 2 else None

    def live(self, life: Life) -> None:
        """One run, on a machine that knows what others know."""
        left = [email for email in self.people if self.known.get(email) not in DONE]
        if not left:
            return
        ledger = MemoryRecord()
        plan(ledger, left)
        office = Office(pipelining=life.behind)
        run = Desk(ledger, office, connections=life.connections, retry=Retry(3, life.delay, 60, 120))
        run.rates = (Rate(life.rate, 1),) if life.rate else ()
        others = Others(ledger, run.clock)
        run.through = others.through

        def on_dot(visit: Visit) -> None:
            self.got[visit.recipient] += 1

        def rcpt(visit: Visit) -> str | None:
            others.envelope(visit)
            return self.mood(visit.recipient, office.asked[visit.recipient])

        async def ends(run: Desk) -> None:
            engine = next(one for one in asyncio.all_tasks() if _name(one) == "_send")
            if life.ends_at is not None:
                await run.clock.wait(asyncio.Event(), life.ends_at)
                run.stop.soon("enough")
            if life.dies_at is not None:
                await run.clock.wait(asyncio.Event(), life.dies_at)
                engine.cancel()

        def fate(number: int) -> Fate:
            return life.fates[number] if number < len(life.fates) else Fate(1)

        async def before(number: int) -> None:
            await run.clock.wait(asyncio.Event(), fate(number).seconds)
            if (error := fate(number).before) is not None:
                raise error("the repository is not there")

        def after(number: int) -> Awaitable[None] | None:
            if (error := fate(number).after) is not None:
                raise error("the repository was there, and its answer is lost")
            return None

        office.on_dot, office.rcpt, run.beside = on_dot, rcpt, ends
        others.on_push, others.after_push = before, after
        with suppress(asyncio.CancelledError, RecordStopped):
            run.send()
        self.learn(others)
        assert others.unannounced == []
        assert all(len(push.block) <= MOST for push in others.pushes)

    def learn(self, others: Others) -> None:
        """What stands where others see it, when the machine is gone."""
        for id_, status in others.outcomes.items():
            (email,) = others.emails([id_])
            self.known[email] = status
        for email in others.emails(others.sending):
            self.known[email] = Status.IN_DOUBT
        for email, times in self.got.items():
            assert times == 1, f"{email} got it {times} times"
            assert self.known.get(email) in (Status.ACCEPTED, Status.IN_DOUBT), email
        accepted = {email for email, status in self.known.items() if status is Status.ACCEPTED}
        assert accepted <= set(self.got)


def _name(task: asyncio.Task[object]) -> str:
    return getattr(task.get_coro(), "__name__", "")


seconds = st.sampled_from((0.0, 1.0, 2.0, 14.0, 40.0, 400.0))
errors = st.sampled_from((None, None, None, RecordStopped, AnotherRun))
lives = st.builds(
    Life,
    fates=st.lists(st.builds(Fate, seconds, errors, errors), max_size=4).map(tuple),
    dies_at=st.none() | st.floats(0, 60),
    ends_at=st.none() | st.floats(0, 30),
    connections=st.integers(1, 4),
    rate=st.sampled_from((0, 1, 5)),
    delay=st.sampled_from((0.5, 2, 30)),
    behind=st.sampled_from(("", "taken", "refused")),
)


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 1000), st.integers(1, 24), st.lists(lives, max_size=3))
def test_nobody_is_sent_to_unseen_or_twice_and_nobody_is_lost(
    salt: int, people: int, before: list[Life]
) -> None:
    world = World(salt, addresses(people))
    with patch.object(blocks, "MOST", MOST):
        for life in before:
            world.live(life)
        world.live(Life())
    assert set(world.known) == set(world.people)
    assert all(status in (*DONE, Status.DEFERRED) for status in world.known.values())
