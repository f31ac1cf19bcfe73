"""When a run will be done, from its limits alone."""

from __future__ import annotations

from sendbatch.campaign.model import Rate
from sendbatch.limits.forecast import seconds_needed

HOUR, DAY = 3600, 86400


def test_without_limits_nobody_knows_and_nothing_takes_no_time() -> None:
    assert seconds_needed(100, ()) is None
    assert seconds_needed(0, ()) == 0.0
    assert seconds_needed(0, (Rate(1, 1),)) == 0.0


def test_a_smooth_limit_takes_its_time_and_the_tightest_counts() -> None:
    assert seconds_needed(100, (Rate(10, 1),)) == 10
    assert seconds_needed(100, (Rate(10, 1), Rate(60, 60))) == 100


def test_within_a_quota_there_is_no_wait_for_a_window() -> None:
    assert seconds_needed(500, (Rate(500, DAY),)) == 0
    assert seconds_needed(500, (Rate(10, 1), Rate(500, DAY))) == 50


def test_beyond_a_quota_windows_are_waited_for() -> None:
    assert seconds_needed(501, (Rate(500, DAY),)) == DAY
    assert seconds_needed(1500, (Rate(500, DAY),)) == 2 * DAY
    assert seconds_needed(1501, (Rate(500, DAY),)) == 3 * DAY


def test_what_is_used_already_counts() -> None:
    assert seconds_needed(100, (Rate(500, DAY),), lambda rate: 400) == 0
    assert seconds_needed(101, (Rate(500, DAY),), lambda rate: 400) == DAY
    assert seconds_needed(100, (Rate(500, DAY),), lambda rate: 900) == DAY


def test_of_several_quotas_the_one_that_takes_longest_counts() -> None:
    rates = (Rate(100, HOUR), Rate(1000, DAY))
    assert seconds_needed(500, rates) == 4 * HOUR
    assert seconds_needed(1100, rates) == DAY
