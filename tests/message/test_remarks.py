"""Comments for sendbatch in templates: taken out, and what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.message.remarks import without_remarks


def said(source: str) -> list[tuple[int | None, tuple[str, ...], tuple[int, ...]]]:
    return [(one.place.line, one.rules, one.lines) for one in without_remarks(source, "a.html").remarks]


@pytest.mark.parametrize(
    "comment",
    [
        "<!-- sendbatch: ignore wide-picture -->",
        "<!--sendbatch:ignore wide-picture-->",
        "<!-- SendBatch: Ignore Wide-Picture -->",
        "/* sendbatch: ignore wide-picture */",
        "{# sendbatch: ignore wide-picture #}",
    ],
)
def test_a_remark_is_a_comment_of_html_of_css_or_of_jinja(comment: str) -> None:
    read = without_remarks(f"<p>\n<img> {comment}\n</p>", "a.html")
    assert read.source == "<p>\n<img>\n</p>"
    (one,) = read.remarks
    assert (one.rules, one.lines) == (("wide-picture",), (2,))
    assert (one.place.file, one.place.line, one.place.column) == ("a.html", 2, 7)
    assert one.place.text == f"<img> {comment}"


def test_several_rules_stand_behind_one_another() -> None:
    assert said("x <!-- sendbatch: ignore a, b c,d -->") == [(1, ("a", "b", "c", "d"), (1,))]


def test_a_remark_on_a_line_of_its_own_is_about_the_next_line_too() -> None:
    source = "<p>\n  <!-- sendbatch: ignore a -->\r\n<img>\n"
    assert said(source) == [(2, ("a",), (2, 3))]
    assert without_remarks(source, "").source == "<p>\n\r\n<img>\n"


def test_one_within_a_line_leaves_all_else_as_it_is() -> None:
    read = without_remarks("a <!-- sendbatch: ignore a --> b {# sendbatch: ignore b #} c", "")
    assert read.source == "a  b  c"
    assert [one.rules for one in read.remarks] == [("a",), ("b",)]


def test_one_over_several_lines_leaves_the_lines() -> None:
    source = "a\n<!-- sendbatch:\n  ignore a,\n  b -->\nc"
    assert said(source) == [(2, ("a", "b"), (2, 3, 4, 5))]
    assert without_remarks(source, "").source == "a\n\n\n\nc"


@pytest.mark.parametrize(
    "words",
    ["", "ignor a", "ignore", "ignore a;b", "disable a", "ignore ä!", "ignore *", "ignore a/b"],
)
def test_what_is_not_understood_is_taken_out_too(words: str) -> None:
    read = without_remarks(f"a <!-- sendbatch: {words} -->", "")
    assert read.source == "a"
    assert [one.rules for one in read.remarks] == [()]


@pytest.mark.parametrize(
    "source",
    [
        "<!-- sendbatch -->",
        "<!-- written for sendbatch: ignore a -->",
        "<!-- sendbatch: ignore a",
        "sendbatch: ignore a",
        "<!-- sendbatch: ignore a */",
        "{#- sendbatch: ignore a -#}",
        "<!--[if mso]> sendbatch: ignore a <![endif]-->",
    ],
)
def test_other_comments_stay_as_they_are(source: str) -> None:
    assert without_remarks(source, "") == (source, ())


@given(st.text("<!->/*{#} \r\nsendbatch:ignore", max_size=80))
def test_whatever_stands_there_lines_stay_where_they_were(source: str) -> None:
    read = without_remarks(f"{source}<!-- sendbatch: ignore a -->\n{source}", "")
    assert len(read.source.splitlines()) <= len(source.splitlines()) * 2 + 2
    assert read.source.count("\n") == 2 * source.count("\n") + 1
    assert read.source.count("\r") == 2 * source.count("\r")


def test_a_line_of_half_a_megabyte_is_read_at_once() -> None:
    begun = ("<!-- sendbatch:", "/* sendbatch: ", "{# sendbatch:", "<!--", " ", "<!-- sendbatch: ignore a ")
    for source in (one * (500_000 // len(one)) for one in begun):
        assert without_remarks(source, "").source == source
