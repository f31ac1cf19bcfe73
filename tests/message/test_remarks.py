"""Comments for sendbatch in templates: taken out, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.campaign.model import Campaign, Templates
from sendbatch.message.origins import without_origins
from sendbatch.message.reading import read_content
from sendbatch.message.remarks import without_remarks
from sendbatch.message.source import at_offset

from .conftest import built


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
    assert without_origins(without_remarks(source, "").source) == "<p>\n<img>\n"


def test_lines_that_went_are_counted_all_the_same() -> None:
    alone = "  <!-- sendbatch: ignore a --> {# sendbatch: ignore b #}\n"
    source = f"{alone}a\n{alone}{alone}bcd"
    read = without_remarks(source, "x").source
    assert without_origins(read) == "a\nbcd"
    spot = at_offset("x", read, read.index("c"))
    assert (spot.line, spot.column, spot.text) == (5, 2, "bcd")
    assert at_offset("x", read, 0).line == 2


def test_a_comment_of_a_template_that_is_open_is_not_closed() -> None:
    source = "{# sendbatch: ignore a #}\n{# a\nb"
    assert without_remarks(source, "").source == "\n{# a\nb"


def test_one_within_a_line_leaves_all_else_as_it_is() -> None:
    read = without_remarks("a <!-- sendbatch: ignore a --> b {# sendbatch: ignore b #} c", "")
    assert read.source == "a  b  c"
    assert [one.rules for one in read.remarks] == [("a",), ("b",)]


def test_one_over_several_lines_leaves_the_lines() -> None:
    source = "a\n<!-- sendbatch:\n  ignore a,\n  b -->\nc"
    assert said(source) == [(2, ("a", "b"), (2, 3, 4, 5))]
    assert without_origins(without_remarks(source, "").source) == "a\nc"
    assert without_remarks(source, "", keeps_lines=True).source == "a\n\n\n\nc"


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


@pytest.mark.parametrize(
    ("key", "source"),
    [
        ("text", "Hello {{ first_name }},\n\nREMARK{first_name} is your code\n\nBye\n"),
        ("html", "REMARK<p>Hello</p>\n<pre>\nREMARK  x\n</pre>\n{% raw %}\nREMARK{% endraw %}\nREMARK"),
        ("markdown", "# Hello\n\n```yaml\na: {name}\nREMARKb: c\n```\n\nREMARK- one\nREMARK- two\n"),
        (
            "mjml",
            "<mjml><mj-body><mj-section><mj-column><mj-text>\nREMARKHello <pre>\nREMARK x</pre>\n"
            "</mj-text>\nREMARK<mj-button href='https://a.example/'>x</mj-button></mj-column></mj-section>\n"
            "REMARK</mj-body>\n</mjml>\n",
        ),
    ],
)
@pytest.mark.parametrize(
    "remark",
    [
        *("{# sendbatch: ignore broken-link #}\n", "  <!-- sendbatch: ignore broken-link -->\t\r\n"),
        "<!-- sendbatch:\n ignore broken-link -->\n",
    ],
)
def test_neither_mail_nor_digest_has_a_line_of_a_comment(
    campaign: Callable[..., Campaign], tmp_path: Path, key: str, source: str, remark: str
) -> None:
    file = tmp_path / f"templates/letter.{key}"
    templates = Templates(**{{"mjml": "html"}.get(key, key): file})
    with_it, without = (
        read_content(campaign({f"templates/{file.name}": source.replace("REMARK", one)}, templates=templates))
        for one in (remark, "")
    )
    assert any(each.remarks for each in with_it.bundles)
    assert with_it.digest == without.digest
    assert built(with_it).data == built(without).data


@given(st.text("<!->/*{#} \r\nsendbatch:ignore", max_size=80))
def test_whatever_stands_there_lines_stay_where_they_were(source: str) -> None:
    read = without_remarks(f"{source}<!-- sendbatch: ignore a -->\n{source}", "", keeps_lines=True)
    assert len(read.source.splitlines()) <= len(source.splitlines()) * 2 + 2
    assert read.source.count("\n") == 2 * source.count("\n") + 1
    assert read.source.count("\r") == 2 * source.count("\r")


def test_a_line_of_half_a_megabyte_is_read_at_once() -> None:
    begun = ("<!-- sendbatch:", "/* sendbatch: ", "{# sendbatch:", "<!--", " ", "<!-- sendbatch: ignore a ")
    for source in (one * (500_000 // len(one)) for one in begun):
        assert without_remarks(source, "").source == source
