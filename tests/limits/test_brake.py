"""When a server that refuses everything is asked seldom, and when it is left."""

from __future__ import annotations

from typing import Any

import pytest

from sendbatch.limits.brake import REFUSALS, TRIES, Brake

FIRST, LONGEST = 60.0, 1800.0


def brake(**more: Any) -> Brake:
    return Brake(FIRST, LONGEST, **more)


def refuse(
    one: Brake, count: int, *domains: str, permanent: bool = False, of_us: bool = False
) -> None:
    names = domains or ("a.example", "b.example")
    for number in range(count):
        one.refused(number, names[number % len(names)], 0.0, permanent=permanent, of_us=of_us)


def tried(one: Brake, number: int, now: float) -> bool:
    """One message under the brake, refused."""
    one.went(now, "c.example", number)
    return one.refused(number, "c.example", now, permanent=False, of_us=False)


def test_twenty_refusals_in_a_row_at_two_domains_bring_it_on() -> None:
    one = brake()
    refuse(one, REFUSALS - 1)
    assert not one.on
    assert one.refused(99, "a.example", 5.0, permanent=False, of_us=False)
    assert (one.on, one.pause, one.until) == (True, FIRST, 5.0 + FIRST)


def test_an_acceptance_between_begins_the_count_anew() -> None:
    one = brake()
    refuse(one, REFUSALS - 1)
    assert not one.accepted(0.0)
    refuse(one, REFUSALS - 1)
    assert not one.on


def test_at_one_domain_that_is_set_aside_until_there_is_nobody_else() -> None:
    one = brake()
    refuse(one, REFUSALS, "a.example")
    assert (one.on, one.aside) == (False, {"a.example"})
    assert one.nobody_else(7.0)
    assert (one.on, one.aside, one.until) == (True, frozenset(), 7.0 + FIRST)


def test_set_aside_another_domain_that_refuses_brings_it_on_and_an_acceptance_lifts_it() -> None:
    one, other = brake(), brake()
    refuse(one, REFUSALS, "a.example")
    refuse(one, 1, "b.example")
    assert (one.on, one.aside) == (True, frozenset())
    refuse(other, REFUSALS, "a.example")
    other.accepted(0.0)
    assert (other.on, other.aside) == (False, frozenset())


def test_words_about_us_bring_it_on_at_one_domain_too() -> None:
    one = brake()
    refuse(one, REFUSALS, "a.example", of_us=True)
    assert one.on


def test_permanent_refusals_alone_are_the_breakers() -> None:
    one = brake()
    refuse(one, REFUSALS * 2, permanent=True)
    assert not one.on
    refuse(one, 1)
    assert one.on


def test_pauses_grow_up_to_the_longest_and_six_refused_tries_end_the_run() -> None:
    one = brake()
    refuse(one, REFUSALS)
    pauses = []
    for number in range(TRIES):
        assert not one.over
        pauses.append(one.pause)
        assert tried(one, number, 0.0)
    assert pauses == [60, 120, 240, 480, 960, 1800]
    assert one.over


def test_what_left_before_it_came_on_is_no_try() -> None:
    one = brake()
    refuse(one, REFUSALS)
    for number in range(TRIES * 2):
        assert not one.refused(100 + number, "a.example", 1.0, permanent=False, of_us=False)
    assert (one.tries, one.over) == (0, False)


def test_an_acceptance_halves_the_pause_until_there_is_none() -> None:
    one = brake()
    refuse(one, REFUSALS)
    pauses = []
    while one.on:
        pauses.append(one.pause)
        assert one.accepted(100.0)
    assert pauses == [60, 30, 15, 7.5, 3.75, 1.875]
    assert one.until == float("-inf")
    assert not one.accepted(100.0)


def test_a_long_pause_is_gone_as_fast_as_a_first_one() -> None:
    one = brake(begun=LONGEST)
    one.accepted(100.0)
    assert (one.pause, one.until) == (FIRST / 2, 100.0 + FIRST / 2)


def test_refused_after_an_acceptance_it_is_as_at_first() -> None:
    one = brake()
    refuse(one, REFUSALS)
    tried(one, 1, 0.0)
    one.accepted(0.0)
    one.accepted(0.0)
    tried(one, 2, 0.0)
    assert (one.tries, one.pause) == (1, 60)


def test_a_run_that_does_not_wait_ends_at_once() -> None:
    one = brake(no_wait=True)
    refuse(one, REFUSALS)
    assert one.over


@pytest.mark.parametrize(("no_wait", "over"), [(True, True), (False, False)])
def test_a_run_after_one_that_ended_so_begins_with_one_try_at_once(
    no_wait: bool, over: bool
) -> None:
    one = brake(no_wait=no_wait, begun=480.0)
    assert (one.on, one.until) == (True, float("-inf"))
    tried(one, 1, 0.0)
    assert (one.pause, one.over) == (960, over)
