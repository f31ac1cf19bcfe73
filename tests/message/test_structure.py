"""Tags that are never closed, or closed in the wrong place, are told with the line of the template."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sendbatch.message.checks.structure.finding import unclosed_tags
from sendbatch.message.checks.structure.outlook import as_outlook_reads, holds
from sendbatch.message.content import Content

from .conftest import bundle, content


def of_html(source: str, **others: str) -> Content:
    return replace(content(text=None), html=bundle(source, **others))


def told(source: str, **others: str) -> list[tuple[str, str]]:
    """(place, what is said) of each."""
    found = [*unclosed_tags(of_html(source, **others))]
    spots = [one.place for one in found if one.place is not None]
    assert len(spots) == len(found)
    return [
        (f"{spot.file.removeprefix('templates/')}:{spot.line}:{spot.column}", one.message)
        for one, spot in zip(found, spots, strict=True)
    ]


@pytest.mark.parametrize(
    ("source", "place", "said"),
    [
        ("<p>\n <b>x</p>", "2:2", "<b> is not closed before </p> of line 2"),
        ("<div>\n<span>x</span>", "1:1", "<div> is never closed"),
        ("<ul><li>a\n</div></ul>", "2:1", "</div> closes nothing"),
        ("<b>\n<i>x</b></i>", "2:5", "</b> stands before </i>, which closes the <i> of line 2"),
        ("<table><tr><td><div>x\n</td></tr></table>", "1:16", "<div> is not closed before </td> of line 2"),
        ("<div><table><tr><td>x</td></tr>\n</div>", "1:6", "<table> is never closed"),
        ("<div><table><td></div></td></table>", "1:17", "</div> closes nothing within the <td> of line 1"),
        (
            "<!--[if mso]><table><tr><td><![endif]--><div><table><tr><td>a\n<table><tr><td>b</td></tr>\n"
            "</td></tr><tr><td>c</td></tr></table></div><!--[if mso]></td></tr></table><![endif]-->",
            "2:1",
            "<table> is not closed before </td> of line 3",
        ),
        (
            "<table><tr><td>a<table><tr><td>b</td></tr>\n</td><tr><td></td></tr></table></td></tr></table>",
            "2:1",
            "</td> closes nothing within the <table> of line 1",
        ),
        ("<a href=x>a <a href=y>b</a>", "1:1", "<a> is never closed"),
        ("<div/>x", "1:1", "<div> is never closed"),
        ("<style>\na{color:red}", "1:1", "<style> is never closed: nothing behind it is shown"),
        ("<p>x<!-- y --", "1:5", "a comment is never closed: nothing behind it is shown"),
        ("{% if a %}<div>{% else %}<div>{% endif %}x", "1:11", "<div> is never closed"),
        ("{% for a in b %}<td><i>x</td>{% endfor %}", "1:21", "<i> is not closed before </td> of line 1"),
        (
            "<html><center><!--[if mso]>\n<table><tr><td><![endif]-->x</center></body></html>",
            "2:1",
            "in Outlook for Windows, <table> is never closed",
        ),
        (
            "<!--[if mso]>\n<table><tr><td><![endif]-->x<!--[if mso]></td></tr><![endif]-->",
            "2:1",
            "in Outlook for Windows, <table> is never closed",
        ),
    ],
)  # fmt: skip
def test_a_tag_that_is_not_closed_is_told(source: str, place: str, said: str) -> None:
    assert told(source) == [(f"body.html:{place}", said)]


@pytest.mark.parametrize(
    "source",
    [
        "<!doctype html><html><head><title>x</title><meta charset=utf-8><body><p>a<p>b<br/>c<hr><img src=x>",
        "<ul><li>a<li>b<ul><li>c</ul></ul><dl><dt>a<dd>b<dt>c</dl><select><option>a<option>b</select>",
        "<table><colgroup><col><tbody><tr><td>a<td>b<tr><th>c<tbody><tr><td><table><tr><td>d</table></table>",
        "<p><div>x</div></p><P><B>x</b></p><a name=x></a>",
        "<svg><path d='M0'/><g><rect/></g></svg><o:p></o:p><v:rect/>",
        "<![if !mso]><div>x</div><![endif]><!--[if !mso]><!--><div>x</div><!--<![endif]-->",
        "<!--[if mso]><table><tr><td><![endif]--><p>x</p><!--[if mso]></td></tr></table><![endif]-->",
        "<!--[if (gte mso 9)|(IE)]><table><td><![endif]-->x<!--[if (gte mso 9)|(IE)]></table><![endif]-->",
        "<!--[if lt mso 12]><table><![endif]-->",
        "<!--[if gte mso 9]><xml><o:Settings><o:AllowPNG/></o:Settings></xml><![endif]-->",
        "{% if a %}<table>{% else %}<table width=1>{% endif %}<tr><td>x</table>",
        "<td {% if a > b %}class=x{% endif %}>x</td><a href='{% if a %}x{% else %}y{% endif %}'>x</a>",
        "<h{{ level }}>x</h{{ level }}>",
        "<{% if a %}b{% else %}i{% endif %}>x</{% if a %}b{% else %}i{% endif %}>",
        "{% if a %}<b>{% endif %}x{% if a %}</b>{% endif %}",
        "{% for a in b %}{% if a.new %}<tr>{% endif %}<td>x</td>{% if a.last %}</tr>{% endif %}{% endfor %}",
        "{% macro cell(x) %}<td>{{ x }}{% endmacro %}<table><tr>{{ cell(1) }}</table>",
        "{% raw %}<b>{{ x }}</b>{% endraw %}{# <div> #}<b>{{ '<i>' }}</b>",
        "<script>document.write('<div>')</script><style>a>b{}</style><textarea><b></textarea>",
        "1 < 2 <3 a<b",
    ],
)
def test_what_browsers_read_as_it_is_meant_is_fine(source: str) -> None:
    assert told(source) == []


def test_a_letter_in_pieces_is_looked_at_whole() -> None:
    whole = "{% include 'head' %}<p>x</p>\n{% include 'foot' %}"
    head, foot = "<html><body><table><tr><td>", "</td></tr></table></body></html>"
    assert told(whole, head=head, foot=foot) == []
    missing = told(whole, head=head, foot=f"<div>\n{foot}")
    assert missing == [("foot:1:1", "<div> is not closed before </td> of templates/foot:2")]


def test_a_block_stands_in_what_it_extends() -> None:
    base = "<table><tr><td>{% block body %}<p>{% endblock %}</td></tr></table>"
    assert told("{% extends 'base' %}{% block body %}<b>x</b>{% endblock %}", base=base) == []
    found = told("{% extends 'base' %}\n{% block body %}<b>x{% endblock %}", base=base)
    assert found == [("body.html:2:17", "<b> is not closed before </td> of templates/base:1")]


def test_html_in_markdown_and_the_layout_are_looked_at() -> None:
    letter = bundle("# Hi\n\n`<i>` and <b>bold\n\n<p><b>x</b></p>\n", "letter.md")
    made = replace(content(text=None), markdown=letter, layout=bundle("<td><u>{{ content }}</td>"))
    assert [one.message for one in unclosed_tags(made)] == [
        "<b> is never closed",
        "<u> is not closed before </td> of line 1",
    ]


def test_a_few_are_named() -> None:
    found = [*unclosed_tags(of_html("<div>" * 300))]
    assert len(found) == 6
    assert found[-1].message == "and 295 more tags that are not closed where they should be"


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 100_000,
        "<div>" * 80_000 + "</div>" * 80_000,
        "<ul>" + "<div>" * 500 + "<li></li>" * 90_000,
        "<span>" * 500 + "</div>" * 90_000,
        "<!--[if mso]>" * 70_000,
        "<!--" * 200_000,
        "{% if a %}<b>{% else %}<b>{% endif %}" * 2_000,
        "<p>x</p>" * 1_250_000,
    ],
    ids=["open", "nested", "items", "strays", "outlook", "comments", "branches", "10 MB"],
)
def test_html_that_is_no_letter_is_read_in_bounded_time(source: str) -> None:
    assert len([*unclosed_tags(of_html(source))]) <= 6


def test_outlook_reads_what_is_kept_for_it() -> None:
    source = "a<!--[if mso]>b<![endif]-->c<!--[if !mso]><!-->d<!--<![endif]-->e<!-- f -->"
    read = as_outlook_reads(source)
    assert len(read) == len(source)
    assert read.replace(" ", "") == "abce<!--f-->"
    true = ["mso", "gte mso 9", "mso 16", "(gt mso 9)&(lt mso 20)", "mso | IE", "IE | gte mso 12", "!IE"]
    assert [asked for asked in (*true, "!mso", "lt mso 12", "IE", "mso 12", "") if holds(asked)] == true
