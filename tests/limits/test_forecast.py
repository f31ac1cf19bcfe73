"""When a run will be done, from its limits alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendbatch.campaign.model import Rate
from tests.kit.desk import usage_in
from tests.kit.limits import ACCOUNT, limits

HOUR, DAY = 3600, 86400
NOW = 1_800_000_000.0


def seconds_needed(messages: int, rates: tuple[Rate, ...]) -> float | None:
    return limits(*rates).gates.forecast(messages, NOW)


def test_without_limits_nobody_knows_and_nothing_takes_no_time() -> None:
    assert seconds_needed(100, ()) is None
    assert seconds_needed(0, ()) == 0.0
    assert seconds_needed(0, (Rate(1, 1),)) == 0.0


def test_a_smooth_limit_takes_its_time_and_the_tightest_counts() -> None:
    assert seconds_needed(100, (Rate(10, 1),)) == 10
    assert seconds_needed(100, (Rate(10, 1), Rate(60, 60))) == 100
    assert seconds_needed(100, (Rate(60, 60), Rate(10, 1))) == 100


def test_within_a_quota_there_is_no_wait_for_a_window() -> None:
    assert seconds_needed(500, (Rate(500, DAY),)) == 0
    assert seconds_needed(500, (Rate(10, 1), Rate(500, DAY))) == 50


def test_beyond_a_quota_windows_are_waited_for() -> None:
    assert seconds_needed(501, (Rate(500, DAY),)) == DAY
    assert seconds_needed(1500, (Rate(500, DAY),)) == 2 * DAY
    assert seconds_needed(1501, (Rate(500, DAY),)) == 3 * DAY


@pytest.mark.parametrize(("messages", "used", "seconds"), [(100, 400, 0), (101, 400, DAY)])
def test_what_is_used_already_counts(
    messages: int, used: int, seconds: float, tmp_path: Path
) -> None:
    usage = usage_in(tmp_path)
    usage.take(ACCOUNT, (), used, NOW - 10)
    gates = limits(Rate(500, DAY), usage=usage).gates
    assert gates.forecast(messages, NOW) == seconds


def test_an_account_over_its_quota_waits_for_a_window(tmp_path: Path) -> None:
    usage = usage_in(tmp_path)
    usage.take(ACCOUNT, (), 900, NOW - 10)
    assert limits(Rate(500, DAY), usage=usage).gates.forecast(100, NOW) == DAY


def test_of_several_quotas_the_one_that_takes_longest_counts() -> None:
    rates = (Rate(100, HOUR), Rate(1000, DAY))
    assert seconds_needed(500, rates) == 4 * HOUR
    assert seconds_needed(1100, rates) == DAY


def test_limits_of_a_domain_are_left_out_for_nobody_knows_how_many_are_there() -> None:
    own = {"slow.example": (Rate(1, 60), Rate(5, DAY))}
    assert limits(domains=own).gates.forecast(100, NOW) is None
    assert limits(Rate(10, 1), domains=own).gates.forecast(100, NOW) == 10
