"""Several runs on one account: together never more than it allows, from the first second of each."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from sendbatch.campaign.model import Rate
from sendbatch.limits.local_usage import LocalUsage
from sendbatch.limits.sharing import LOOK, NOTICED, wait_for_share
from sendbatch.values import Status
from tests.kit.clock import FakeClock, run_with
from tests.kit.desk import ACCOUNT, Desk, usage_in
from tests.kit.desks import MakeDesk
from tests.kit.office import Visit


def waits(usage: LocalUsage, clock: FakeClock, joined_at: float) -> tuple[float, list[str]]:
    """How long a run that joined then waits, and what it says."""
    said: list[str] = []
    before = clock.now
    run_with(clock, wait_for_share(usage, ACCOUNT, joined_at, clock=clock, notice=said.append))
    return clock.now - before, said


def test_a_run_alone_waits_for_nobody(tmp_path: Path) -> None:
    usage = usage_in(tmp_path)
    with usage.alive(ACCOUNT):
        assert waits(usage, FakeClock(), 0.0) == (0.0, [])


def test_a_run_begins_once_every_other_has_looked() -> None:
    assert NOTICED > LOOK


def test_a_run_that_is_not_alone_waits_until_it_was_seen(tmp_path: Path) -> None:
    usage, clock = usage_in(tmp_path), FakeClock()
    with usage.alive(ACCOUNT), usage.alive(ACCOUNT):
        waited, said = waits(usage, clock, clock.now)
        assert waited == NOTICED
        assert "another run sends through this account" in said[0]
        assert waits(usage, clock, clock.now - 4.0)[0] == NOTICED - 4.0
        assert waits(usage, clock, clock.now - 60.0) == (0.0, [])


def test_while_another_run_is_there_a_run_keeps_to_its_part_of_rate_and_connections(
    desk: MakeDesk, tmp_path: Path
) -> None:
    at: list[float] = []
    open_then: dict[int, int] = {}

    def taken(visit: Visit) -> None:
        at.append(run.clock.now)
        open_then[int(run.clock.now)] = run.office.open_now

    async def another(run: Desk) -> None:
        with ExitStack() as both:
            both.enter_context(run.usage.alive(ACCOUNT))
            await run.clock.wait(asyncio.Event(), 6)
            with run.usage.alive(ACCOUNT):
                await run.clock.wait(asyncio.Event(), 14)
            await run.clock.wait(asyncio.Event(), 1000)

    run = desk(
        260,
        rates=(Rate(10, 1),),
        connections=6,
        usage=usage_in(tmp_path),
        beside=another,
        on_dot=taken,
    )
    run.send()
    assert run.totals() == {Status.ACCEPTED: 260}
    a_second = Counter(int(moment) for moment in at)
    assert all(9 <= a_second[second] <= 11 for second in range(1, 6))
    assert all(a_second[second] <= 6 for second in range(6 + int(NOTICED), 19))
    assert all(open_then[second] <= 3 for second in range(6 + int(NOTICED), 19))
    assert all(7 <= a_second[second] <= 11 for second in range(26, 30))


def test_an_idle_connection_too_many_is_left_as_soon_as_another_run_is_seen(
    desk: MakeDesk, tmp_path: Path
) -> None:
    seen: list[int] = []

    def dot(visit: Visit) -> str | None:
        return "451 later" if run.office.asked[visit.recipient] == 1 else None

    async def another(run: Desk) -> None:
        with run.usage.alive(ACCOUNT):
            await run.clock.wait(asyncio.Event(), 3)
            with run.usage.alive(ACCOUNT):
                await run.clock.wait(asyncio.Event(), NOTICED)
                seen.append(run.office.open_now)
                await run.clock.wait(asyncio.Event(), 1000)

    run = desk(60, connections=6, usage=usage_in(tmp_path), beside=another, dot=dot)
    run.send()
    assert run.office.most_open > 3
    assert seen[0] <= 3
