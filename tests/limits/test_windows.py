"""What counts in a rolling window, and until when: never more than the quota, every day the same."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.limits.windows import Row, boundary, counting, free_at, merged, place

HOUR, DAY = 3600, 86400
START = 1_800_000_000.0


@dataclass
class Window:
    """A quota, and what was taken of it: the rows that are kept, and the truth."""

    count: int
    seconds: int
    rows: list[Row] = field(default_factory=list)
    taken: list[tuple[float, int]] = field(default_factory=list)

    def take(self, wanted: int, now: float) -> int:
        granted = max(0, min(wanted, self.count - counting(self.rows, boundary(now, self.seconds))))
        if granted:
            self.rows = merged([*self.rows, (place(now, self.seconds), granted)])
            self.taken.append((now, granted))
        return granted

    def free_at(self, now: float) -> float:
        return free_at(self.rows, self.seconds, self.count, now)


def rows_at(times: list[float], seconds: int = DAY, count: int = 1) -> list[Row]:
    return [(place(START + at, seconds), count) for at in times]


def test_what_was_taken_counts_for_a_window_from_its_own_moment() -> None:
    rows = rows_at([100.0], count=5)
    assert counting(rows, boundary(START + 100 + DAY, DAY)) == 5
    assert counting(rows, boundary(START + 100 + DAY + 0.01, DAY)) == 0


def test_an_even_stretch_is_two_rows_and_ends_evenly() -> None:
    taken = rows_at([4.0 * n for n in range(100)], count=3)
    rows = merged(taken)
    assert len(rows) <= 3
    for after in (0, 100, 200, 300, 396):
        left = counting(rows, boundary(START + DAY + after, DAY))
        assert 0 <= left - counting(taken, boundary(START + DAY + after, DAY)) <= 1


def test_what_came_at_the_end_of_a_sixtieth_does_not_end_with_its_first() -> None:
    """A proof at nine, the campaign ten minutes later."""
    rows = merged([*rows_at([0.0]), *rows_at([600.0 + n for n in range(100)], count=10)])
    assert counting(rows, boundary(START + DAY + 599, DAY)) == 1000


def test_a_row_of_the_version_before_counts_to_the_end_of_its_sixtieth() -> None:
    part = int(START * 60 // DAY)
    assert counting([(part, 7)], boundary((part + 61) * DAY / 60 - 1, DAY)) == 7
    assert counting([(part, 7)], boundary((part + 61) * DAY / 60 + 1, DAY)) == 0
    assert merged([(part, 7), (part + 0.5, 1)]) == [(part, 7), (part + 0.5, 1)]


TAKES = st.lists(st.tuples(st.floats(0, 400), st.integers(0, 30)), min_size=1, max_size=40)


@given(TAKES, st.floats(0, 20_000))
@example([(1.0, 1), (0.0, 1), (0.0, 2), (0.0, 0), (0.0, 0)], 0.0)
def test_merged_rows_end_nothing_earlier_and_lose_nothing(
    takes: list[tuple[float, int]], after: float
) -> None:
    now, rows = START, []
    for pause, count in takes:
        now += pause + 0.001
        rows.append((place(now, HOUR), count))
    fewer = merged(rows)
    assert sum(count for _, count in fewer) == sum(count for _, count in rows)
    edge = boundary(START + HOUR + after, HOUR)
    ended = sum(count for part, count in rows if part <= edge)
    assert counting(fewer, edge) >= sum(count for _, count in rows) - ended
    assert merged(fewer) == fewer


@given(TAKES, st.integers(1, 50), st.sampled_from([HOUR, DAY]))
def test_no_window_ever_holds_more_than_the_quota(
    takes: list[tuple[float, int]], count: int, seconds: int
) -> None:
    window, now = Window(count, seconds), START
    for pause, wanted in takes:
        now += pause * seconds / HOUR
        window.take(wanted, now)
    for end, _ in window.taken:
        assert sum(n for at, n in window.taken if end - seconds <= at <= end) <= count


def send(window: Window, start: float, want: int, pace: float, patience: float) -> list[float]:
    """One run: when each message went, `pace` seconds apart where nothing else holds them back;
    it ends where it would have to wait for longer than `patience`."""
    now, at = start, []
    while len(at) < want:
        if not window.take(1, now):
            free = window.free_at(now)
            if free - now > patience:
                return at
            now = free
            continue
        at.append(now)
        now += pace
    return at


@pytest.mark.parametrize("pace", [0.0, 0.07, 4.0])
def test_the_same_number_goes_at_the_same_hour_of_each_day_for_weeks(pace: float) -> None:
    window = Window(100, DAY)
    lateness = [3, 0, 7, 1, 0, 12, 5, 0, 2, 9]  # of cron, in seconds
    for day in range(45):
        start = START + day * DAY + lateness[day % len(lateness)]
        at = send(window, start, 100, pace, patience=60)
        assert len(at) == 100, f"day {day}"
        assert at[0] <= START + day * DAY + 12.5
        assert at[-1] <= START + day * DAY + 13 + 100 * pace * 1.01
        window.rows = [row for row in window.rows if row[0] > boundary(start, DAY) - 60]


def test_a_run_that_went_in_bursts_goes_through_every_day_too() -> None:
    window = Window(90, DAY)
    assert len(send(window, START, 30, 0.01, 60) + send(window, START + 900, 60, 0.01, 60)) == 90
    for day in range(1, 20):
        assert len(send(window, START + day * DAY, 90, 1.0, patience=900)) == 90
