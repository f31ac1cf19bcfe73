"""Where a line of text ends: by columns of a terminal, between words, never within an address."""

from __future__ import annotations

import pytest

from sendbatch.message.plaintext.wrapping import wrapped
from sendbatch.words import width

JAPANESE = "折り返しは表示の幅で行い、「括弧」は離さない。"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("größer als je", ["größer als", "je"]),
        ("a https://example.com/long/path b", ["a", "https://example.com/long/path", "b"]),
        ("größer (https://example.com/ä)", ["größer", "(https://example.com/ä)"]),
        ("字 https://example.com/字字字字字字", ["字", "https://example.com/字字字字字字"]),
        ("字字字https://a.example/字", ["字字字", "https://a.example/", "字"]),
        ("字字字字、字", ["字字字字、", "字"]),
        ("字字字字字、字", ["字字字字", "字、字"]),
        ("字字字字「字」", ["字字字字", "「字」"]),
        ("字字字字か\u3099字", ["字字字字か\u3099", "字"]),
        ("word…word–word é", ["word…word–word", "é"]),
        ("한국어 문장은 띄어", ["한국어", "문장은", "띄어"]),
    ],
)
def test_lines_end_where_a_reader_would_end_them(text: str, lines: list[str]) -> None:
    assert wrapped(text, 10) == lines


@pytest.mark.parametrize("columns", range(4, 40))
def test_east_asian_text_fills_its_lines(columns: int) -> None:
    lines = wrapped(JAPANESE * 3, columns)
    assert "".join(lines) == JAPANESE * 3
    if columns >= 6:  # an opened word and its end fit
        assert all(width(line) <= columns for line in lines)
        assert all(width(line) > columns - 6 for line in lines[:-1])
    assert not any(line[0] in "、。」" for line in lines)
    assert not any(line[-1] == "「" for line in lines)
