"""A server that asks for less is sent half as much, which is won back step by step."""

from __future__ import annotations

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.limits.back_off import CALM
from sendbatch.limits.gates import ANY_TIME, Hold
from sendbatch.limits.pace import TOLERANCE
from tests.kit.limits import limits, slots


def test_asked_to_slow_down_it_halves() -> None:
    it = limits(Rate(10, 1))
    slots(it.gates, 10)
    assert it.back_off.slow_down(1.0) == 5.0
    assert slots(it.gates, 6, start=1.2)[-1] == pytest.approx(2.2 - TOLERANCE)


def test_two_messages_are_enough_to_measure_a_rate() -> None:
    it = limits()
    for at in (0.0, 0.5):
        it.gates.take(at, "", 0)
    assert it.back_off.slow_down(0.5) == 2.0


def test_of_several_paces_the_tightest_is_halved() -> None:
    assert limits(Rate(10, 1), Rate(60, 60)).back_off.slow_down(0.0) == 0.5


def test_of_runs_that_share_an_account_each_halves_its_own_part() -> None:
    it = limits(Rate(10, 1))
    it.gates.share(2)
    slots(it.gates, 50)
    assert it.back_off.slow_down(10.0) == 2.5


def test_complaints_of_one_burst_halve_once_and_later_ones_again() -> None:
    it = limits(Rate(16, 1))
    slots(it.gates, 160)
    assert it.back_off.slow_down(10.0) == 8.0
    assert [it.back_off.slow_down(at) for at in (10.1, 11.0, 14.9)] == [None, None, None]
    slots(it.gates, 80, start=10.0)
    assert it.back_off.slow_down(20.0) == 4.0
    slots(it.gates, 40, start=20.0)
    assert it.back_off.slow_down(30.0) == 2.0


def test_without_a_limit_what_was_measured_is_halved() -> None:
    it = limits()
    for tenth in range(100):
        it.gates.take(tenth / 10, "", 0)
    assert it.back_off.slow_down(9.9) == pytest.approx(5.0, rel=0.05)


def test_it_never_slows_down_to_a_standstill() -> None:
    it = limits(Rate(1, 60))
    for turn in range(20):
        assert it.back_off.slow_down(turn * 10.0) == pytest.approx(1 / 60)


def test_the_rate_is_won_back_step_by_step() -> None:
    it = limits(Rate(10, 1))
    slots(it.gates, 100)
    it.back_off.slow_down(10.0)
    gaps = []
    for minute in range(1, 5):
        went = slots(it.gates, 3, start=10.0 + minute * CALM)
        gaps.append(went[2] - went[1])
    assert gaps == pytest.approx([1 / 6.25, 1 / 7.8125, 1 / 9.765625, 1 / 10])


def test_once_all_of_it_is_won_back_nothing_is_held_any_more() -> None:
    it = limits()
    slots(it.gates, 1, start=0.0)
    assert it.back_off.slow_down(0.0) == 0.5
    assert it.gates.hold(0.0, "") == Hold("the pace", "the pace of the account")
    for minute in range(1, 5):
        slots(it.gates, 1, start=minute * CALM)
    assert (it.gates.interval, it.gates.due(4 * CALM, "")) == (0.0, ANY_TIME)


def test_a_complaint_while_winning_back_starts_the_calm_anew() -> None:
    it = limits(Rate(10, 1))
    slots(it.gates, 100)
    assert it.back_off.slow_down(10.0) == 5.0
    slots(it.gates, 50, start=59.0)
    assert it.back_off.slow_down(69.0) == 2.5
    went = slots(it.gates, 3, start=71.0)
    assert went[2] - went[1] == pytest.approx(1 / 2.5)
