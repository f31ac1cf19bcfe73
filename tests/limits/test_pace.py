"""Limits per second and minute, over a clock that is a number."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Rate
from sendbatch.limits.pace import TOLERANCE
from tests.kit.limits import limits, slots


def test_a_rate_is_smooth() -> None:
    went = slots(limits(Rate(10, 1)).gates, 100)
    assert went[1] == pytest.approx(0.1 - TOLERANCE)
    assert [b - a for a, b in pairwise(went[1:])] == pytest.approx([0.1] * 98)


def test_a_rate_per_minute_is_spread_over_the_minute() -> None:
    went = slots(limits(Rate(30, 60)).gates, 31)
    assert went[30] == pytest.approx(60.0 - TOLERANCE)


def test_the_first_message_goes_at_once_and_without_limits_all_do() -> None:
    assert slots(limits(Rate(1, 60)).gates, 1, start=5.0) == [5.0]
    assert slots(limits().gates, 1000, start=5.0) == [5.0] * 1000


def test_a_message_that_comes_late_by_less_than_the_tolerance_loses_no_slot() -> None:
    gates, now = limits(Rate(10, 1)).gates, 0.0
    for _ in range(100):
        now = max(now, gates.due(now, "")) + 0.04  # the loop was busy
        gates.take(now, "", 0)
    assert now == pytest.approx(9.9, abs=0.06)


def test_after_a_pause_it_does_not_catch_up() -> None:
    gates = limits(Rate(10, 1)).gates
    slots(gates, 10)
    went = slots(gates, 11, start=1000.0)
    assert went[0] == 1000.0
    assert went[-1] == pytest.approx(1001.0 - TOLERANCE)


def test_of_several_limits_the_tightest_holds_at_each_moment() -> None:
    went = slots(limits(Rate(10, 1), Rate(60, 60)).gates, 11)
    assert went[-1] == pytest.approx(10.0 - TOLERANCE)


def test_quotas_are_not_spread() -> None:
    assert slots(limits(Rate(10, 3600), Rate(20, 86400)).gates, 10) == [0.0] * 10


def test_a_domain_has_its_own_limit_beside_that_of_the_account() -> None:
    gates = limits(Rate(10, 1), domains={"slow.example": (Rate(1, 1),)}).gates
    assert slots(gates, 3, domain="slow.example")[-1] == pytest.approx(2.0 - TOLERANCE)
    assert gates.due(0.0, "fast.example") < gates.due(0.0, "slow.example")
    assert gates.due(0.0, "") == gates.due(0.0, "fast.example")


def test_what_goes_to_a_domain_counts_for_the_account() -> None:
    gates = limits(Rate(1, 1), domains={"slow.example": (Rate(10, 1),)}).gates
    gates.take(0.0, "slow.example", 0)
    assert gates.due(0.0, "fast.example") == pytest.approx(1.0 - TOLERANCE)


def test_two_runs_on_an_account_have_half_the_rate_each() -> None:
    gates = limits(Rate(10, 1), domains={"slow.example": (Rate(2, 1),)}).gates
    gates.share(2)
    assert slots(gates, 11)[-1] == pytest.approx(2.0 - TOLERANCE)
    assert slots(gates, 3, start=100.0, domain="slow.example")[-1] == pytest.approx(
        102.0 - TOLERANCE
    )
    gates.share(1)  # the other one has ended
    assert slots(gates, 11, start=200.0)[-1] == pytest.approx(201.0 - TOLERANCE)


@given(
    st.integers(1, 1000),
    st.sampled_from([1, 60]),
    st.lists(st.floats(0, 3), min_size=2, max_size=300),
)
def test_in_any_window_are_at_most_the_rate_and_its_tolerance(
    count: int, seconds: int, pauses: list[float]
) -> None:
    gates, now, went = limits(Rate(count, seconds)).gates, 0.0, []
    for pause in pauses:
        now = max(now + pause, gates.due(now, ""))
        gates.take(now, "", 0)
        went.append(now)
    per_second = count / seconds
    for first, start in enumerate(went):
        inside = sum(1 for at in went[first:] if at < start + seconds)
        assert inside <= count + TOLERANCE * per_second + 1 + 1e-6
