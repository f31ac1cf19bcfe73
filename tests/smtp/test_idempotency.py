"""Whether a provider still knows a repetition for one by its key, whatever the clock is set to."""

from __future__ import annotations

import pytest

from sendbatch.runtime.clock import Onward
from sendbatch.smtp.idempotency import MARGIN, Keys
from sendbatch.values import Recipient
from tests.kit.clock import START, FakeClock

DAY = 86400.0


def keys(clock: FakeClock) -> Keys:
    return Keys(DAY, Onward(clock))


def repetition(dated_at: float | None) -> Recipient:
    return Recipient(1, 2, "k", "a@example.org", (), dated_at=dated_at, doubted=True)


def test_a_key_holds_from_when_the_message_was_first_built_and_not_to_the_last_second() -> None:
    clock = FakeClock()
    asked = keys(clock)
    clock.now += DAY - MARGIN - 1
    assert asked.hold_for(repetition(START))
    clock.now += 2
    assert not asked.hold_for(repetition(START))
    assert not asked.hold_for(repetition(None))
    assert asked.hold_for(Recipient(1, 2, "k", "a@example.org", (), dated_at=START))


@pytest.mark.parametrize("seconds", [-DAY, -7200.0, DAY])
def test_no_clock_that_is_set_makes_a_key_hold_longer(seconds: float) -> None:
    clock = FakeClock()
    asked = keys(clock)
    clock.now += DAY / 2
    clock.sleep_through(seconds)
    clock.now += DAY / 2
    assert not asked.hold_for(repetition(START))


def test_a_message_dated_in_the_future_tells_of_a_clock_that_was_set_back() -> None:
    assert not keys(FakeClock()).hold_for(repetition(START + 10))
