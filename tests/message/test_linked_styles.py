"""Style sheets that a template links to are read with it, and stand in the mail."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sendbatch.campaign.model import Templates
from sendbatch.errors import CampaignError, Finding
from sendbatch.message.checks.styles import doubtful_styles
from sendbatch.message.content import Content

from .conftest import body_of, built

Reading = Callable[..., Content]
LINK = '<link rel="stylesheet" href="news.css">'


def shown(made: Content) -> str:
    return body_of(built(made), "html").removesuffix("\n")


def findings(reading: Reading, files: dict[str, Any], **fields: Any) -> list[Finding]:
    with pytest.raises(CampaignError) as refused:
        reading(files, **fields)
    return [*refused.value.findings]


@pytest.mark.parametrize(
    ("link", "made"),
    [
        (LINK, '<p style="color: red;">Hello</p>'),
        ("<LINK REL='StyleSheet' HREF=news.css?v=2 />", '<p style="color: red;">Hello</p>'),
        ("<link rel=stylesheet href='./news%2Ecss#x'>", '<p style="color: red;">Hello</p>'),
        (LINK * 2, '<p style="color: red;">Hello</p>'),
        (
            '<link rel="stylesheet" href="news.css" media="print">',
            "<style>@media print {p{color:red}}</style><p>Hello</p>",
        ),
        (
            '<link rel="stylesheet" href="news.css" data-css-inline="ignore">',
            '<style data-css-inline="ignore">p{color:red}</style><p>Hello</p>',
        ),
        ("{% if first_name == 'Jo' %}" + LINK + "{% endif %}", "<p>Hello</p>"),
        ("{% raw %}{{ x }}" + LINK + "{% endraw %}", '{{ x }}<p style="color: red;">Hello</p>'),
        ("<!-- " + LINK + " -->", f"<!-- {LINK} --><p>Hello</p>"),
        ("<link rel=icon href=news.css>", "<link rel=icon href=news.css><p>Hello</p>"),
    ],
)
def test_a_linked_sheet_is_written_into_the_tags(reading: Reading, link: str, made: str) -> None:
    files = {"templates/body.html": f"{link}<p>Hello</p>", "templates/news.css": "p{color:red}"}
    assert shown(reading(files)).replace(" " * len(LINK), "") == made


def test_a_sheet_is_left_whole_where_nothing_is_inlined(reading: Reading) -> None:
    files = {"templates/body.html": f"{LINK}<p>Hello</p>", "templates/news.css": "p{color:red}"}
    assert shown(reading(files, inline_css=False)) == "<style>p{color:red}</style><p>Hello</p>"


def test_a_sheet_is_looked_for_beside_the_template_that_links_to_it(reading: Reading) -> None:
    made = reading({
        "templates/body.html": '{% include "parts/head.html" %}<p>Hello</p>',
        "templates/parts/head.html": '<link rel=stylesheet href=x.css><link rel=stylesheet href=../y.css>',
        "templates/parts/x.css": "p{a:b}",
        "templates/x.css": "p{not:this}",
        "templates/y.css": "p{c:d}",
    })
    assert shown(made).strip() == '<p style="a: b;c: d;">Hello</p>'


@pytest.mark.parametrize(
    "css",
    [
        "p::before{content:'{{ 7 * 7 }}{% endraw %}{{ 7 * 7 }}{%- endraw -%}{# x #}{% raw %}'}",
        "{% endraw %}{{ nothing }}{% include 'x' %}",
        "/* {%endraw%} {% raw %} */ p::before{color:red}",
    ],
)
def test_a_sheet_is_no_template(reading: Reading, css: str) -> None:
    files = {"templates/body.html": f"{LINK}<p>Hello</p>", "templates/news.css": css}
    made = reading(files, inline_css=False)
    assert shown(made).split("\n")[0].startswith(f"<style>{css}</style>")


def test_what_a_sheet_says_is_part_of_the_content(reading: Reading) -> None:
    def digest(css: str, **fields: Any) -> str:
        files = {"templates/body.html": f"{LINK}<p>Hello</p>", "templates/news.css": css}
        return reading(files, **fields).digest

    assert digest("p{a:b}") == digest("p{a:b}") != digest("p{c:d}")
    assert digest("p{a:b}") != digest("p{a:b}", inline_css=False)


def test_a_campaign_without_styles_has_the_same_digest_whatever_is_inlined(reading: Reading) -> None:
    assert reading().digest == reading(inline_css=False).digest


def test_lines_and_columns_are_still_the_authors(reading: Reading) -> None:
    body = f'<p>one\n{LINK} <style>@import "x"</style>\n'
    (found,) = findings(reading, {"templates/body.html": body, "templates/news.css": "p{a:b}"})
    assert found.place is not None
    assert (found.place.line, found.place.column) == (2, len(LINK) + len(" <style>") + 1)


WRONG = [
    ("nwes.css", "style sheet: no such file: nwes.css", "did you mean news.css?"),
    (
        "../../out.css",
        "style sheet: outside the campaign's and templates' folders: ../../out.css",
        "copy it beside the template",
    ),
    ("out-by-a-link.css", "outside the campaign's and templates' folders", "copy it beside the template"),
    ("/etc/passwd", "outside the campaign's and templates' folders: /etc/passwd", "relative to the template"),
    ("file:///etc/passwd", "outside the campaign's and templates' folders", "relative to the template"),
    ("..%2f..%2fout.css", "outside the campaign's and templates' folders", "copy it beside the template"),
    ("folder.css", "style sheet: is a folder, not a file: folder.css", None),
    ("pipe.css", "style sheet: is not a regular file", None),
    ("{{ first_name }}.css", "whose name is computed", "{% if … %}<link …>{% endif %}"),
    ("{% if first_name %}a{% endif %}.css", "whose name is computed", "{% if … %}<link …>{% endif %}"),
    ("", "href is missing", 'href="style.css"'),
    ("a%00b.css", "outside the campaign's", None),
]


@pytest.mark.parametrize(("href", "said", "hint"), WRONG)
def test_a_sheet_that_cannot_be_read_is_told_with_its_place(
    reading: Reading, tmp_path: Path, href: str, said: str, hint: str | None
) -> None:
    (tmp_path / "campaign").mkdir()
    (tmp_path / "out.css").write_text("p{a:b}")
    folder = tmp_path / "campaign"
    (folder / "templates" / "folder.css").mkdir(parents=True)
    (folder / "templates" / "out-by-a-link.css").symlink_to(tmp_path / "out.css")
    os.mkfifo(folder / "templates" / "pipe.css")
    body = f'<p>Hello\n  <link rel="stylesheet" href="{href}">'
    files = {"templates/body.html": body, "templates/news.css": ""}
    (found,) = findings(reading, files, folder=folder)
    assert found.rule == "unusable-style-sheet"
    assert said in found.message
    assert (hint or "") in (found.hint or "")
    assert found.place is not None
    assert (Path(found.place.file).name, found.place.line, found.place.column) == ("body.html", 2, 3)


@pytest.mark.parametrize(
    ("css", "rule", "line"),
    [
        (b"p{a:b}\n\n @import 'x.css';", "css-import", 3),
        (b"@IMPORT url(https://example.com/x.css);", "css-import", 1),
        (b"/* @import 'x'; */ p{content:'@import'}\np{a:b} </style><script>", "unusable-style-sheet", 2),
        (b"p{a:b}\n/* \xff */", "not-utf-8", 2),
        (b" " * 1_000_001, "file-too-large", None),
    ],
)
def test_a_sheet_with_what_no_mail_can_have_is_told_with_its_line(
    reading: Reading, css: bytes, rule: str, line: int | None
) -> None:
    files = {"templates/body.html": f"{LINK}<p>Hello", "templates/news.css": css}
    (found,) = findings(reading, files)
    assert found.rule == rule
    assert found.place is not None
    assert (Path(found.place.file).name, found.place.line) == ("news.css", line)


def test_what_is_wrong_in_a_sheet_is_told_with_its_line_and_column(reading: Reading) -> None:
    css = "p{background:url(no.png)#eee}\n.x{background:url(nor.png)#eee}"
    files = {"templates/body.html": f"{LINK}<p>Hello", "templates/news.css": css}
    first, second = findings(reading, files)
    for found, line, column in ((first, 1, 18), (second, 2, 19)):
        assert found.place is not None
        assert (Path(found.place.file).name, found.place.line) == ("news.css", line)
        assert found.place.column == column
        assert found.place.text == css.splitlines()[line - 1]


def test_an_import_in_a_template_is_told_with_its_line_and_column(reading: Reading) -> None:
    body = "<p>Hello\n<style>\n  p{a:b} /* @import */\n  @import url(x.css);</style><!-- @import -->"
    (found,) = findings(reading, {"templates/body.html": body})
    assert (found.rule, found.place and found.place.line) == ("css-import", 4)
    assert found.place is not None
    assert found.place.column == 3


@pytest.mark.parametrize("href", ["https://example.com/news.css", "//example.com/x.css"])
def test_a_sheet_on_a_web_server_is_left_and_warned_of(reading: Reading, href: str) -> None:
    body = f"<p>Hello\n<link rel=stylesheet href='{href}'>"
    made = reading({"templates/body.html": body})
    assert shown(made) == body
    (found,) = doubtful_styles(made)
    assert (found.rule, found.place and found.place.line) == ("remote-style-sheet", 2)


def test_a_layouts_sheets_are_written_into_the_tags_and_looked_at(
    reading: Reading, tmp_path: Path
) -> None:
    layout = f"<html><head>\n{LINK}</head><body>{{{{ content }}}}</body></html>"
    css = "p{color:red}\n@media print{p{color:blue}}"
    files = {"templates/a.md": "Hello\n", "templates/l.html": layout, "templates/news.css": css}
    folder = tmp_path / "templates"
    made = reading(files, templates=Templates(markdown=folder / "a.md", layout=folder / "l.html"))
    assert '<p style="color: red;">Hello</p>' in shown(made)
    (found,) = doubtful_styles(made)
    assert found.place is not None
    assert (Path(found.place.file).name, found.place.line) == ("news.css", 2)


def test_the_layout_of_the_package_has_nothing_to_be_warned_of(
    reading: Reading, tmp_path: Path
) -> None:
    made = reading(
        {"templates/a.md": "Hello\n"}, templates=Templates(markdown=tmp_path / "templates/a.md")
    )
    assert made.layout is not None
    assert [*doubtful_styles(made)] == []


def test_a_sheet_is_off_limits_for_what_rows_attach(reading: Reading, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    files = {"templates/body.html": f"{LINK}<p>Hello", "templates/news.css": "p{a:b}"}
    made = reading(files, templates=Templates(html=tmp_path / "templates/body.html"))
    assert made.html is not None
    assert any(path.endswith("news.css") for path in made.html.paths.values())


@pytest.mark.parametrize(
    ("css", "rule", "said", "line"),
    [
        ("p{color:red}\n@media x{p{color:blue}}", "overruled-style", "color has no !important:", 2),
        ("a{color:red}\na:hover{color:blue}\na:active{color:blue}", "overruled-style", ":3): what is", 2),
        ("p{margin:0}\n@media x{\np{margin-top:1px}}", "overruled-style", "margin-top has no", 3),
        ("p{\na:b;&:hover{c:d}}", "lost-style", "a rule within another is lost: &:hover", 2),
        ("p{color:red;\ncolor:rgba(0,0,0,.5)}", "lost-style", "color is declared twice", 2),
        ("p{a:b\n", "lost-style", "a brace has no other", 1),
        ("p{a:b}\n}", "lost-style", "a brace has no other", 2),
    ],
)
@pytest.mark.parametrize("is_linked", [False, True])
def test_what_a_sheet_says_in_vain_is_warned_of(
    reading: Reading, css: str, rule: str, said: str, line: int, is_linked: bool
) -> None:
    body = f"{LINK}<p>Hello" if is_linked else f"<p>Hello<style>{css}</style>"
    made = reading({"templates/body.html": body, "templates/news.css": css})
    (found,) = doubtful_styles(made)
    assert (found.rule, found.place and found.place.line) == (rule, line)
    assert said in found.message
    assert [*doubtful_styles(reading({"templates/body.html": body}, inline_css=False))] == []


@pytest.mark.parametrize(
    "css",
    [
        "p{color:red}@media x{p{color:blue!important}} a:hover{color:blue ! important}",
        "p{color:red}@media x{p{width:100%}}",
        "p{color:red}@font-face{font-family:x;src:url(https://a.example/x;y{z)}@keyframes k{from{color:red}}",
        "/* p{ */ p::before{content:'}{;'} p{background:url(https://a.example/x;y})}",
        "{{ x }}p{color:{{ y }}}",
        "p{a:b}p{a:c}.x{a:b}",
    ],
)
def test_a_sheet_that_says_what_it_does_is_not_warned_of(reading: Reading, css: str) -> None:
    body = "{% set x = '' %}{% set y = '' %}<p>Hello<style>" + css + "</style>"
    assert [*doubtful_styles(reading({"templates/body.html": body}))] == []


@pytest.mark.parametrize(
    ("css", "body", "overruled"),
    [
        ("p{color:red} a.button:hover{color:blue}", "<p><a class=button>x</a>", 0),
        (".foot{color:red} a.button:hover{color:blue}", "<p class=foot><a class=button>x</a>", 0),
        (".foot{color:red} a.button:hover{color:blue}", "<p><a class='button foot'>x</a>", 1),
        (".foot .far{color:red} @media x{p{color:blue}}", "<p class='far'>x", 1),
        ("a{color:red} a.button:hover{color:blue}", "", 1),
        ("P.lead{color:red} @media x{p{color:blue}}", "", 1),
        ("*{color:red} @media x{p{color:blue}}", "", 1),
        ("td,p{color:red} @media x{div > p{color:blue}}", "", 1),
        ("a{color:red} a[href='a b']:hover{color:blue}", "", 1),
        ("a[lang]{color:red} p:hover{color:blue}", "", 0),
        ("a{color:red} @media x{a::before{color:blue}}", "", 0),
        ("p{color:red} .x p:not(.y z):hover{color:blue} @media x{p,a{color:blue}}", "", 2),
    ],
)
def test_a_rule_is_in_vain_where_one_for_the_same_tags_is_written_into_them(
    reading: Reading, css: str, body: str, overruled: int
) -> None:
    made = reading({"templates/body.html": f"{LINK}Hi {body}", "templates/news.css": css})
    found = [*doubtful_styles(made)]
    assert [one.rule for one in found] == ["overruled-style"] * min(overruled, 1)
    if overruled > 1:
        assert re.search(r", nor 1 other \(\S*news\.css:1\):", found[0].message)


def in_markdown(reading: Reading, folder: Path, source: str, css: str = "p{color:red}") -> Content:
    files = {
        "templates/a.md": source,
        "templates/news.css": css,
        "templates/l.html": "<body>{{ content }}",
    }
    templates = Templates(markdown=folder / "templates/a.md", layout=folder / "templates/l.html")
    return reading(files, templates=templates)


@pytest.mark.parametrize(
    "around", ["{}", "{{% if first_name %}}{}{{% endif %}}", "{{% raw %}}{}{{% endraw %}}"]
)
def test_a_sheet_that_markdown_links_to_is_written_into_the_tags(
    reading: Reading, tmp_path: Path, around: str
) -> None:
    css = "p{color:red}\n\n* em{margin:0}\n\n    code{a:b}\n"
    made = in_markdown(reading, tmp_path, f"# Hi\n\n{around.format(LINK)}\n\nHello *you*\n", css)
    html = shown(made)
    assert '<p style="color: red;">Hello <em style="margin: 0;">you</em></p>' in html
    assert "p{color" not in body_of(built(made), "plain")


@pytest.mark.parametrize(
    ("source", "rule", "line", "column"),
    [
        ("ä\n\n<link rel=stylesheet href=no.css>\n", "unusable-style-sheet", 3, 1),
        (f"ä\n\nä {LINK} x\n", "unusable-style-sheet", 3, 3),
        (f"ä\n\n- x\n\n  {LINK}\n", "unusable-style-sheet", 5, 3),
        ("ä\n\n<style>\n\nä{a:b}\n @import url(x.css);</style>\n", "css-import", 6, 2),
    ],
)
def test_what_is_wrong_with_a_sheet_of_markdown_has_its_place(
    reading: Reading, tmp_path: Path, source: str, rule: str, line: int, column: int
) -> None:
    with pytest.raises(CampaignError) as refused:
        in_markdown(reading, tmp_path, source)
    [found] = refused.value.findings
    assert found.place is not None
    assert (found.rule, found.place.line, found.place.column) == (rule, line, column)


def test_what_a_sheet_in_markdown_says_in_vain_is_warned_of(
    reading: Reading, tmp_path: Path
) -> None:
    remote = "<link rel=stylesheet href=https://a.example/x.css>"
    source = f"x\n\n{remote}\n\n<style>\np{{color:red;\ncolor:blue}}</style>\n\n`{remote}`\n"
    found = [*doubtful_styles(in_markdown(reading, tmp_path, source))]
    assert [(one.rule, one.place and one.place.line) for one in found] == [
        ("remote-style-sheet", 3),
        ("lost-style", 7),
    ]


def test_a_service_of_fonts_is_asked_by_those_who_can(reading: Reading) -> None:
    made = reading({"templates/body.html": "<p>x<link rel=stylesheet href='https://fonts.a.example/css?x=y'>"})
    assert [*doubtful_styles(made)] == []
