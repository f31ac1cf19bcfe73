"""When was sent: in few steps, the pauses cut out, with the limit that was in force."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.ledger.facts import Event
from sendbatch.ledger.figures import counted
from sendbatch.reports.stretches import MOST_STEPS, MOST_STRETCHES, limit_of, stretches

DAY = 86_400


def figures(*accepted: float, others: tuple[float, ...] = ()):
    """Attempts that ended at these seconds."""
    ends, rest = ([(round(at * 10), 1) for at in those] for those in (accepted, others))
    return counted((), ends, rest, ())


def limit(at: float, rate: float | None) -> Event:
    return Event(at, "limit", json.dumps({"rate": rate, "why": "", "until": None}))


def test_where_nothing_was_attempted_there_is_no_stretch() -> None:
    assert stretches(figures(), []) == []


def test_one_message_is_a_stretch() -> None:
    (one,) = stretches(figures(1000.0), [])

    assert (list(one.accepted), list(one.others), list(one.limits)) == ([1], [0], [None])
    assert one.start <= 1000.0 < one.end
    assert one.seconds == pytest.approx(0.1)


def test_a_pause_of_days_between_two_runs_squeezes_neither() -> None:
    sending = [1000 + second / 10 for second in range(100)]
    later = [at + 20 * DAY for at in sending]

    first, second = stretches(figures(*sending, *later), [])

    assert len(first.accepted) == len(second.accepted) == 20
    assert second.began - first.ended == pytest.approx(20 * DAY - 10, abs=1)
    assert sum(first.accepted) == sum(second.accepted) == 100


def test_a_wait_that_takes_a_part_of_a_run_alone_is_no_pause() -> None:
    """A minute of an hour is worth seeing; two minutes of eight seconds would hide them."""
    hour = [1000 + second / 2 for second in range(7200) if not 600 <= second / 2 < 660]
    assert len(stretches(figures(*hour), [])) == 1

    short = [1000 + second / 10 for second in range(60)]
    assert len(stretches(figures(*short, 1120.0), [])) == 2


def test_a_step_holds_a_few_attempts_so_that_a_curve_is_no_saw() -> None:
    (one,) = stretches(figures(*(1000 + 2 * number for number in range(600))), [])

    assert len(one.accepted) in range(60, 121)
    assert min(one.accepted[1:-1]) >= 5


def test_a_slow_campaign_has_no_pause_where_it_is_as_slow_as_ever() -> None:
    (one,) = stretches(figures(*(at * 360.0 for at in range(1, 200))), [])

    assert sum(one.accepted) == 199


def test_many_bursts_become_a_few_stretches_cut_at_the_longest_pauses() -> None:
    ends = [day * DAY + day**2 * 600 + second for day in range(1, 40) for second in range(30)]

    found = stretches(figures(*ends), [])

    assert len(found) == MOST_STRETCHES
    assert sum(sum(one.accepted) for one in found) == len(ends)
    assert sum(len(one.accepted) for one in found) <= MOST_STEPS + MOST_STRETCHES


def test_the_limit_is_that_in_force_at_the_end_of_each_step() -> None:
    events = [limit(999.0, 14.0), limit(1005.0, 7.0), limit(1008.0, None)]

    (one,) = stretches(figures(*(1000 + step // 5 / 10 for step in range(500))), events)

    said = {round(one.start + place * one.step, 1): rate for place, rate in enumerate(one.limits)}
    assert (said[1000.0], said[1005.0], said[1007.6], said[1008.0]) == (14.0, 7.0, 7.0, None)


@pytest.mark.parametrize(
    "detail",
    ["", "{", "null", "[]", '"x"', '{"rate": "14"}', '{"rate": true}', '{"rate": -1}', '{"rate": 1e400}'],
)
def test_what_is_no_limit_of_ours_is_none(detail: str) -> None:
    assert limit_of(Event(1.0, "limit", detail)) is None


@given(
    st.lists(st.floats(1, 5e6), max_size=60),
    st.lists(st.floats(1, 5e6), max_size=20),
)
def test_every_attempt_is_in_one_step_of_one_stretch(
    accepted: list[float], others: list[float]
) -> None:
    found = stretches(figures(*accepted, others=tuple(others)), [])

    assert sum(sum(one.accepted) for one in found) == len(accepted)
    assert sum(sum(one.others) for one in found) == len(others)
    assert sum(len(one.accepted) for one in found) <= MOST_STEPS + MOST_STRETCHES
    for one in found:
        assert one.start <= one.began + 1e-6 < one.ended <= one.end + 0.2
        assert one.accepted[0] or one.others[0]
