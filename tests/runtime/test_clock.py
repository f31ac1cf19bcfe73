"""Time that goes on, whatever becomes of the wall clock."""

from __future__ import annotations

import pytest

from sendbatch.runtime.clock import Onward
from tests.kit.clock import START, FakeClock


def test_it_is_the_wall_clock_while_nobody_sets_that() -> None:
    clock = FakeClock()
    onward = Onward(clock)
    clock.now += 1000
    assert onward.now() == clock.wall()


@pytest.mark.parametrize("seconds", [3600.0, 0.3, -0.3])
def test_it_leaps_ahead_after_a_sleep_and_follows_small_corrections(seconds: float) -> None:
    clock = FakeClock()
    onward = Onward(clock)
    clock.sleep_through(seconds)
    assert onward.now() == clock.wall()


def test_set_back_it_goes_on() -> None:
    clock = FakeClock()
    onward = Onward(clock)
    clock.now += 100
    clock.sleep_through(-7200)
    assert onward.now() == pytest.approx(START + 100)
    clock.now += 50
    assert onward.now() == pytest.approx(START + 150)


def test_set_right_again_it_is_the_wall_clock_again() -> None:
    clock = FakeClock()
    onward = Onward(clock)
    clock.sleep_through(-7200)
    onward.now()
    clock.sleep_through(7200)
    clock.now += 10
    assert onward.now() == clock.wall()
