"""Style sheets from a campaign's files to the mail, and what is wrong with them told before it leaves."""

from __future__ import annotations

import re

import pytest

from tests.kit.command import HTML, Desk, address_of

LINKED = f'<html><head>\n<link rel="stylesheet" href="HREF">\n</head><body>\n{HTML}</body></html>\n'
CSS = "p { color: #246 }\n@media (max-width: 600px) { p { color: #000 !important } }\n"


def linked(href: str) -> str:
    return LINKED.replace("HREF", href)


def html_of(desk: Desk, address: str) -> str:
    """The HTML that somebody got."""
    (mail,) = [mail for mail in desk.kept() if address_of(mail) == address]
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_linked_sheet_is_in_everybodys_tags_and_a_changed_one_is_a_changed_text(desk: Desk) -> None:
    desk.write("spring.html", linked("news.css"))
    desk.write("news.css", CSS)
    assert desk.run("check", "spring.yaml").code == 0
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    for address, name in (("ada@example.com", "Ada"), ("bjork@example.org", "Björk")):
        html = html_of(desk, address)
        assert f'<p style="color: #246;">Hello {name}, the Widget' in html
        assert "<style>@media (max-width: 600px) { p { color: #000 !important } }</style>" in html
        assert "<link" not in html
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    desk.write("news.css", CSS.replace("#246", "#642"))
    told = desk.run("plan", "spring.yaml")
    assert re.search("text changed|changed since", told.said), told.said


def test_a_sheet_is_left_as_it_is_where_the_campaign_says_so(desk: Desk) -> None:
    desk.campaign(("smtp: sandbox\n", "smtp: sandbox\ninline_css: false\n"))
    desk.write("spring.html", linked("news.css"))
    desk.write("news.css", CSS)
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    html = html_of(desk, "ada@example.com")
    assert f"<style>{CSS}</style>" in html
    assert "<p>Hello Ada" in html


def test_a_letter_whose_class_is_a_cell_is_inlined_for_each(desk: Desk) -> None:
    desk.write("spring.html", "<style>.paid{color:gold}.free{color:gray}</style><p class='{{ plan }}'>Hi")
    assert desk.run("run", "spring.yaml", "--yes").code == 0
    assert '<p style="color: gold;" class=\'paid\'>' in html_of(desk, "ada@example.com")
    assert '<p style="color: gray;" class=\'free\'>' in html_of(desk, "bjork@example.org")


@pytest.mark.parametrize(
    ("href", "css", "said"),
    [
        ("nwes.css", CSS, "spring.html:2:1: error: style sheet: no such file: nwes.css"),
        ("../out.css", CSS, "spring.html:2:1: error: style sheet: outside the campaign's"),
        ("/etc/passwd", CSS, "spring.html:2:1: error: style sheet: outside the campaign's"),
        ("{{ plan }}.css", CSS, "spring.html:2:1: error: a style sheet whose name is computed"),
        ("news.css", CSS + "@import 'more.css';", "news.css:3:1: error: @import: another style sheet"),
        ("news.css", "p{}\n</style><script>", "news.css:2:1: error: </style in a style sheet ends it"),
    ],
)
def test_a_sheet_that_cannot_be_used_is_told_with_its_place_and_nothing_is_sent(
    desk: Desk, href: str, css: str, said: str
) -> None:
    (desk.folder.parent / "out.css").write_text(CSS)
    desk.write("spring.html", linked(href))
    desk.write("news.css", css)
    for verb in (("check",), ("plan",), ("run", "--yes"), ("run", "--dry-run")):
        told = desk.run(verb[0], "spring.yaml", *verb[1:])
        assert told.code == 2
        assert said in told.err, told.err
    assert desk.nothing_was_sent()


def test_what_comes_to_nothing_is_warned_of(desk: Desk) -> None:
    sheet = "<style>\np{color:red}\n@media print{p{color:blue}}</style>"
    desk.write("spring.html", f"{linked('https://example.com/x.css')}{sheet}")
    told = desk.run("check", "spring.yaml")
    assert told.code == 0
    assert "spring.html:2:1: warning: few programs for mail load a style sheet from a web" in told.said
    assert "warning: color has no !important: what is written into the tags wins over it" in told.said


def test_tags_nested_without_end_fail_their_row_alone(desk: Desk) -> None:
    deep = "{% if plan == 'free' %}{{ ('<div>' * 50000)|safe }}{% endif %}"
    desk.write("spring.html", f"<style>p{{color:red}}</style>{deep}<p>Hi")
    told = desk.run("run", "spring.yaml", "--yes")
    assert told.code == 1
    assert "more than 100 tags within each other" in told.said
    assert "color: red" in html_of(desk, "ada@example.com")
