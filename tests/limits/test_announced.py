"""Who was not announced does not go; and how many may go in the time of a block, as each gate sees it."""

from __future__ import annotations

import asyncio

import pytest

from sendbatch.campaign.model import Rate
from sendbatch.limits.announced import Announced
from sendbatch.limits.brake import Brake
from sendbatch.limits.gates import ANY_NUMBER, EVERYBODY, NEVER, Gates
from sendbatch.limits.pace import Pace
from sendbatch.values import Status
from tests.kit.limits import limits


def test_nobody_goes_before_a_block_was_asked_for_and_announced() -> None:
    gate, asked = Announced(), []
    gate.asked = lambda: asked.append(1)
    gates = Gates([gate])
    assert gates.due(0.0, EVERYBODY) < 0  # somebody is to come and ask
    assert not gates.take(0.0, EVERYBODY, 1)
    asyncio.run(gates.refill(EVERYBODY))
    assert asked == [1]
    assert gates.due(0.0, EVERYBODY) == NEVER
    gate.ids = frozenset({1})
    gate.open(2.0)
    assert gates.due(2.0, EVERYBODY) < 2
    assert gates.take(2.0, EVERYBODY, 1)
    assert gate.on_the_way == {1}
    gates.answered(3.0, EVERYBODY, 1, Status.ACCEPTED)
    assert (gate.on_the_way, gate.moved_at) == (set(), 3.0)


def test_one_that_was_not_announced_is_refused_even_while_a_block_goes() -> None:
    gate = Announced()
    gate.ids = frozenset({1})
    gate.open(0.0)
    with pytest.raises(RuntimeError, match="had not been announced"):
        Gates([gate]).take(0.0, EVERYBODY, 2)
    assert gate.on_the_way == set()


def test_a_gate_before_it_that_has_none_to_give_asks_for_no_block() -> None:
    gate, asked = Announced(), []
    gate.asked = lambda: asked.append(1)
    empty = Announced()  # has none in hand, whatever is asked
    asyncio.run(Gates([empty, gate]).refill(EVERYBODY))
    assert asked == []


def test_as_many_may_go_in_some_seconds_as_there_are_slots() -> None:
    gates = limits(Rate(50, 1), domains={"gmail.com": (Rate(30, 60),)}).gates
    assert gates.within(0.0, EVERYBODY, 10.0) == pytest.approx(500, abs=1)
    assert gates.within(0.0, "gmail.com", 10.0) == pytest.approx(6, abs=1)
    assert limits().gates.within(0.0, EVERYBODY, 10.0) == ANY_NUMBER


def test_none_may_go_in_less_than_it_takes_until_the_next_slot() -> None:
    pace = Pace(Rate(1, 60))
    pace.went(0.0, EVERYBODY, 1)
    assert pace.within(0.0, EVERYBODY, 10.0) == 0
    assert pace.within(55.0, EVERYBODY, 10.0) == 1


def test_under_the_brake_one_may_go() -> None:
    brake = Brake(60, 1800, begun=60.0)
    assert brake.within(0.0, EVERYBODY, 10.0) == 1
    assert Brake(60, 1800).within(0.0, EVERYBODY, 10.0) == ANY_NUMBER
