"""Limits per hour and day, with a real file of what was used."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.limits.gates import ANY_TIME, Gates
from sendbatch.limits.local_usage import LocalUsage
from sendbatch.limits.quota import quotas_of
from sendbatch.limits.usage import Account
from tests.kit.clock import FakeClock
from tests.kit.desk import usage_in
from tests.kit.limits import limits

HOUR, DAY, MONTH = 3600, 86400, 30 * 86400


@pytest.fixture
def usage(tmp_path: Path) -> LocalUsage:
    return usage_in(tmp_path)


def quotas(usage: LocalUsage | None, *rates: Rate, clock: FakeClock, **domains: Rate) -> Gates:
    own = {f"{name}.example": (rate,) for name, rate in domains.items()}
    return limits(*rates, domains=own, usage=usage, account=ACCOUNT, clock=clock).gates


ACCOUNT = Account("mail.example", "ada")


async def spend(quotas: Gates, most: int, domain: str = "other.example") -> int:
    """How many could be spent until a block was refused."""
    for spent in range(most):
        if not quotas.take(0.0, domain, spent):
            await quotas.refill(domain)
            if not quotas.take(0.0, domain, spent):
                return spent
    return most


async def fetched() -> None:
    """Until the block that is taken ahead is there."""
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})


def test_limits_over_an_hour_and_more_are_quotas() -> None:
    kept = (Rate(3, HOUR), Rate(4, DAY), Rate(5, MONTH))
    assert quotas_of((Rate(1, 1), Rate(2, 60), Rate(50, 300), *kept)) == kept


def test_a_month_is_thirty_days_and_remembered_as_long(usage: LocalUsage) -> None:
    clock, rate = FakeClock(), Rate(20, MONTH)
    assert asyncio.run(spend(quotas(usage, rate, clock=clock), 50)) == 20
    for day in range(1, 60):
        clock.sleep_through(DAY + 1)
        left = asyncio.run(spend(quotas(usage, rate, clock=clock), 50))
        assert left == (20 if day == 30 else 0), day


def test_where_mail_is_kept_nothing_is_counted() -> None:
    kept = quotas(None, Rate(1, HOUR), clock=FakeClock())
    assert all(kept.take(0.0, "a.example", 1) for _ in range(50))
    asyncio.run(kept.give_back())


def test_a_quota_is_taken_in_blocks_of_a_hundredth(usage: LocalUsage) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(5000, DAY), clock=clock)
    assert not some.take(0.0, "a.example", 1)
    asyncio.run(some.refill("a.example"))
    assert usage.used(ACCOUNT, DAY, clock.wall()) == 50
    assert asyncio.run(spend(some, 9)) == 9
    assert usage.used(ACCOUNT, DAY, clock.wall()) == 50


def test_the_next_block_is_there_before_one_is_used_up_and_what_is_left_goes_back(
    usage: LocalUsage,
) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(50_000, DAY), clock=clock)

    async def run() -> list[bool]:
        assert await spend(some, 60) == 60  # a block is a hundred; forty are left of it
        await fetched()
        assert usage.used(ACCOUNT, DAY, clock.wall()) == 200
        at_once = [some.take(0.0, "a.example", 1) for _ in range(70)]
        await some.give_back()
        return at_once

    assert asyncio.run(run()) == [True] * 70
    assert usage.used(ACCOUNT, DAY, clock.wall()) == 130


def test_a_block_taken_ahead_and_not_begun_is_given_back(usage: LocalUsage) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(50_000, DAY), clock=clock)

    async def run() -> None:
        assert await spend(some, 60) == 60
        await some.give_back()  # once what is under way is there

    asyncio.run(run())
    assert usage.used(ACCOUNT, DAY, clock.wall()) == 60


@pytest.mark.parametrize(("quota", "block"), [(10, 1), (99, 1), (200, 2), (50_000, 100)])
def test_a_block_is_at_least_one_and_at_most_a_hundred(
    usage: LocalUsage, quota: int, block: int
) -> None:
    clock = FakeClock()
    asyncio.run(quotas(usage, Rate(quota, DAY), clock=clock).refill("a.example"))
    assert usage.used(ACCOUNT, DAY, clock.wall()) == block


def test_use_is_counted_where_there_is_no_quota(usage: LocalUsage) -> None:
    """So that one declared tomorrow knows of today."""
    clock = FakeClock()
    free = quotas(usage, clock=clock)
    assert asyncio.run(spend(free, 250)) == 250
    asyncio.run(free.give_back())
    assert usage.used(ACCOUNT, DAY, clock.wall()) == 250


def test_a_quota_used_up_blocks_until_the_window_has_passed(usage: LocalUsage) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(10, HOUR), clock=clock)
    assert some.due(clock.steady(), "a.example") == ANY_TIME
    assert asyncio.run(spend(some, 99)) == 10
    until = some.due(clock.steady(), "a.example")
    assert HOUR <= until <= HOUR + 2 * HOUR / 60
    clock.now = until
    assert asyncio.run(spend(some, 99)) == 10


def test_a_crash_counts_too_much_and_never_too_little(usage: LocalUsage) -> None:
    clock = FakeClock()
    asyncio.run(spend(quotas(usage, Rate(1000, HOUR), clock=clock), 3))
    assert asyncio.run(spend(quotas(usage, Rate(1000, HOUR), clock=clock), 2000)) == 990


def test_what_is_left_of_a_block_is_given_back(usage: LocalUsage) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(1000, HOUR), Rate(5000, DAY), clock=clock)
    assert asyncio.run(spend(some, 13)) == 13
    asyncio.run(some.give_back())
    asyncio.run(some.give_back())  # once
    assert usage.used(ACCOUNT, HOUR, clock.wall()) == 13
    assert usage.used(ACCOUNT, DAY, clock.wall()) == 13


def test_a_block_kept_over_a_sleep_goes_back_and_no_hour_holds_more(usage: LocalUsage) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(1000, HOUR), clock=clock)
    assert asyncio.run(spend(some, 5)) == 5  # five are left of a block of ten
    clock.sleep_through(HOUR + 120)
    assert usage.used(ACCOUNT, HOUR, clock.wall()) == 0
    assert asyncio.run(spend(some, 2000)) == 1000


def test_where_messages_are_far_apart_each_counts_from_its_own_time(usage: LocalUsage) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(1000, HOUR), clock=clock)

    async def slowly() -> None:
        for _ in range(10):
            assert await spend(some, 1) == 1
            clock.now += 60

    asyncio.run(slowly())
    clock.now += HOUR - 5 * 60
    assert usage.used(ACCOUNT, HOUR, clock.wall()) <= 5 + 10
    asyncio.run(some.give_back())
    assert usage.used(ACCOUNT, HOUR, clock.wall()) == 5


def test_a_block_taken_ahead_lapses_too(usage: LocalUsage) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(50_000, DAY), clock=clock)

    async def run() -> None:
        assert await spend(some, 60) == 60
        await fetched()
        assert usage.used(ACCOUNT, DAY, clock.wall()) == 200
        clock.sleep_through(2 * DAY)
        assert await spend(some, 1) == 1
        assert usage.used(ACCOUNT, DAY, clock.wall()) == 100
        await some.give_back()

    asyncio.run(run())
    assert usage.used(ACCOUNT, DAY, clock.wall()) == 1


def test_what_is_left_of_a_block_after_the_clock_was_set_back_is_not_spent(
    usage: LocalUsage,
) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(1000, HOUR), clock=clock)
    assert asyncio.run(spend(some, 5)) == 5
    clock.sleep_through(-7200)
    assert not some.take(0.0, "a.example", 1)


def test_two_campaigns_on_one_account_share_its_quota(usage: LocalUsage) -> None:
    clock = FakeClock()
    one, other = (quotas(usage, Rate(10, HOUR), clock=clock) for _ in range(2))
    assert asyncio.run(spend(one, 7)) == 7
    assert asyncio.run(spend(other, 99)) == 3


def test_the_quota_of_a_domain_holds_that_domain_alone(usage: LocalUsage) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(20, HOUR), clock=clock, slow=Rate(5, HOUR))
    assert asyncio.run(spend(some, 99, "slow.example")) == 5
    assert some.due(clock.steady(), "slow.example") > HOUR
    assert some.due(clock.steady(), "fast.example") == ANY_TIME
    assert asyncio.run(spend(some, 99, "fast.example")) == 15
    assert some.due(clock.steady(), "fast.example") > HOUR


def test_a_quota_of_the_account_holds_every_domain(usage: LocalUsage) -> None:
    clock = FakeClock()
    some = quotas(usage, Rate(3, HOUR), clock=clock, slow=Rate(50, HOUR))
    assert asyncio.run(spend(some, 99, "fast.example")) == 3
    assert asyncio.run(spend(some, 99, "slow.example")) == 0
    assert some.due(clock.steady(), "slow.example") == some.due(clock.steady(), "fast.example")
