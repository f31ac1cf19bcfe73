"""When a deferred recipient is tried again."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Retry
from sendbatch.limits.retries import JITTER, Budget, Releases, longest_delay, retry_delay


def test_a_budget_counts_attempts_of_one_run() -> None:
    budget = Budget(3)
    assert [budget.spend(7) for _ in range(3)] == [1, 2, 3]
    assert budget.is_spent(7)
    assert not budget.is_spent(8)
    assert budget.spend(1_000_000) == 1
    assert (budget.used(7), budget.used(8), budget.used(2_000_000)) == (3, 0, 0)


def test_what_others_have_tried_in_the_same_run_counts_as_well() -> None:
    budget = Budget(3)
    assert budget.spend(7) == 1
    assert budget.spend(7, before=2) == 3  # another had it in between
    assert budget.is_spent(7)
    assert budget.spend(8, before=1) == 2
    assert budget.spend(8, before=1) == 3  # the record does not know of the last one yet


def test_a_budget_greater_than_a_byte_ends_all_the_same() -> None:
    budget = Budget(100_000)
    for _ in range(300):
        budget.spend(1)
    assert budget.is_spent(1)


def test_delays_double_up_to_the_longest() -> None:
    retry = Retry(first_delay=60, max_delay=1800)

    class Middle(Random):
        def uniform(self, a: float, b: float) -> float:
            return (a + b) / 2

    delays = [retry_delay(retry, attempt, Middle()) for attempt in range(1, 9)]
    assert delays == [60, 120, 240, 480, 960, 1800, 1800, 1800]


@given(st.integers(1, 10_000), st.integers(), st.floats(0.001, 1e6))
def test_delays_are_jittered_and_bounded(attempt: int, seed: int, first: float) -> None:
    retry = Retry(first_delay=first, max_delay=1800)
    delay = retry_delay(retry, attempt, Random(seed))
    assert 0 < delay <= 1800 * (1 + JITTER)
    assert delay >= min(first, 1800) * (1 - JITTER)


@given(st.integers(1, 100), st.integers())
def test_no_delay_is_longer_than_the_longest(attempt: int, seed: int) -> None:
    retry = Retry(first_delay=60, max_delay=1800)
    assert longest_delay(retry) == 1800 * 1.2
    assert retry_delay(retry, attempt, Random(seed)) <= longest_delay(retry)


def test_those_deferred_at_once_do_not_return_at_once() -> None:
    random = Random(1)
    assert len({round(retry_delay(Retry(), 1, random), 3) for _ in range(1000)}) > 900


def test_a_message_released_three_times_is_not_released_again() -> None:
    releases = Releases()
    assert [releases.release(1) for _ in range(3)] == [True, True, False]
    assert [releases.release(1) for _ in range(3)] == [True, True, False]


def test_one_that_was_settled_in_between_begins_anew() -> None:
    releases = Releases()
    releases.release(1), releases.release(1)
    releases.settled(1)
    assert releases.release(1)
