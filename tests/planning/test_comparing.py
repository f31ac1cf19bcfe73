"""What changed since the edition before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.message.remembered import Letter, Text
from sendbatch.planning.comparing import (
    LONGEST,
    MOST_ALTOGETHER,
    MOST_LINES,
    Line,
    People,
    TextChange,
    files_changed,
    people_changed,
    texts_changed,
    variables_changed,
)


def letter(**texts: str | None) -> Letter:
    return Letter({name: Text(text, str(hash(text))) for name, text in texts.items()})


def test_what_is_the_same_is_not_told() -> None:
    assert texts_changed(letter(text="a\n"), letter(text="a\n")) == ()


def test_a_changed_line_stands_between_its_neighbours() -> None:
    (change,) = texts_changed(letter(text="a\nb\nc\n"), letter(text="a\nB\nc\n"))
    assert change == TextChange(
        "text", "changed", 1, 1,
        (Line(" ", "a"), Line("-", "b"), Line("+", "B"), Line(" ", "c"), Line(" ", "")),
    )  # fmt: skip


def test_what_is_left_out_between_two_changes_is_marked() -> None:
    lines = [f"line {n}" for n in range(40)]
    (change,) = texts_changed(
        letter(text="\n".join(lines)), letter(text="\n".join(["x", *lines[1:-1], "y"]))
    )
    assert [line.sign for line in change.lines].count("@") == 1
    assert (change.added, change.removed, change.unshown) == (2, 2, 0)


def test_texts_that_are_new_or_gone_are_told_as_such() -> None:
    found = texts_changed(letter(text="a", footer="f"), letter(text="a", HTML="h"))
    assert [(one.name, one.how) for one in found] == [("HTML", "added"), ("footer", "removed")]


def test_markup_that_reads_the_same_is_told_as_markup() -> None:
    then, now = Letter({"HTML": Text("Hi", "1")}), Letter({"HTML": Text("Hi", "2")})
    assert texts_changed(then, now) == (TextChange("HTML", "changed in its markup alone"),)


def test_a_text_that_is_not_remembered_is_told_as_changed_without_lines() -> None:
    then, now = Letter({"HTML": Text(None, "1")}), Letter({"HTML": Text("Hi", "2")})
    assert texts_changed(then, now) == (TextChange("HTML", "changed"),)


def test_a_word_in_a_long_paragraph_shows_its_sentence_alone() -> None:
    before = " ".join(f"This is sentence number {n} of a paragraph." for n in range(50))
    (change,) = texts_changed(
        letter(text=before), letter(text=before.replace("number 25", "no. 25"))
    )
    assert [line.text for line in change.lines if line.sign == "-"] == [
        "This is sentence number 25 of a paragraph."
    ]


@given(st.text(max_size=600))
def test_no_line_is_longer_than_may_be_shown(text: str) -> None:
    for change in texts_changed(letter(), letter(text=text)):
        assert all(len(line.text) <= LONGEST for line in change.lines)


def test_a_diff_is_bounded_and_counts_what_it_leaves_out() -> None:
    many = {f"t{n}": "\n".join(map(str, range(100))) for n in range(10)}
    found = texts_changed(letter(), letter(**many))
    assert [len(one.lines) for one in found][:4] == [MOST_LINES, MOST_LINES, MOST_LINES, 20]
    assert sum(len(one.lines) for one in found) == MOST_ALTOGETHER
    assert all(one.added == 100 == one.unshown + len(one.lines) for one in found)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["x"] * 200_000, ["y"] * 200_000),
        ([str(n) for n in range(100_000)], [str(-n) for n in range(100_000)]),
        ([str(n % 70) for n in range(1500)], [str((n * 7) % 70) for n in range(1500)]),
    ],
)
def test_however_much_changed_it_is_told_how_much(before: list[str], after: list[str]) -> None:
    (change,) = texts_changed(letter(text="\n".join(before)), letter(text="\n".join(after)))
    assert change.added
    assert change.removed


def test_files_and_variables_are_told_by_their_names() -> None:
    then = Letter({}, {"picture a": "1", "picture b": "1", "picture c": "1"}, {"x": "1", "y": "1"})
    now = Letter({}, {"picture b": "2", "picture c": "1", "attachment d": "1"}, {"x": "2", "z": "1"})
    assert [(one.name, one.how) for one in files_changed(then, now)] == [
        ("picture b", "changed"), ("attachment d", "added"), ("picture a", "removed"),
    ]  # fmt: skip
    assert variables_changed(then, now) == ("x", "z", "y")


def test_lists_are_compared_by_their_keys() -> None:
    assert people_changed("abcd", "cdefg") == People(added=3, removed=2, common=2)
    assert people_changed("", "ab") == People(2, 0, 0)
