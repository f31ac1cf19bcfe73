"""How many are fetched ahead from a record that others share."""

from __future__ import annotations

from sendbatch.delivery.ahead import LEAST, MOST, SPAN, Ahead
from tests.kit.clock import FakeClock


def test_at_first_few_and_then_as_many_as_go_in_some_seconds() -> None:
    clock = FakeClock()
    ahead = Ahead(clock, 2)
    assert ahead.wanted(0) == LEAST
    clock.now = 2.0
    assert ahead.wanted(200) == 100 * SPAN
    clock.now = 2.5
    assert ahead.wanted(400) == 100 * SPAN  # it is not measured over half a second
    clock.now = 12.0
    assert ahead.wanted(400) == 20 * SPAN


def test_never_fewer_than_the_connections_need_or_more_than_fit() -> None:
    clock = FakeClock()
    ahead = Ahead(clock, 50)
    assert ahead.wanted(0) == 100
    clock.now = 1.0
    assert ahead.wanted(1_000_000) == MOST
    clock.now = 100.0
    assert ahead.wanted(1_000_000) == 100
