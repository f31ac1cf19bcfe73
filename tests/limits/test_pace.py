"""Limits per second and minute, over a clock that is a number."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Rate
from sendbatch.limits.pace import CALM, TOLERANCE, Pacer


def slots(pacer: Pacer, count: int, start: float = 0.0, domain: str = "") -> list[float]:
    """When so many messages go, each as soon as it may."""
    now, went = start, []
    for _ in range(count):
        now = max(now, pacer.next_slot(domain))
        pacer.spend(domain, now)
        went.append(now)
    return went


def test_a_rate_is_smooth() -> None:
    went = slots(Pacer((Rate(10, 1),), {}), 100)
    assert went[1] == pytest.approx(0.1 - TOLERANCE)
    assert [b - a for a, b in pairwise(went[1:])] == pytest.approx([0.1] * 98)


def test_a_rate_per_minute_is_spread_over_the_minute() -> None:
    went = slots(Pacer((Rate(30, 60),), {}), 31)
    assert went[30] == pytest.approx(60.0 - TOLERANCE)


def test_the_first_message_goes_at_once_and_without_limits_all_do() -> None:
    assert slots(Pacer((Rate(1, 60),), {}), 1, start=5.0) == [5.0]
    assert slots(Pacer((), {}), 1000, start=5.0) == [5.0] * 1000


def test_a_message_that_comes_late_by_less_than_the_tolerance_loses_no_slot() -> None:
    pacer, now = Pacer((Rate(10, 1),), {}), 0.0
    for _ in range(100):
        now = max(now, pacer.next_slot("")) + 0.04  # the loop was busy
        pacer.spend("", now)
    assert now == pytest.approx(9.9, abs=0.06)


def test_after_a_pause_it_does_not_catch_up() -> None:
    pacer = Pacer((Rate(10, 1),), {})
    slots(pacer, 10)
    went = slots(pacer, 11, start=1000.0)
    assert went[0] == 1000.0
    assert went[-1] == pytest.approx(1001.0 - TOLERANCE)


def test_of_several_limits_the_tightest_holds_at_each_moment() -> None:
    went = slots(Pacer((Rate(10, 1), Rate(60, 60)), {}), 11)
    assert went[-1] == pytest.approx(10.0 - TOLERANCE)


def test_quotas_are_not_spread() -> None:
    assert slots(Pacer((Rate(10, 3600), Rate(20, 86400)), {}), 10) == [0.0] * 10


def test_a_domain_has_its_own_limit_beside_that_of_the_account() -> None:
    pacer = Pacer((Rate(10, 1),), {"slow.example": (Rate(1, 1),)})
    assert slots(pacer, 3, domain="slow.example")[-1] == pytest.approx(2.0 - TOLERANCE)
    assert pacer.next_slot("fast.example") < pacer.next_slot("slow.example")
    assert pacer.next_account_slot() == pacer.next_slot("fast.example")


def test_what_goes_to_a_domain_counts_for_the_account() -> None:
    pacer = Pacer((Rate(1, 1),), {"slow.example": (Rate(10, 1),)})
    pacer.spend("slow.example", 0.0)
    assert pacer.next_slot("fast.example") == pytest.approx(1.0 - TOLERANCE)


def test_two_runs_on_an_account_have_half_the_rate_each() -> None:
    pacer = Pacer((Rate(10, 1),), {"slow.example": (Rate(2, 1),)}, parts=2)
    assert slots(pacer, 11)[-1] == pytest.approx(2.0 - TOLERANCE)
    assert slots(pacer, 3, start=100.0, domain="slow.example")[-1] == pytest.approx(
        102.0 - TOLERANCE
    )
    pacer.parts = 1  # the other one has ended
    assert slots(pacer, 11, start=200.0)[-1] == pytest.approx(201.0 - TOLERANCE)


def test_asked_to_slow_down_it_halves() -> None:
    pacer = Pacer((Rate(10, 1),), {})
    slots(pacer, 10)
    assert pacer.slow_down(1.0) == 5.0
    assert slots(pacer, 6, start=1.2)[-1] == pytest.approx(2.2 - TOLERANCE)


def test_complaints_of_one_burst_halve_once_and_later_ones_again() -> None:
    pacer = Pacer((Rate(16, 1),), {})
    slots(pacer, 160)
    assert pacer.slow_down(10.0) == 8.0
    assert [pacer.slow_down(at) for at in (10.1, 11.0, 14.9)] == [None, None, None]
    slots(pacer, 80, start=10.0)
    assert pacer.slow_down(20.0) == 4.0
    slots(pacer, 40, start=20.0)
    assert pacer.slow_down(30.0) == 2.0


def test_without_a_limit_what_was_measured_is_halved() -> None:
    pacer = Pacer((), {})
    for tenth in range(100):
        pacer.spend("", tenth / 10)
    assert pacer.slow_down(9.9) == pytest.approx(5.0, rel=0.05)


def test_it_never_slows_down_to_a_standstill() -> None:
    pacer = Pacer((Rate(1, 60),), {})
    for turn in range(20):
        assert pacer.slow_down(turn * 10.0) == pytest.approx(1 / 60)


def test_the_rate_is_won_back_step_by_step() -> None:
    pacer = Pacer((Rate(10, 1),), {})
    slots(pacer, 100)
    pacer.slow_down(10.0)
    gaps = []
    for minute in range(1, 5):
        went = slots(pacer, 3, start=10.0 + minute * CALM)
        gaps.append(went[2] - went[1])
    assert gaps == pytest.approx([1 / 6.25, 1 / 7.8125, 1 / 9.765625, 1 / 10])


def test_a_complaint_while_winning_back_starts_the_calm_anew() -> None:
    pacer = Pacer((Rate(10, 1),), {})
    slots(pacer, 100)
    assert pacer.slow_down(10.0) == 5.0
    slots(pacer, 50, start=59.0)
    assert pacer.slow_down(69.0) == 2.5
    went = slots(pacer, 3, start=71.0)
    assert went[2] - went[1] == pytest.approx(1 / 2.5)


@given(
    st.integers(1, 1000),
    st.sampled_from([1, 60]),
    st.lists(st.floats(0, 3), min_size=2, max_size=300),
)
def test_in_any_window_are_at_most_the_rate_and_its_tolerance(
    count: int, seconds: int, pauses: list[float]
) -> None:
    pacer, now, went = Pacer((Rate(count, seconds),), {}), 0.0, []
    for pause in pauses:
        now = max(now + pause, pacer.next_slot(""))
        pacer.spend("", now)
        went.append(now)
    per_second = count / seconds
    for first, start in enumerate(went):
        inside = sum(1 for at in went[first:] if at < start + seconds)
        assert inside <= count + TOLERANCE * per_second + 1 + 1e-6
