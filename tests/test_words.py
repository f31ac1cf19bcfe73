"""How numbers and lists are said to people, and how wide text stands: as a terminal shows it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.words import (
    clock_time,
    count,
    countdown,
    cut,
    exact_duration,
    listed,
    padded,
    rate,
    rows,
    span,
    speed,
    width,
)  # fmt: skip
from tests.kit.local_time import local_time

NOON = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC, a Monday
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


def test_one_is_one_and_many_have_their_commas() -> None:
    assert count(1, "recipient") == "1 recipient"
    assert count(40_000, "recipient") == "40,000 recipients"
    assert count(2, "address", "addresses") == "2 addresses"


@pytest.mark.parametrize(
    ("names", "number", "said"),
    [
        ([], None, ""),
        (["a", "b"], None, "a, b"),
        (["a", "b", "c"], None, "a, b and 1 more"),
        (["a", "b"], 1_002, "a, b and 1,000 more"),
    ],
)
def test_a_list_says_how_many_it_leaves_out(
    names: list[str], number: int | None, said: str
) -> None:
    assert listed(names, 2, number) == said


def test_rows_are_named_by_their_lines() -> None:
    assert rows([2], 1) == "row 2"
    assert rows([2, 1004], 2) == "rows 2, 1,004"
    assert rows([2, 3, 4], 20) == "rows 2, 3, 4 and 17 more"


def test_durations_and_rates_are_said_in_a_unit_that_fits() -> None:
    seconds = [0, 4.23, 59.96, 65, 3600, 12_000, 100_000, 86_400 * 3]
    assert [exact_duration(value) for value in seconds] == [
        "0.0 s",
        "4.2 s",
        "1 min",
        "1 min 5 s",
        "1 h",
        "3 h 20 min",
        "1 day 4 h",
        "3 days",
    ]
    assert [rate(value) for value in (4321.4, 1.44, 0.5, 0.001)] == [
        "4,321 a second",
        "1.4 a second",
        "30.0 a minute",
        "3.6 an hour",
    ]
    said = [speed(a_second) for a_second in (1234.5, 14.2, 4.0, 3.44, 0.2, 0.001)]
    assert said == ["1,234/s", "14/s", "4/s", "3.4/s", "12/min", "4/h"]
    left = [countdown(seconds) for seconds in (-1, 0.2, 89, 90, 718, 720, 3599, 3600, 7380)]
    assert left == [
        "0 s", "1 s", "89 s", "1 min 30 s", "11 min 58 s", "12 min", "59 min 59 s", "60 min", "2 h 3 min",
    ]  # fmt: skip


def test_times_are_local_with_their_zone_and_no_longer_than_they_need_to_be() -> None:
    with local_time(BERLIN):
        assert clock_time(NOON) == "2026-09-21 16:13:20 CEST"
        assert clock_time(NOON + 119, NOON) == "16:15:19 CEST"
        assert clock_time(NOON + 720, NOON) == "16:25 CEST"
        assert clock_time(NOON + 8 * 3600, NOON) == "Tue 00:13 CEST"
        assert clock_time(NOON + 7 * 86400, NOON) == "2026-09-28 16:13 CEST"
        assert clock_time(NOON - 86400, NOON) == "2026-09-20 16:13 CEST"
        assert clock_time(1_800_000_000.0) == "2027-01-15 09:00:00 CET"
    with local_time("UTC"):
        assert clock_time(NOON) == "2026-09-21 14:13:20 UTC"


def test_a_span_of_time_names_day_and_zone_once_where_they_are_the_same() -> None:
    with local_time(BERLIN):
        assert span(NOON, NOON + 80) == "2026-09-21 16:13:20 to 16:14:40 CEST"
        assert span(NOON, NOON + 86400) == "2026-09-21 16:13:20 to 2026-09-22 16:13:20 CEST"
        winter = NOON + 100 * 86400
        assert span(NOON, winter) == "2026-09-21 16:13:20 CEST to 2026-12-30 15:13:20 CET"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("ada", 3),
        ("Größe – “x” €", 13),
        ("例え", 4),
        ("e\u0301", 1),
        ("ที่", 1),
        ("नि", 2),
        ("ｶﾞ", 2),
        ("👩\u200d🌾", 2),
        ("a\u200db", 2),
        ("a\u200e\u2068b\u2069", 2),
        ("a\x07b", 3),
    ],
)
def test_marks_take_no_column_and_wide_characters_two(text: str, columns: int) -> None:
    assert width(text) == columns


@example("a\u200d", 3)
@example("a\u200db\u200dc\u200dd", 3)
@given(st.text(), st.integers(1, 50))
def test_a_cut_text_fits_and_a_padded_one_fills(text: str, columns: int) -> None:
    assert width(cut(text, columns)) <= columns
    assert width(padded(cut(text, columns), columns)) == columns
