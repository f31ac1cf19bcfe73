"""The text made from HTML, as a person reads it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sendbatch.message.plaintext import text_from_html

from .conftest import body_of, built, content


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            '<p>See <a href="https://a.b/?x=1&amp;y=2">the <b>list</b></a>.</p>',
            "See the list (https://a.b/?x=1&y=2).\n",
        ),
        ('<a href="https://a.b">https://a.b</a>', "https://a.b\n"),
        ('<a href="mailto:a@b.c">a@b.c</a>', "a@b.c\n"),
        ('<a href="#top">up</a>', "up\n"),
        ("<h1>Hello</h1><p>x</p><h2>田中</h2><h3>c</h3>", "Hello\n=====\n\nx\n\n田中\n----\n\nc\n"),
        ("<ul><li>a</li><li>b</li></ul><ol><li>c</li><li>d</li></ol>", "* a\n* b\n\n1. c\n2. d\n"),
        (
            "<p><strong>a</strong> <em>b</em> <code>c</code><br>*d* _e_ [f](g)</p>",
            "a b c\n*d* _e_ [f](g)\n",
        ),
        ("<p># no heading</p><p>1. no list</p><p>+ 3</p>", "# no heading\n\n1. no list\n\n+ 3\n"),
        (
            "<style>p{}</style><script>x</script><title>t</title><div style='display:none'>pre</div><p>a</p>",
            "a\n",
        ),
        ('<p>a<img src="data:image/png;base64,AAAA" alt=""></p>', "a\n"),
        ('<img src="cid:x" alt="A pot">', "A pot\n"),
        ("<!-- note --><p>3 &lt; 4 &amp; 5</p>", "3 < 4 & 5\n"),
        (
            "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Pen | ink</td><td>2</td></tr></table>",
            "Item | Price\nPen | ink | 2\n",
        ),
        (
            "<table><tr><td><table><tr><td><h2>A</h2></td></tr><tr><td><p>one</p><p>two</p></td></tr></table></td></tr>"
            "</table>",
            "A\n-\n\none\n\ntwo\n",
        ),
        ('<table role="presentation"><tr><td>a</td><td>b</td></tr></table>', "a\n\nb\n"),
    ],
)
def test_html_becomes_readable_text(html: str, text: str) -> None:
    assert text_from_html(html) == text


def test_a_message_without_a_text_template_gets_its_text_from_the_html() -> None:
    message = built(content("<p>Hi <b>{{ first_name }}</b> &amp; co</p>", None), first_name="<i>")
    assert body_of(message, "plain") == "Hi <i> & co\n"


@pytest.mark.parametrize(
    "html", ["<table><tr>", "</td></table>x", "<a href='<p", "<" * 5000, "<div>" * 3000 + "x"]
)
def test_broken_html_breaks_nothing(html: str) -> None:
    assert text_from_html(html).endswith("\n")


# Done in a moment, or in hours: each was quadratic, or could be, in how often something stands in a row.
LONG = """
import sys
from sendbatch.message.plaintext import text_from_html
from sendbatch.message.mime import text_part
pieces = (" ", "\\u00a0", "\\t", "<", "&", "'", chr(34), "\\n", " \\n", "<p '", "<td ", "<!--")
for piece in (*pieces, "| ", "- ", "x "):
    run = piece * (1_000_000 // len(piece))
    for around in ("<pre>%sx</pre>", "<p>%sx</p>", "<table><tr><td>%sx</td></tr></table>"):
        html = around % run
        text_part("html", [html])
        text_part("plain", [text_from_html(html)])
"""


@pytest.mark.thorough
def test_what_stands_in_a_row_a_million_times_takes_no_more_time_for_each() -> None:
    subprocess.run([sys.executable, "-c", LONG], check=True, timeout=300)
