"""A pace that several runners share, each in a process of its own: together no more than it allows."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.errors import LedgerError
from sendbatch.limits.gates import Gates
from sendbatch.limits.leased import AHEAD, EARLY, LAPSE, STRETCH, LeasedPace, leased_paces
from sendbatch.limits.pace import TOLERANCE
from tests.kit.clock import FakeClock, run_with


@dataclass
class Kept:
    """Where one pace stands, as a database would keep it."""

    clock: FakeClock
    at: float = 0.0
    taken: int = 0
    asked: dict[object, float] = field(default_factory=dict)
    is_away: bool = False

    def lease(
        self, sender: object, interval: float, stretch: float, ahead: float, furthest: float
    ) -> tuple[int, float, int]:
        if self.is_away:
            raise LedgerError("away")
        now = self.clock.now
        self.asked[sender] = now
        parts = sum(now - at <= 1.0 for at in self.asked.values())
        begins = max(self.at, now) if self.at <= now + furthest else now
        if begins > now + ahead:
            return 0, begins - ahead - now, parts
        number = max(1, int(stretch / (interval * parts)))
        self.at = begins + number * interval
        self.taken += number
        return number, begins - now, parts


@dataclass(eq=False)
class Sender:
    """One runner's leases."""

    kept: Kept

    def lease(
        self, limit: str, interval: float, stretch: float, ahead: float, furthest: float
    ) -> tuple[int, float, int]:
        return self.kept.lease(self, interval, stretch, ahead, furthest)


async def send(
    kept: Kept, rate: Rate, went: list[float], until: float, *, begins: float = 0.0, each: float = 0.0
) -> None:
    """As one connection does: one message after the other, which takes `each` seconds."""
    clock, never = kept.clock, asyncio.Event()
    gates = Gates([LeasedPace(rate, "pace", Sender(kept), clock)])
    await clock.wait(never, begins)
    while clock.now < until:
        due = gates.due(clock.now, "")
        if due > clock.now:
            await clock.wait(never, max(due - clock.now, 0.001))
        elif gates.take(clock.now, "", 1):
            went.append(clock.now)
            await clock.wait(never, each)
        else:
            await gates.refill("")
    await gates.give_back()


def together(*runners: dict[str, Any], rate: Rate, until: float) -> list[list[float]]:
    """When the messages of each of these went."""
    went: list[list[float]] = [[] for _ in runners]

    async def all_of_them() -> None:
        kept = Kept(clock)
        async with asyncio.TaskGroup() as group:
            for mine, options in zip(went, runners, strict=True):
                group.create_task(send(kept, rate, mine, until, **options))

    clock = FakeClock()
    run_with(clock, all_of_them())
    return went


def most_in(went: Iterable[float], seconds: float) -> int:
    """The most that went within so many seconds."""
    times = sorted(went)
    return max(bisect_left(times, at + seconds) - index for index, at in enumerate(times))


def test_what_is_leased_is_spent_before_it_lapses() -> None:
    assert AHEAD + STRETCH < LAPSE
    assert EARLY < STRETCH


@pytest.mark.parametrize("runners", [1, 4])
def test_a_rate_over_several_runners_is_kept_within_two_percent_and_never_over(
    runners: int,
) -> None:
    rate, seconds = Rate(200, 1), 6.0
    went = together(*({} for _ in range(runners)), rate=rate, until=seconds)
    number = sum(map(len, went))
    assert 0.98 * 200 * seconds <= number <= 200 * (seconds + TOLERANCE) + 1
    assert most_in(chain.from_iterable(went), 1.0) <= 200 * (1 + 2 * TOLERANCE) + 1
    settled = [sum(at > 2.0 for at in one) for one in went]
    assert max(settled) - min(settled) <= 0.1 * sum(settled) / runners + 2


def test_it_is_smooth_over_all_runners() -> None:
    went = sorted(chain.from_iterable(together({}, {}, {}, {}, rate=Rate(200, 1), until=5.0)))
    settled = [at for at in went if at > 1.5]
    assert most_in(settled, 0.1) <= 20 + 10 + 4
    assert max(after - at for at, after in pairwise(settled)) < 0.05


@pytest.mark.parametrize("rate", [Rate(1, 60), Rate(5, 60), Rate(1, 1)])
def test_where_slots_are_far_apart_three_runners_get_them_in_time(rate: Rate) -> None:
    interval = rate.seconds / rate.count
    went = sorted(chain.from_iterable(together({}, {}, {}, rate=rate, until=20 * interval)))
    assert len(went) in (20, 21)
    assert all(after - at >= interval - TOLERANCE for at, after in pairwise(went))


def test_what_slow_runners_leave_is_for_the_others() -> None:
    went = together({}, {"each": 0.5}, rate=Rate(100, 1), until=8.0)
    assert len(went[1]) <= 17
    assert sum(map(len, went)) >= 0.9 * 800


def test_one_that_comes_gets_its_part_and_one_that_ends_leaves_it() -> None:
    went = together({}, {"begins": 3.0}, rate=Rate(100, 1), until=8.0)
    assert most_in(chain.from_iterable(went), 1.0) <= 100 * (1 + 2 * TOLERANCE) + 1
    later = [sum(at > 5.0 for at in one) for one in went]
    assert abs(later[0] - later[1]) <= 0.1 * sum(later)


def test_what_was_leased_lapses_after_a_second_also_where_the_machine_was_asleep() -> None:
    async def spend() -> list[bool]:
        gates, found = Gates([LeasedPace(Rate(10, 1), "pace", Sender(Kept(clock)), clock)]), []
        for pause in (clock.sleep_through, pass_by):
            while not gates.take(clock.now, "", 1):
                await gates.refill("")
                await clock.wait(asyncio.Event(), gates.due(clock.now, "") - clock.now)
            pause(1.1)
            found.append(gates.take(clock.now, "", 1))
        await gates.give_back()
        return found

    def pass_by(seconds: float) -> None:
        clock.now += seconds

    clock = FakeClock()
    assert run_with(clock, spend()) == [False, False]


def test_where_the_database_is_away_nobody_goes_and_it_is_asked_again_each_second() -> None:
    clock = FakeClock()
    kept, went = Kept(clock, is_away=True), list[float]()

    async def beside() -> None:
        await clock.wait(asyncio.Event(), 5.0)
        kept.is_away = False

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(beside())
            group.create_task(send(kept, Rate(10, 1), went, 8.0))

    run_with(clock, both())
    assert 5.0 <= went[0] <= 6.1
    assert len(went) >= 20


def test_each_pace_has_a_name_of_its_own_and_the_tightest_of_a_kind_counts() -> None:
    clock = FakeClock()
    rates = (Rate(10, 1), Rate(5, 1), Rate(100, 60), Rate(1000, 3600))
    made = leased_paces(rates, "account", Sender(Kept(clock)), clock, "a.example")
    assert [(gate.interval, gate.domain) for gate in made] == [(0.2, "a.example"), (0.6, "a.example")]
    assert made[0].hold("a.example").whom == "a.example"
