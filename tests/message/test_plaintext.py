"""The text made from HTML, as a person reads it."""

from __future__ import annotations

import html as markup
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.message.plaintext.reader import text_from_html
from sendbatch.words import width

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


LETTERS = sorted((Path(__file__).parent / "letters").glob("*.html"))


@pytest.mark.parametrize("letter", LETTERS, ids=lambda path: path.stem)
def test_a_letter_made_with_a_tool_or_by_hand_reads_as_if_it_was_typed(letter: Path) -> None:
    text = letter.with_suffix(".txt").read_text(encoding="utf-8")
    assert text_from_html(letter.read_text(encoding="utf-8")) == text


@pytest.mark.parametrize(
    "typed",
    [
        "*Bob*",
        "# H",
        "1. x",
        "a_b_c",
        r"\\server\share\[new]\*.pdf",
        r"C:\dir",
        "`x`",
        "[x](y)",
        r"¯\_(ツ)_/¯",
        "___",
        "<b> & &lt;b&gt;",
        "> x",
        "| a | b |",
        "~~x~~ ==y== ![z](w)",
        "www.example.com",
        "شكرا \u200fA",
        "می\u200cخواهم",
        "👩\u200d🌾 grows",
    ],
)
@pytest.mark.parametrize(
    ("around", "begins"),
    [
        ("<p>{}</p>", ""),
        ("<ul><li>{}</li></ul>", "* "),
        ("<td>{}", ""),
        ("<p><b><a href='#'>{}</a></b></p>", ""),
        ("<details><summary>{}</summary></details>", ""),
        ("<p><code>{}</code></p>", ""),
        ("<pre>{}</pre>", "    "),
        ('<img src="x" alt="{}">', ""),
    ],
)
def test_what_was_typed_comes_out_as_typed(around: str, begins: str, typed: str) -> None:
    assert text_from_html(around.format(markup.escape(typed))) == f"{begins}{typed}\n"


# Without what is no text (control characters, surrogates), and what only pads a line.
TYPED = st.text(
    st.characters(
        categories=("L", "M", "N", "P", "S", "Zs"),
        exclude_characters="\u034f\u115f\u1160\u2800\u3164",
    ),
    max_size=200,
)


AROUND = {
    "<p>{}</p>": "",
    "<td>{}": "",
    "<li>{}": "*",
    "<blockquote><i>{}</i>": ">",
    "<table><tr><th>A<td>{}</table>": "A|",
}


@given(TYPED.filter(str.strip), st.sampled_from(sorted(AROUND)))
def test_any_text_of_a_cell_comes_out_as_typed(typed: str, around: str) -> None:
    text = text_from_html(around.format(markup.escape(typed)))
    if ">" in AROUND[around]:  # it stands before each line
        text = "> " + "".join(line.removeprefix("> ") for line in text.splitlines())
    assert "".join(text.split()) == AROUND[around] + "".join(typed.split())


@given(TYPED)
def test_a_line_is_longer_than_a_terminal_only_where_one_word_is(typed: str) -> None:
    for line in text_from_html(f"<blockquote>{markup.escape(typed * 5)}</blockquote>").splitlines():
        assert width(line) <= 76 or " " not in line.removeprefix("> ")


WORDS = "word " * 20
WRAPPED = "word " * 14 + "word\nword word word word word"
FRAGMENTS = (
    "<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<th>", "<p>", "</p>", "<div hidden>", "</div>",
    "<ul>", "<li>", "</ul>", "<a href='https://a.b'>", "</a>", "<h1>", "</h2>", "<pre>", "</pre>", "<br>",
    "<blockquote>", "</blockquote>", "<sup>1", "</sup>", "<svg>", "</svg>", "<!--", "-->", "<", "x", " ",
    "<style>", "</style>", "<img alt=y>", "<td style='display:none'>", "</", "&", "&#1;", "<q>", "<dd>",
    "字", "\n", "<hr>",
)  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60))
def test_any_heap_of_tags_becomes_some_text(heap: list[str]) -> None:
    text = text_from_html("".join(heap))
    assert text.endswith("\n")
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        # a link of blocks: its address stands below them
        ('<a href="https://a.b/"><h2>Spring</h2></a><p>x</p>', "Spring\n------\nhttps://a.b/\n\nx\n"),
        ('<a href="https://a.b/"><div>Read</div></a>', "Read\nhttps://a.b/\n"),
        ('<h2><a href="https://a.b/">Spring</a></h2>', "Spring (https://a.b/)\n---------------------\n"),
        ('<p>Go: <a href="https://a.b/"><div>Read</div></a> x</p>', "Go:\nRead\nhttps://a.b/\n\nx\n"),
        ('<p><a href="https://a.b/"><h3>a</h3><p>b</p></a></p>c', "a\n\nb\nhttps://a.b/\n\nc\n"),
        # links that touch each other
        ('<a href="https://a.b">x</a><a href="https://c.d">y</a>', "x (https://a.b) y (https://c.d)\n"),
        ('<a href="https://a.b">a.b</a><a href="https://c.d">c.d</a>', "https://a.b https://c.d\n"),
        # what the words say already is not said again
        ('<a href="https://www.a.example/">a.example</a>', "https://www.a.example/\n"),
        ('<a href="tel:+49-30-123">+49 30 123</a>', "+49 30 123\n"),
        ('<a href="tel:+49301">Call</a>', "Call (+49301)\n"),
        ('<a href="mailto:a%2Bb@c.d">Write</a>', "Write (a+b@c.d)\n"),
        ('<a href="mailto:a%0Ab@c.d">x</a>', "x (a%0Ab@c.d)\n"),
        ('<a href="mailto:">y</a> <a href="tel:">z</a>', "y z\n"),
        ('<a href="https://a.b/"><h3>x</h3>&nbsp;</a>y', "x\nhttps://a.b/\n\ny\n"),
        # a subject is part of the address: a list is left with it
        ('<a href="mailto:a@b.c?subject=out">Leave</a>', "Leave (mailto:a@b.c?subject=out)\n"),
        ('<a href="mailto:?subject=Look">Tell a friend</a>', "Tell a friend (mailto:?subject=Look)\n"),
        ('<a href="MAILTO:a@b.c?subject=out">a@b.c</a>', "MAILTO:a@b.c?subject=out\n"),
        # an address stays one word, and what was written in it
        ('<a href=" https://a.b/c d ">x</a>', "x (https://a.b/c%20d)\n"),
        ('<a href="/?a=1&copy=2&amp;reg=3">x</a>', "x (/?a=1&copy=2&reg=3)\n"),
        ('<p>a<a href="https://a.b"> list </a>b</p>', "a list (https://a.b) b\n"),
        ('<a href="https://a.b/c_(d)">x</a>', "x <https://a.b/c_(d)>\n"),
        # images and links without words
        ('<a href="https://a.b"><img src="x"></a>', "<https://a.b>\n"),
        ('<a href="https://a.b" aria-label="Shop"><img src="x"></a>', "Shop (https://a.b)\n"),
        ('<a href="https://a.b"><svg aria-label="Shop"><path d="M0"/></svg></a>', "Shop (https://a.b)\n"),
        ('<a href="https://a.b"></a><a name="top"></a>x', "x\n"),
        ('<img alt="Logo"><img alt="Shop">Hi<img alt="🌱">!', "Logo Shop Hi🌱!\n"),
        ('<a href="https://a.b"><svg><path d="data:image/png"/></svg></a>', "<https://a.b>\n"),
        ('<iframe src="https://x">no</iframe><img src="data:image/png;base64,AAAA">y', "y\n"),
        ("<video src='x'><p>Watch it online</p></video>", "Watch it online\n"),
    ],
)  # fmt: skip
def test_links_and_images_are_written_as_a_person_would(html: str, text: str) -> None:
    assert text_from_html(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        # columns of Foundation's are no data, whatever they hold
        ("<table><tr><th>Left</th><th class='expander'></th><th>Right</th></tr></table>", "Left\n\nRight\n"),
        ("<table><tr><th scope='col'>A</th><th scope='col'>B</th></tr></table>", "A | B\n"),
        ("<table><tr><th>Sum</th><td>5</td></tr></table>", "Sum | 5\n"),
        # a heading of data names what is below it; one with a paragraph or a picture seldom does
        ("<table><tr><th><p>a</p></th><td class='expander'></td><td>b</td></table>", "a\n\nb\n"),
        ("<table><tr><th><img alt='A'><td>x<tr><th><img alt='B'><td>y</table>", "A\n\nx\n\nB\n\ny\n"),
        ("<table><tr><th><h2>A</h2><td>x</table>", "A\n-\n\nx\n"),
        ("<table><tr><th>a<table><tr><td>1<td>2</table><td>x</table>", "a\n\n1 | 2\n\nx\n"),
        ("<table><tr><th><p>a</p><th>b<tr><th><p>c</p><td>d</table>", "a\n\nb\n\nc\n\nd\n"),
        ("<table><tr><th><p>A</p><th><p>B</p><tr><td>1<td>2</table>", "A | B\n1 | 2\n"),
        ("<table><tr><th scope=row><p>A</p><td>1<tr><th scope=row>B<td>2</table>", "A | 1\nB | 2\n"),
        ("<table><thead><tr><th>A<th>B<th>C<tbody><tr><td>1<td><td>3</table>", "A | B | C\n1 | | 3\n"),
        # a letter below its heading is one column
        ("<table><tr><th>Hi<tr><td>a<br><br>b<br>c</table>", "Hi\n\na\n\nb\nc\n"),
        ("<table><tr><th>Name<tr><td>Ann<tr><td>Bob</table>", "Name\nAnn\nBob\n"),
        ("<table><tr><td>Home<td>&nbsp;<td>Shop</table>", "Home | Shop\n"),
        ("<table><tr><td><p>a</p><td><p>b</p><tr><td><p>c</p><td><p>d</p></table>", "a | b\nc | d\n"),
        ("<table><tr><td>Bill to<br>Ann<td>Ship to<br>Bob</table>", "Bill to\nAnn\n\nShip to\nBob\n"),
        (f"<table><tr><td>{WORDS}<td>x</table>", f"{WRAPPED}\n\nx\n"),
        ("<ol start='3'><li>a<ul><li>b<ol><li>c</ol></ul><li value='9'>d<li>e</ol>",
         "3. a\n   * b\n     1. c\n9. d\n10. e\n"),
        ("<ul><li>a</li><ul><li>b</li></ul><ol><li>c</li></ol><li>d</li></ul>", "* a\n  * b\n  1. c\n* d\n"),
        ("<div>a</div><div><br></div><div>b</div><div>c<br></div>d", "a\n\nb\nc\nd\n"),
        ("<p><span style='mso-list:Ignore'>·<span>&nbsp; &nbsp;</span></span>a</p>", "* a\n"),
        ("<p><span style='mso-list:Ignore'>1.<span>&nbsp; </span></span>a</p>", "1. a\n"),
        ("<ul><li><p>a</p><p>b</p><li>c</ul>", "* a\n\n  b\n\n* c\n"),
        ("<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc\n"),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a\n  b\nc\n  d\n"),
        ("a<br>b<br><br><br>c<br></p>d", "a\nb\n\nc\n\nd\n"),
        ("<p>a<hr>b", "a\n\n" + "-" * 40 + "\n\nb\n"),
        ("<p style='white-space: pre-line'>a\n b\n\nc</p>", "a\nb\n\nc\n"),
        ("<p>x<sup>2</sup>, 1<sup>st</sup>, CO<sub>2</sub>, <q>y</q>", 'x², 1st, CO2, "y"\n'),
        ("<ruby>字<rp>(</rp><rt>ji</rt><rp>)</rp></ruby>", "字(ji)\n"),
        (f"<div>a</div><div>{WORDS}</div><div>b</div>", f"a\n\n{WRAPPED}\n\nb\n"),
        ("<p>10&nbsp;€&nbsp;</p><p>&nbsp;</p><p>Donau&shy;dampf</p>", "10\u00a0€\n\nDonaudampf\n"),
    ],
)  # fmt: skip
def test_tables_lists_and_lines_keep_their_shape(html: str, text: str) -> None:
    assert text_from_html(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<s>49 €</s> 39 €", "(49 €) 39 €"),
        ("39 €<strike> 49 €</strike>, was", "39 € (49 €), was"),
        ("UVP <span style='color:red; text-decoration: line-through'>49</span> <b>39</b>", "UVP (49) 39"),
        ("<p style='text-decoration-line:underline line-through'>gone</p>", "(gone)"),
        ("Hi <del>49</del> <ins>39</ins>!", "Hi 49 → 39!"),
        ("<b><s>49</s></b>\n<i> <ins> 39</ins></i>", "49 → 39"),
        ("x<del>a</del><ins>b</ins>y", "xa → by"),
        ("<del>a</del> b <ins>c</ins>", "(a) b c"),
        ("<ins>39</ins> <del>49</del>", "39 (49)"),
        ("<del>a</del><ins></ins> b<s> </s><s></s>", "(a) b"),
        ("<s><del>a</del></s> b", "(a) b"),
        ("<s>a <a href='https://a.b'>b</a></s>", "(a b (https://a.b))"),
        ("<pre>a <s>b</s></pre>", "    a (b)"),
        ("<ul><li><s>milk</s><li>eggs</ul>", "* (milk)\n* eggs"),
        ("<table><tr><th>A<th>B<tr><td><s>49</s><td><ins>39</ins><tr><td>1<td>2</table>",
         "A | B\n(49) | 39\n1 | 2"),
        ("a <s>b", "a (b)"),
    ],
)  # fmt: skip
def test_what_is_struck_out_is_not_read_as_if_it_were_said(html: str, text: str) -> None:
    assert text_from_html(html) == f"{text}\n"


@pytest.mark.parametrize("style", ["white-space:pre-wrap", "text-decoration:none", "--x:line-through"])
def test_a_letter_in_a_span_is_no_sign_of_a_list(style: str) -> None:
    assert text_from_html(f"<p>a <span style='{style}'>x</span>b") == "a xb\n"


@pytest.mark.parametrize(
    "hidden",
    [
        "<div style='DISPLAY : none !important'>no<div>no</div>no</div>",
        "<p hidden>no<p>",
        "<span style='visibility:hidden'>no <span>no</span> no</span>",
        "<div style='max-height:0px;overflow:hidden'>no</div>",
        "<table><tr style='display:none'><td>no<td>no<tr></table>",
        "<!--[if mso]><p>no</p><![endif]--><!--[if !mso]><!--><!--<![endif]--><![if !mso]><![endif]>",
        "<!-- > no --><!--><!--->",
        "<STYLE>p{content:'</p>no'}</STYLE ><script>no<!-- </scrip></script><title>no</title>",
        "<p>&#847;&zwnj;&nbsp;&#8199;&shy; &#847; &zwnj; &nbsp; &#65279;</p>",
        "<img style='display:none' alt='no'><select><option>no</select><textarea>no</textarea>",
    ],
)
def test_nothing_that_is_hidden_is_told(hidden: str) -> None:
    assert text_from_html(f"{hidden}<p>yes</p>") == "yes\n"
    assert text_from_html(f"<p>so</p>{hidden}<p>yes</p>") == "so\n\nyes\n"


@pytest.mark.parametrize(
    "hidden",
    [
        "<style>.seen { color: red } .pre { display: none !important; }</style><p class='seen pre'>no</p>",
        "<style>.pre, #one { VISIBILITY : hidden }</style><p class=pre>no</p><p id='one'>no</p>",
        "<style media=screen>P.pre{max-height:0;overflow:hidden}</style><p class='pre'>no</p>",
        "<style><!-- /* } */ @import url(x); .pre{display:none} --></style><div class=pre>no<p>no</div>",
        "<style>.pre{display:block}</style><style>@media x{.pre{top:0}} .pre{display:none}</style>"
        "<p class=pre>no</p>",
    ],
)
def test_nothing_that_a_style_sheet_hides_is_told(hidden: str) -> None:
    assert text_from_html(f"{hidden}<p>yes</p>") == "yes\n"


@pytest.mark.parametrize(
    "shown",
    [
        "<style>@media (max-width:9px) { .x { display:none } }</style><p class=x>yes",
        "<style media='print'>.x { display:none }</style><p class=x>yes",
        "<!--[if mso]><style>.x { display:none }</style><![endif]--><p class=x>yes",
        "<style>.x { display:none } .x { display:block }</style><p class=x>yes",
        "<style>.x { display:none }</style><p class=x style='display:inline'>yes",
        "<style>.y .x, .x.y, .x:hover, a.x, p > .x { display:none }</style><p class=x>yes",
        "<style>.x { text-decoration:none; overflow:hidden }</style><p class=x>yes",
        "<style>.x } { display:none }</style><p class=x>yes",
    ],
)
def test_what_a_style_sheet_hides_elsewhere_only_is_told(shown: str) -> None:
    assert text_from_html(f"<p>so</p>{shown}") == "so\n\nyes\n"


@pytest.mark.parametrize(
    "styled", ["text-decoration:none", "color:red;overflow:hidden", "max-height:0"]
)
def test_what_is_only_styled_is_told(styled: str) -> None:
    assert text_from_html(f"<a style='{styled}' title='display:none'>yes</a>") == "yes\n"


def test_a_number_that_no_character_has_is_the_sign_for_that() -> None:
    endless = "&#" + "9" * 5000 + ";"
    assert text_from_html(f"a{endless}b&#x110000;<img alt='{endless}'>") == "a\ufffdb\ufffd\ufffd\n"
    assert text_from_html("&#0000000000065;&#65") == "AA\n"


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
from sendbatch.message.plaintext.reader import text_from_html
from sendbatch.message.quoted import text_part
blanks = (" ", "\\u00a0", "\\t", "\\n", " \\n", "&shy;", "&zwnj;&nbsp;", "\\u200b", "\\u5b57")
signs = ("<", "&", "'", chr(34), "=", "<!--", "| ", "- ", "x ", "<p '", "<td ", "<script>", "<svg/>")
blocks = ("<div>", "</div>", "<table><tr><td>x", "<ul><li>x", "<blockquote>x", "<p><button>", "<h1>x")
words = ("<b>", "<b id=1><p>", "<a href=x>", "<i hidden>", "<sup>2")
struck = ("<s>x", "<s>x</s>", "<s>x</s> y<ins>z</ins>", "<s> <ins>x</ins> ")
sheets = ("<style>", "<style>.x{display:none}", "<style>/*", "<style>{", "<style></style>", "<p class=x>")
for piece in (*blanks, *signs, *blocks, *words, *struck, *sheets):
    run = piece * (100_000 // len(piece))
    for around in ("<pre>%sx</pre>", "<p>%sx</p>", "<table><tr><td>%sx</td></tr></table>"):
        html = around % run
        text_part("html", [html])
        text_part("plain", [text_from_html(html)])
"""


@pytest.mark.thorough
def test_what_stands_in_a_row_without_end_takes_no_more_time_for_each() -> None:
    subprocess.run([sys.executable, "-c", LONG], check=True, timeout=300)
