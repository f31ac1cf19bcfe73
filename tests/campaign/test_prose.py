"""Markdown out of a cell: what it may be in HTML, and what it can never bring there."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from sendbatch.campaign.language.arguments import wrong_arguments
from sendbatch.campaign.language.checks import check_expression, check_template
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.language.prose import NoMarkdown, markdown_html
from sendbatch.campaign.written.parsing import Wrong

ALLOWED = {"p", "br", "hr", "em", "strong", "del", "code", "pre", "a", "img", "ul", "ol", "li"} | {
    *("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"href", "src", "alt", "title", "style", "class", "start"}


def rendered(source: str, **names: object) -> str:
    return environment(autoescape=True).from_string(source).render(names).strip()


@pytest.mark.parametrize(
    ("cell", "html"),
    [
        ("*Hi* **you**", "<p><em>Hi</em> <strong>you</strong></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("[x](https://x.de/?a=1&b=2)", '<p><a href="https://x.de/?a=1&amp;b=2">x</a></p>'),
        ("<jane@example.org>", '<p><a href="mailto:jane@example.org">jane@example.org</a></p>'),
        ("see https://x.de/a_b.", '<p>see <a href="https://x.de/a_b">https://x.de/a_b</a>.</p>'),
        ("(https://x.de)", '<p>(<a href="https://x.de">https://x.de</a>)</p>'),
        ("*https://x.de*", '<p><em><a href="https://x.de">https://x.de</a></em></p>'),
        ("`https://x.de`", "<p><code>https://x.de</code></p>"),
        (r"https://x.de/a\_b", "<p>https://x.de/a_b</p>"),  # half of it would lead elsewhere
        ("https://x.de/_a_", "<p>https://x.de/<em>a</em></p>"),
        ("https://x.de/?a&amp;b", "<p>https://x.de/?a&amp;b</p>"),
        ("![x](https://x.de/x.png)", '<p><img src="https://x.de/x.png" alt="x" /></p>'),
        ("a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>"),
        ("<script>\nalert(1)\n</script>", "<p>&lt;script&gt;\nalert(1)\n&lt;/script&gt;</p>"),
        ("<!-- a -->", "<p>&lt;!-- a --&gt;</p>"),
        ("`<b>` &lt;b&gt;", "<p><code>&lt;b&gt;</code> &lt;b&gt;</p>"),
        ("<div>\n\n*a*", "<p>&lt;div&gt;</p>\n<p><em>a</em></p>"),
        ("", ""),
    ],
)
def test_it_is_html_and_raw_html_in_it_is_text(cell: str, html: str) -> None:
    assert rendered("{{ x|markdown }}", x=cell) == html
    assert rendered("{{ [x]|map('markdown')|join }}", x=cell) == html


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("[x](javascript:alert)", "a link leads to 'javascript:alert': in a cell it begins with https://"),
        ("[x](JaVa&#x53;cript:a)", "a link leads to 'JaVaScript:a'"),
        ("[x][y]\n\n[y]: data:text/html,a", "a link leads to 'data:text/html,a'"),
        ("[x](news.html)", "a link leads to 'news.html'"),
        ("[x]()", "a link leads to nowhere"),
        ("<ftp://x>", "a link leads to 'ftp://x'"),
        ("![x](../secret.png)", "a picture is '../secret.png': in a cell it is one on the web, https://"),
        ("![x](data:image/png;base64,AAAA)", "a picture is 'data:image/png"),
        ("x" * 100_001, "|markdown reads 100,000 characters, and this has 100,001"),
    ],
)  # fmt: skip
def test_a_link_that_runs_and_a_picture_of_ours_fail_the_row(cell: str, said: str) -> None:
    with pytest.raises(NoMarkdown) as caught:
        rendered("{{ x|markdown }}", x=cell)
    assert said in str(caught.value)


def test_where_text_is_written_there_is_no_html() -> None:
    assert rendered("{% autoescape true %}{{ x|markdown }}{% endautoescape %}", x="a") == "<p>a</p>"
    with pytest.raises(NoMarkdown, match="writes HTML, and here is text: leave it out"):
        environment().from_string("{{ x|markdown }}").render(x="a")
    for check in (check_template, check_expression):
        with pytest.raises(Wrong, match="writes HTML, and here is text"):
            check("{{ x|markdown }}" if check is check_template else "x|markdown == 'a'")
    tree = environment().parse("{{ x|markdown }}")
    assert list(wrong_arguments("{{ x|markdown }}", tree, in_html=True)) == []
    with pytest.raises(NoMarkdown, match="was given a int"):
        rendered("{{ x|markdown }}", x=5)


class _Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.other: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def hold_harmless(html: str, places: str = "https?://|mailto:|tel:") -> None:
    """`places` is what links and pictures may begin with."""
    seen = _Seen(html)
    assert not seen.other
    for tag, attributes in seen.tags:
        assert tag in ALLOWED
        assert attributes.keys() <= ATTRIBUTES
        for name in ("href", "src"):
            assert re.match(places, attributes.get(name) or "https://", re.IGNORECASE)
        assert re.fullmatch("|text-align: ?(left|right|center)", attributes.get("style") or "")


PIECES = [
    *("<", ">", "<script>", "</script>", "<b", "<!--", "-->", "<?", "<![CDATA[", "]]>", "<a href=", "'", '"'),
    *("[", "](", ")", "]: ", "![", "javascript:", "java", "script:", "https://x.de", "data:", "mailto:"),
    *("&lt;", "&#60;", "\\", "`", "```", "~~~", "    ", "\t", "\n", "\n\n", "> ", "- ", "1. ", "# ", "|"),
    *("|-|-|", "*", "_", "~~", "x", " ", "é", "\r", "\0", "\ud800", "onclick=", "</p>", "<x@y.de>"),
    *("<https://x.de/>", "==", "\U0010fd3c", "\U0010fe3c", "\U0010fff0"),
]
NASTY = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@given(NASTY)
def test_nothing_in_a_cell_makes_other_html(cell: str) -> None:
    try:
        html = markdown_html(cell)
    except NoMarkdown:
        return
    assert type(html) is Markup
    hold_harmless(html)
