"""How numbers and lists are said to people, and how wide text stands: as a terminal shows it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.words import count, cut, exact_duration, listed, padded, rate, rows, width


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
