"""What is put into a mail's HTML so that its links lead nowhere and its pictures are told of."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.preview.harmless import Link, harmless

ALPHABET = st.sampled_from(
    ["<a href=x>", "</a>", "<img src='h'>", "<img", ">", '"', "'", "<!--", "-->", "<![if x]>", "\n", "é", "<"]
)  # fmt: skip


def test_html_without_links_and_pictures_is_left_to_the_letter() -> None:
    html = (
        "<!DOCTYPE html>\r\n<P CLASS=x>A &amp; b<br/>&nbsp;<img src='data:image/gif;base64,R0'></P>"
    )
    assert harmless(html).html == html


def test_attributes_are_added_before_the_tags_own_and_nothing_else_changes() -> None:
    html = "<p>\n<A target=_top\n href='https://x.example/?a=1&amp;b=2' title=\"it's\">x</A>"
    changed = harmless(html)
    added = ' target="_blank" title="it&#x27;s\nhttps://x.example/?a=1&amp;b=2"'
    assert changed.html == "<base target=_blank>" + html.replace("<A", f"<A{added}")
    assert changed.links == (Link("x", "https://x.example/?a=1&b=2"),)


def test_an_address_with_a_query_is_told_as_it_is() -> None:
    """HTML §13.2.5.73: in an attribute `&copy=` is no reference."""
    html = '<a href="https://x.example/?a=1&copy=2&lt=3">x</a>'
    assert harmless(html).links == (Link("x", "https://x.example/?a=1&copy=2&lt=3"),)


def test_a_reference_to_a_number_without_end_is_a_sign_that_cannot_be_shown() -> None:
    number = f"&#{'9' * 5000};"
    html = f'<p title="{number}"><a href="https://x.example/{number}">a{number}</a>'
    assert harmless(html).links == (Link("a\ufffd", "https://x.example/\ufffd"),)


def test_what_stands_before_a_doctype_would_change_the_look() -> None:
    for before in ("<!-- made by -->\n", "<!--><!--->", "<!-- a --!>"):
        began = f"{before}<!DOCTYPE html><base target=_blank><a"
        assert harmless(f"{before}<!DOCTYPE html><a href=x>y</a><!-- -->").html.startswith(began)


def test_a_link_of_a_drawing_is_told_as_it_was_written_once_too() -> None:
    html = '<svg><a xlink:href="https://x.example"><text>old</text></a></svg>'
    assert harmless(html).links == (Link("old", "https://x.example"),)


def test_a_link_of_a_picture_is_called_by_its_alt_text() -> None:
    html = '<a href="https://x.example"><img src="data:," alt="Our shop"></a><a href="y"> </a>'
    assert harmless(html).links == (Link("Our shop", "https://x.example"), Link("", "y"))


@pytest.mark.parametrize(
    "source", ["https://x.example/p.png", "p.png", "cid:logo", "//x.example/p"]
)
def test_a_picture_that_is_not_in_the_mail_is_a_box_with_its_words(source: str) -> None:
    changed = harmless(f'<img width=200 height=90 alt="A &lt;b&gt; c" src="{source}">')
    drawn = unquote(changed.html)
    assert ">A &lt;b&gt; c<" in drawn
    assert "(not loaded here)" in drawn
    assert f"not loaded here: {source}" in changed.html
    assert changed.html.index("data:image/svg+xml,") < changed.html.index(source)


def test_a_small_picture_bears_no_words() -> None:
    assert "<text" not in unquote(harmless("<img src=h width=1 height=1 alt=spy>").html)
    assert "<text" not in unquote(harmless('<img src=h style="width: 20px;height:20px">').html)


def test_a_picture_of_the_mail_itself_is_shown_and_fetches_nothing_sharper() -> None:
    assert harmless("<img src=data:x>").html == "<img src=data:x>"
    changed = harmless('<img src="data:x" srcset="https://x.example 2x">')
    assert changed.html == '<img srcset="" src="data:x" srcset="https://x.example 2x">'


@given(st.lists(ALPHABET, max_size=30).map("".join))
def test_no_html_breaks_it_and_what_is_there_stays(html: str) -> None:
    changed = harmless(html).html
    left = iter(changed)
    assert all(sign in left for sign in html)  # each sign, in this order


@pytest.mark.parametrize(
    "piece", ["<a href=x>", "<img src=h ", "<!--", "<![if x]>", "<a href='", "\n<a", "<!--a-->"]
)
def test_a_long_mail_is_read_in_a_time_that_grows_with_its_length(piece: str) -> None:
    """A quadratic reading of these would not end within the tests' own bound."""
    harmless(piece * (200_000 // len(piece)) + "<a href=x>")
