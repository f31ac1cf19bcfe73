"""How numbers and lists are said to people."""

from __future__ import annotations

import pytest

from sendbatch.words import count, listed, rows


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
