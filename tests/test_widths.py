"""How wide text stands: as a terminal shows it, not as Python counts it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sendbatch.widths import cut, padded, width


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
