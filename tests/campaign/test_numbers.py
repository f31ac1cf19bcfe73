"""A text that is no number is an error and never 0; `number` reads what people write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.language.numbers import NoNumber, number


def rendered(source: str, **names: Any) -> str:
    return environment().from_string(source).render(names)


@pytest.mark.parametrize("name", ["int", "float"])
@pytest.mark.parametrize(
    "cell",
    ["1.234,50", "1,5", "1 234", "TRUE", "12 EUR", "nan", "inf", "-Infinity", "", " ", "1,234"],
)
def test_what_is_no_number_fails_and_is_never_0(name: str, cell: str) -> None:
    with pytest.raises(NoNumber) as caught:
        rendered(f"{{{{ x|{name} }}}}", x=cell)
    assert repr(cell) in str(caught.value)
    assert f"|{name}(0) takes 0 for it" in str(caught.value)


def test_the_filter_that_reads_it_is_named() -> None:
    with pytest.raises(NoNumber, match=r"\|number reads it"):
        rendered("{{ x|float }}", x="1.234,50")
    with pytest.raises(NoNumber, match=r"it is empty"):
        rendered("{{ x|int }}", x="")
    with pytest.raises(NoNumber, match=r'\|number\(","\) takes its mark for the decimal one'):
        rendered("{{ x|float }}", x="1,234")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("{{ '12'|int }}", "12"),
        ("{{ ' 12 '|int }}", "12"),
        ("{{ '12.7'|int }}", "12"),
        ("{{ '12.5'|float }}", "12.5"),
        ("{{ '1e3'|float }}", "1000.0"),
        ("{{ 'ff'|int(base=16) }}", "255"),
        ("{{ 3.7|int }}", "3"),
        ("{{ none|int }}", "0"),
        ("{{ ['1', '2']|map('int')|sum }}", "3"),
        ("{{ '1.234,50'|float(0) }}", "0"),
        ("{{ ''|int(default=7) }}", "7"),
        ("{{ 'x'|int(0, 16) }}", "0"),
        ("{{ 'x'|float(default=none) }}", "None"),
    ],
)
def test_numbers_and_written_defaults_mean_what_they_mean_in_jinja(source: str, found: str) -> None:
    assert rendered(source) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.234,50", 1234.5), ("1,234.50", 1234.5), ("1 234,50", 1234.5), ("1'234.50", 1234.5),
        ("1\u00a0234,50", 1234.5), ("1\u202f234,50", 1234.5), ("1’234,5", 1234.5), ("17,5", 17.5),
        ("17", 17), ("17.0", 17.0), ("-3,5", -3.5), ("\u22123", -3), ("+ 4", 4), (" 8 ", 8),
        ("1.234.567", 1234567), ("1,234,567", 1234567), ("1.234.567,8", 1234567.8), ("1234,567", 1234.567),
        ("0,123", 0.123), (",5", 0.5), ("1 234", 1234), ("12 345 678,9", 12345678.9), ("007", 7),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(text: str, found: float) -> None:
    assert number(text) == found
    assert isinstance(number(text), type(found))
    assert rendered("{{ x|number }}", x=text) == str(found)


@pytest.mark.parametrize(
    "text",
    [
        "1.234", "12,345", "123.456", "", " ", "x", "1e5", "1.23.4", "1,2,3", "1.2345,6", "1 2",
        "1.234 567,8",
        "--1", "1-", "€ 5", "5 EUR", "12:30", "1,234.567,8", "nan", "1" * 101, ".", "1.", "½", "١٢",
    ],
)  # fmt: skip
def test_what_may_be_two_numbers_or_none_is_an_error(text: str) -> None:
    with pytest.raises(NoNumber):
        number(text)


def test_the_author_says_which_mark_it_is_and_what_an_empty_cell_is() -> None:
    assert (number("1.234", ","), number("1.234", ".")) == (1234, 1.234)
    assert (number("1,234", decimal=","), number("1.234.567,89", ",")) == (1.234, 1234567.89)
    assert rendered("{{ x|number(default=0) }}", x=" ") == "0"
    with pytest.raises(NoNumber):
        number("x", default=0)
    with pytest.raises(NoNumber):
        number("1,5", ";")
    with pytest.raises(NoNumber):
        number("1,234.5", ",")
    assert number(5) == 5


@given(st.text("0123456789.,' -+\u00a0", max_size=20))
def test_any_text_is_a_number_or_an_error_of_ours(text: str) -> None:
    try:
        found = number(text)
    except NoNumber:
        return
    assert str(found).strip("-").replace(".", "").replace("e+", "").replace("e-", "").isdecimal()


@given(st.integers(0, 10**12), st.integers(0, 99))
def test_what_is_written_with_both_marks_is_read_back(whole: int, cents: int) -> None:
    english = f"{whole:,}.{cents:02}"
    german = english.translate(str.maketrans(",.", ".,"))
    if whole >= 1000:
        assert number(english) == number(german) == float(f"{whole}.{cents:02}")
    assert number(german, ",") == number(english, ".") == float(f"{whole}.{cents:02}")
