"""Markdown templates: what becomes of them, and that a cell is text wherever the hole is."""

from __future__ import annotations

import email
import email.policy
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.model import Mailbox
from sendbatch.message.bodies import Bodies
from sendbatch.message.content import Bundle, Content
from sendbatch.message.layouts import LINK_BELOW
from sendbatch.message.markdown.checks import doubts, faults
from sendbatch.message.markdown.planned import MarkdownText
from sendbatch.message.markup import attributes_of, tokens
from sendbatch.message.quoted import text_part
from sendbatch.message.templates import Failed, with_globals
from tests.campaign.test_prose import NASTY, hold_harmless

COLUMNS = ("a", "b")
LAYOUT = "<body><title>{{ subject }}</title><main>{{ content }}</main><i>{{ b }}</i></body>"
HOSTILE = [
    *("*Bob*", "**", "_x_", "[x](http://evil.example)", "![x](http://evil.example/p.png)", "# H"),
    *("<b>bold</b>", "<script>alert(1)</script>", "&amp;", "&lt;", "1.", "1. one", "- x", "+ x"),
    *("| a | b |", "    four", "`code`", "```", "<!--", "-->", "{{ a }}", "{% raw %}", "~~x~~"),
    *(
        "[^1]",
        "[x]: http://evil.example",
        "http://evil.example",
        "www.evil.example",
        "=====",
        "---",
    ),
    *("\\*", "\\", "a@evil.example", "<http://evil.example>", '" onclick="x', "' x='", "7", "0"),
    *("\U0010fff0", "\U0010fff1", "\U0010fe2a", "\U0010fd3cb\U0010fd3e", "“quoted”", "€", "ä ö"),
]


def content(markdown: str, *, subject: str = "On {{ a }}", layout: str = LAYOUT) -> Content:
    return Content(
        subject=subject,
        sender=Mailbox("News", "news@example.com"),
        bounces_to="news@example.com",
        markdown=Bundle("news.md", {"news.md": markdown}, {"news.md": "news.md"}),
        layout=Bundle("l.html", {"l.html": layout}, {"l.html": "l.html"}),
        footer=LINK_BELOW,
    )


def rendered(markdown: str, *cells: str, layout: str = LAYOUT) -> tuple[str, str]:
    """The text and the HTML by the plain path."""
    made = content(markdown, layout=layout)
    variables = {**with_globals({}), **dict(zip(COLUMNS, cells, strict=False))}
    text, html, *_ = Bodies(made, COLUMNS).rendered(variables)
    return "".join(text), "".join(html or ())


def main(html: str) -> str:
    return html.partition("<main>")[2].partition("</main>")[0]


def read(part: bytes) -> str:
    """What a reader's program shows of a body."""
    message = email.message_from_bytes(part, policy=email.policy.default)
    return str(message.get_content()).replace("\r\n", "\n")


def planned_text(markdown: str, *cells: str, layout: str = LAYOUT) -> str | None:
    """The text where it is put together in the process that sends; None where its Markdown is read anew."""
    part = MarkdownText(content(markdown, layout=layout), COLUMNS, with_globals({})).part(cells)
    return None if part is None else read(part)


def planned_html(markdown: str, *cells: str) -> str | None:
    """The HTML by the planned path, None where the plain one is to be taken."""
    parts = Bodies(content(markdown), COLUMNS).encoded(cells, patiently=True)
    return None if parts is None else read(parts[-1])


def sent(html: str) -> str:
    """As a reader's program has it."""
    part = b"".join(text_part("html", html.splitlines(keepends=True)))
    return read(part)


def shown(html: str) -> str:
    return "".join(one for one in tokens(html) if isinstance(one, str))


def test_headings_links_lists_tables_and_footnotes_become_html_and_text() -> None:
    text, html = rendered(
        "# Hello\n\nSee [us](https://e.example/x?a=1&b=2), **now**. A note[^1] ~~no~~\n\n"
        "| Item | Price |\n|------|------:|\n| Apple pie | 1.20 |\n| Tea | 12.00 |\n\n"
        "- one\n- two\n\n> said\n\n    code\n\n![A cat](cat.png)\n\n[^1]: Told.\n",
        "x",
        "y",
    )
    assert '<a href="https://e.example/x?a=1&amp;b=2">us</a>' in html
    assert '<td style="text-align:right">12.00</td>' in html
    assert '<img src="cat.png" alt="A cat">' in html
    assert '<li id="fn-1"><p>Told.</p>' in html
    assert "Hello\n=====" in text
    assert "See us (https://e.example/x?a=1&b=2), now. A note ¹ no" in " ".join(text.split()) or (
        "us (https://e.example/x?a=1&b=2)" in text
    )
    assert (
        "    Item       Price\n    ---------  -----\n    Apple pie   1.20\n    Tea        12.00"
        in text
    )
    assert "* one\n* two" in text
    assert "> said" in text
    assert "1. Told." in text
    assert not re.search(r"\*\*|~~|\]\(|\[\^|^#", text, re.MULTILINE)


def test_addresses_that_stand_by_themselves_are_links() -> None:
    _, html = rendered("Go to https://e.example/a_b_(c). Or (www.e.example)!", "", "")
    assert '<a href="https://e.example/a_b_(c)">https://e.example/a_b_(c)</a>. Or' in html
    assert '(<a href="http://www.e.example">www.e.example</a>)!' in html


def test_a_mail_address_in_angle_brackets_is_a_link_to_write_to() -> None:
    text, html = rendered("E-mail <info@example.com>.", "", "")
    assert '<a href="mailto:info@example.com">info@example.com</a>.' in html
    assert text.startswith("E-mail info@example.com.")


def test_a_paragraph_that_is_a_bold_link_is_a_button() -> None:
    _, html = rendered(
        "**[Order](https://e.example)**\n\nNo **[Order](https://e.example)**", "", ""
    )
    assert html.count('<p class="button"><strong><a href="https://e.example">') == 1


def test_html_of_the_author_is_kept_and_read_as_text() -> None:
    text, html = rendered('<div class="x">a <b>b</b></div>\n\nc<br>d', "", "")
    assert '<div class="x">a <b>b</b></div>' in html
    assert "a b" in text
    assert "c\nd" in text


PLACES = [
    "{{ a }}",
    "x {{ a }} y",
    "# {{ a }}",
    "- {{ a }}\n- y",
    "| h |\n|---|\n| {{ a }} |",
    "[{{ a }}](https://e.example)",
    "*{{ a }}*",
    "**x {{ a }}**",
    "`{{ a }}`",
    "    {{ a }}",
    "```\n{{ a }}\n```",
    "> {{ a }}",
    "<b>{{ a }}</b>",
    "<div>\n{{ a }}\n</div>",
    "{{ a }}. x",
    "<{{ a }}>",
    "x\n{{ a }}\ny",
    "{% set x %}*{{ a }}*{% endset %}{{ x }}",
    "{% macro m(v) %}**{{ v }}**{% endmacro %}{{ m(a) }}",
    "{{ a|e }}",
    '{{ "" ~ a }}',
    "{{ [a, a]|join(', ') }}",
    '{{ [a, a]|join("<br>"|safe) }}',
    "{% filter trim %}{{ a }}{% endfilter %}",
]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("place", PLACES)
def test_a_cell_reads_as_typed_wherever_the_hole_is(place: str) -> None:
    tags_of = [re.sub(r">[^<]*", ">", main(rendered(place, "word", "")[1]))]
    for cell in HOSTILE:
        if "\U0010fd3c" in cell or "\U0010fff0" in cell or "\U0010fff1" in cell:
            continue
        text, html = rendered(place, cell, "")
        typed = " ".join(cell.replace("\U0010fe2a", "*").split())
        assert typed in " ".join(shown(main(html)).split()), (cell, html)
        tags_of.append("".join(re.findall("<[^>]*>", main(html))))
        if cell.strip() and "pre" not in html:
            assert cell.split()[0].replace("\U0010fe2a", "*")[:1] in text
    assert len({"".join(re.findall("<[^>]*>", one)) for one in tags_of}) == 1, tags_of


def test_a_cell_in_an_attribute_and_in_an_address_stays_in_it() -> None:
    for cell in HOSTILE:
        if not cell.isascii():
            continue
        _, html = rendered(
            '[x](https://e.example/{{ a }} "{{ a }}") <i title="{{ a }}">x</i>', cell, ""
        )
        found = [
            attributes_of(one[2])
            for one in tokens(main(html))
            if not isinstance(one, str) and one[2]
        ]
        assert found == [
            {"href": f"https://e.example/{cell}", "title": cell},
            {"title": cell},
        ], (cell, html)


@pytest.mark.parametrize(
    "cell",
    [
        "javascript:alert(1)",
        " JAVA\nSCRIPT:x",
        "data:text/html,x",
        "vbscript:x",
        f"java{chr(9) * 40}script:x",
    ],
)
def test_a_cell_that_makes_a_link_run_fails_its_row(cell: str) -> None:
    with pytest.raises(Failed, match="would run"):
        rendered("[x]({{ a }})", cell, "")
    assert planned_html("[x]({{ a }})", cell, "") is None
    assert "href" in rendered("[x]({{ a }})", "https://e.example", "")[1]


@pytest.mark.parametrize(
    "target", ["{{ a }}:{{ b }}", "{{ a }}{{ b }}", "{{ a }}:alert(9)", "java{{ b }}:alert(9)"]
)
def test_a_scheme_that_is_put_together_is_not_planned(target: str) -> None:
    assert planned_html(f"[x]({target})", "javascript", "script") is None
    for usual in ("{{ a }}", "{{ a }}/x", "{{ a }}?x={{ b }}", "https://{{ a }}", "#{{ a }}"):
        assert planned_html(f"[x]({usual})", "x", "y") is not None


@pytest.mark.parametrize("hole", ["{{ a|e }}", "{{ a|urlize }}", '<i {{ {"t": a}|xmlattr }}>'])
def test_a_cell_has_no_signs_of_html_whatever_filter_it_went_through(hole: str) -> None:
    cell = "\U0010fd3cx9 onclick=1\U0010fd3e\U0010fd22"
    plain = main(rendered(f"x {hole}", cell, "")[1])
    assert "<x9" not in plain
    assert "&lt;x9 onclick=1&gt;" in plain
    planned = planned_html(f"x {hole}", cell, "")
    assert planned is None or main(planned) == main(sent(rendered(f"x {hole}", cell, "")[1]))


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ a }}">x</a>',
        "<a href={{ a }}>x</a>",
        '<a href="{{ a|e }}">x</a>',
        '<div>\n<a\nhref="{{ a }}">x</a></div>',
        '<a href="java{{ b }}:x">x</a>',
    ],
)
def test_a_link_in_html_of_the_author_that_a_cell_makes_run_fails_its_row(html: str) -> None:
    with pytest.raises(Failed, match="would run"):
        rendered(html, "javascript:x", "script")
    assert planned_html(html, "javascript:x", "script") is None
    assert planned_html('<a href="{{ a }}">x</a>', "https://e.example", "") is not None


def test_safe_is_the_authors_word() -> None:
    assert "<em>Bob</em>" in rendered("{{ a|safe }}", "*Bob*", "")[1]
    assert "*Bob*" in rendered("{{ a }}", "*Bob*", "")[1]


def test_markdown_out_of_a_cell_is_the_authors_but_for_its_html() -> None:
    source = "Hello\n\n- one\n{{ a|markdown }}\n"
    text, html = rendered(source, "- *two* <b>x</b>\n- see <https://x.example/a>\n\n    <i>y</i>", "")
    assert "<li><p><em>two</em> &lt;b&gt;x&lt;/b&gt;</p>" in main(html)
    assert '<p>see <a href="https://x.example/a">https://x.example/a</a></p>\n<p>&lt;i&gt;y&lt;' in main(html)
    assert text == "Hello\n\n* one\n\n* two <b>x</b>\n\n* see https://x.example/a\n\n  <i>y</i>\n"
    assert planned_html(source, "- x", "") is None  # it depends on what is written
    assert planned_text(source, "- x", "") is None
    for wrong in ("[x](javascript:y)", "![x](secret.png)", "[x](\U0010fe6aavascript:y)"):
        with pytest.raises(Failed, match="in a cell it"):
            rendered(source, wrong, "")


AROUND = ["{}", "> - {}", "x {} y", "`{}`", "    {}", "[{}](https://x.example)", "| a |\n|---|\n| {} |"]


@given(st.sampled_from(AROUND), NASTY)
def test_no_html_of_a_cell_comes_through_markdown(around: str, cell: str) -> None:
    try:
        _, html = rendered(around.replace("{}", "{{ a|markdown }}"), cell, "")
    except Failed:
        return
    hold_harmless(main(html), r"(?!\s*(javascript|vbscript):)")


def test_numbers_that_are_computed_may_begin_a_list() -> None:
    source = "{% for one in a.split('|') %}{{ loop.index }}. {{ one }}\n{% endfor %}"
    _, html = rendered(source, "x|2. y", "")
    assert main(html).split() == ["<ol>", "<li>x</li>", "<li>2.", "y</li>", "</ol>"]
    assert planned_html(source, "x|2. y", "") is None  # it depends on what is written


def test_a_block_that_was_kept_is_compared_by_what_it_says() -> None:
    source = "{% set x %}{{ a }}{% endset %}{% if x == 'O*Brien' %}yes{% endif %}"
    assert "yes" in rendered(source, "O*Brien", "")[1]


_WORDS = st.sampled_from([*HOSTILE, "Bob", "", " ", "\n", "x\ny", "\t", "\r\n", "a:b", "http:"])
_CELLS = st.tuples(
    st.lists(_WORDS, max_size=3).map("".join), st.lists(_WORDS, max_size=2).map(" ".join)
)
_HOLES = st.sampled_from(["{{ a }}", "{{ b }}", "{{ a|upper }}", "{{ b|e }}", "{{ a ~ b }}"])
_AROUND = st.sampled_from(
    [
        *(
            "{}",
            "*{}*",
            "**{}**",
            "# {}\n",
            "- {}\n",
            "> {}\n",
            "`{}`",
            "    {}\n",
            "[{}](https://e.example)",
        ),
        *(
            "[x](https://e.example/{})",
            "[x](<{}>)",
            "[x]({})",
            "![{}](p.png)",
            "<b>{}</b>",
            "<{}>",
            "{}. x",
        ),
        *(
            '<i title="{}">',
            "\n\n| h |\n|---|\n| {} |\n\n",
            "\n\n",
            "x",
            "\n```\n{}\n```\n",
            "~~{}~~",
            "[^{}]",
        ),
        *(
            "{{% if a == 'Bob' %}}{}{{% endif %}}",
            "{{% for c in b.split() %}}- {{{{ c }}}}{}\n{{% endfor %}}",
        ),
        *(
            "https://e.example/{}",
            "www.e.example/{}",
            "_{}_",
            "{}\n===\n",
            "[{}][x]",
            "\\{}",
            "&{};",
        ),
    ]
)


@st.composite
def _templates(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(st.tuples(_AROUND, _HOLES), min_size=1, max_size=6))
    return "".join(around.format(hole) for around, hole in pieces)


@settings(max_examples=60, deadline=None)
@given(_templates(), _CELLS)
def test_both_paths_give_the_same(source: str, cells: tuple[str, str]) -> None:
    planned, text = planned_html(source, *cells), planned_text(source, *cells)
    try:
        plain_text, html = rendered(source, *cells)
        plain = sent(html)
    except Failed:
        assert planned is None
        return
    if planned is not None:
        assert planned == plain
    if text is not None:
        assert text == plain_text


def test_what_is_usual_is_planned() -> None:
    source = "# Hi {{ a }}\n\nSee [us](https://e.example/?q={{ b|urlencode }}).\n{% if a %}x{% endif %}\n"
    assert planned_html(source, "Bob", "x") is not None
    assert planned_html(source, "*Bob*", "Straße") is not None
    assert planned_text(source, "Bob", "x") == rendered(source, "Bob", "x")[0]
    assert planned_text(source, "*Bob*", "Straße") == rendered(source, "*Bob*", "Straße")[0]


_WORDS = "Here is what we made, what we learned on the way, and what we have put aside for you until the end."
_PARAGRAPHS = st.sampled_from(
    [
        *(
            "# Dear {a}\n",
            "Dear {a},\\\n{b}\n",
            "> " + _WORDS + " {a}, {b}\n",
            f"{{a}} {_WORDS} {{b}} {_WORDS}\n",
        ),
        *(
            f"- {_WORDS} {{a}}\n- {{b}}\n\n  {_WORDS} **{{a}}**\n",
            f"1. {{a}}\n   - {{b}} {_WORDS}\n",
        ),
        *(
            "[{a}](https://e.example/{b})\n",
            f"{_WORDS} [us](https://e.example/?q={{b|urlencode}}), {{a}}\n",
        ),
        *("[us]({b})\n", "[e.example](https://e.example/{b})\n", "[{a}](mailto:x@e.example)\n"),
        *(
            "https://e.example/{b} {a}\n",
            "[{b}](https://e.example)\n",
            "[e.example]({b})\n",
            '[x]({b} "{a}")\n',
        ),
        *(
            "<div>Hi</div>\n\n{a}\n",
            "<div>{a}</div>\n",
            "a<br>{a}<br>b\n",
            "x<sup>{a}</sup>\n",
            "{a} <div>x</div> {a} <div>{b}</div> y\n",
        ),
        *(
            "    {a}\n    x  {b}\n",
            "`{a}` {b}\n",
            "{a}\n===\n",
            "---\n",
            "![x](p.png) {a}\n",
            "![{a}](p.png)\n",
        ),
        *(
            "| h | {a} |\n|---|--:|\n| {b} | x |\n",
            f"| h |\n|---|\n| {_WORDS} |\n",
            "x[^1] {a}\n\n[^1]: {b}\n",
        ),
    ]
)
_USUAL_CELLS = st.sampled_from(
    [
        *(
            "Jane",
            "Łukasz",
            "日本語のテキスト",
            "a",
            "x" * 80,
            " ".join(["word"] * 30),
            "e.example",
            "Re: x",
            "/",
            "(",
        ),
        *(
            "https://e.example/x",
            "https://www.com/x",
            "http://e.example",
            "mailto:x@e.example",
            "x@e.example",
            "¹",
        ),
        *(
            "",
            " a",
            "a ",
            "a  b",
            "a\u00a0b",
            "a\nb",
            "a\u200bb",
            "\u3164",
            "a\u00adb",
            ".",
            "-",
            "a/",
            "www.x.example",
        ),
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(_PARAGRAPHS, min_size=1, max_size=4), _USUAL_CELLS, _USUAL_CELLS)
def test_a_text_that_is_put_together_is_the_one_that_is_read_anew(
    paragraphs: list[str], a: str, b: str
) -> None:
    source = "\n".join(paragraphs)
    source = re.sub(r"\{(a|b)(\|\w+)?\}", r"{{ \1\2 }}", source)
    text = planned_text(source, a, b)
    if text is not None:
        assert text == rendered(source, a, b)[0]


@pytest.mark.parametrize(
    ("source", "a", "b"),
    [
        ("| h |\n|---|\n| {{ a }} |\n", "x", ""),  # how wide a column is
        (
            "[{{ a }}](https://e.example)",
            "e.example",
            "",
        ),  # whether the address has to be written out
        ("[us]({{ a }})", "https://www.us", ""),
        ("x<sup>{{ a }}</sup>", "2", ""),
        ("y <div>x</div> {{ a }}", "x", ""),
        ("Hi {{ a }}, you", "", ""),
    ],
)
def test_where_more_than_the_ends_of_lines_depends_on_a_value_the_markdown_is_read_anew(
    source: str, a: str, b: str
) -> None:
    assert planned_text(source, a, b) is None
    parts = Bodies(content(source), COLUMNS).encoded((a, b), patiently=True)
    assert parts is not None
    assert read(parts[0]) == rendered(source, a, b)[0]


def test_the_text_of_markdown_without_holes_is_the_same_by_both_paths() -> None:
    bodies = Bodies(content("# Hi\n\nAll of *you*."), COLUMNS)
    parts = bodies.encoded(("x", "y"))
    assert parts is not None
    assert read(parts[0]) == rendered("# Hi\n\nAll of *you*.", "x", "y")[0]


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("~~49 €~~ **39 €**", "(49 €) 39 €"),
        ("~~{{ a }}~~ {{ b }}", "(*x*) 1."),
        ("| a | b |\n|---|---|\n| ~~49~~ | 39 |", "    a     b\n    ----  --\n    (49)  39"),
        ("<del>{{ a }}</del> <ins>{{ b }}</ins>", "*x* → 1."),
    ],
)
def test_what_is_struck_out_stands_in_parentheses_in_the_text(markdown: str, text: str) -> None:
    cells = ("*x*", "1.")
    assert rendered(f"{markdown}\n", *cells)[0] == f"{text}\n"
    assert planned_text(f"{markdown}\n", *cells) in (None, f"{text}\n")


@pytest.mark.parametrize("cells", [("x", "(x)"), ("", "x"), (" x ", "y"), ("(x)", "(x)")])
def test_what_is_struck_out_is_the_same_by_both_paths(cells: tuple[str, str]) -> None:
    source = "~~{{ a }}~~ ~~{{ b }}~~ <del>{{ a }}</del><ins>{{ b }}</ins>\n"
    assert planned_text(source, *cells) in (None, rendered(source, *cells)[0])


def faults_of(markdown: str, layout: str = LAYOUT) -> list[tuple[str, int | None]]:
    made = content(markdown, layout=layout)
    assert made.markdown is not None
    assert made.layout is not None
    found = [*faults(made.markdown, made.layout), *doubts(made)]
    return [(one.rule, one.place.line if one.place else None) for one in found]


@pytest.mark.parametrize(
    ("markdown", "rule", "line"),
    [
        ("x\n\n<script>alert(1)</script>\n", "script", 3),
        ("ä {{ a }}\n\n[x](javascript:alert)\n", "script", 3),
        ('x\n<a href="javascript:x">y</a>\n', "script", 2),
        ("x\n\n<p class={{ a }}>y</p>\n", "script", 3),
        ("x\ny <a href=https://e.example/{{ a }}>z</a>\n", "script", 2),
        ("x\n\n<p {{ a }}>y</p>\n", "script", 3),
        ("x\n\n<iframe src='https://e.example'></iframe>\n", "dropped-html", 3),
        ("x\n\ny <b onclick='x'>z</b>\n", "dropped-html", 3),
        ("---\ntitle: x\n---\n\n# Hi\n", "front-matter", 1),
        ("# Hi\n\nsee [the page][page], ä\n", "unresolved-link", 3),
        ("# Hi\n\nsee this[^1]\n", "unresolved-link", 3),
        ("# Hi\n\nä `<{{ a }}>`, leave: <{{ a }}>\n", "unresolved-link", 3),
    ],
)
def test_what_is_wrong_with_markdown_is_found_with_its_line(
    markdown: str, rule: str, line: int
) -> None:
    assert faults_of(markdown) == [(rule, line)]


def test_a_value_in_quotes_and_a_tag_that_depends_on_one_are_right() -> None:
    assert not faults_of('x\n\n<p class="b {{ a }}" {% if a %}dir="rtl"{% endif %}>{{ a }}</p>\n')


def test_what_is_right_is_not_found() -> None:
    assert not faults_of(
        "---\n\nA rule above.\n\n---\n\n[x][y] [z] `[q][r]`[^1] {{ a }}\n\n[y]: /z\n[^1]: t\n"
    )


@pytest.mark.parametrize(
    "layout",
    [
        "<p>x</p>",
        "{{ content }}{{ content }}",
        "{{ content|upper }}",
        "{% if content %}{{ content }}{% endif %}",
    ],
)
def test_a_layout_says_the_content_once_and_as_it_is(layout: str) -> None:
    assert [rule for rule, _ in faults_of("x", layout)] == ["layout-content"]
