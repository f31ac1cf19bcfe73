"""Where the links of a mail lead, and the words that one clicks on."""

from __future__ import annotations

import pytest

from sendbatch.preview.links import Link, links_in_text, links_of


def test_an_address_with_a_query_is_told_as_it_is() -> None:
    """HTML §13.2.5.73: in an attribute `&copy=` is no reference."""
    html = '<a href="https://x.example/?a=1&copy=2&lt=3">x</a>'
    assert links_of(html) == [Link("x", "https://x.example/?a=1&copy=2&lt=3")]
    assert links_of("<A target=_top\n href='https://x.example/?a=1&amp;b=2'>x</A>") == [
        Link("x", "https://x.example/?a=1&b=2")
    ]


def test_a_reference_to_a_number_without_end_is_a_sign_that_cannot_be_shown() -> None:
    number = f"&#{'9' * 5000};"
    html = f'<p title="{number}"><a href="https://x.example/{number}">a{number}</a>'
    assert links_of(html) == [Link("a\ufffd", "https://x.example/\ufffd")]


def test_a_link_of_a_drawing_is_told_as_it_was_written_once_too() -> None:
    html = '<svg><a xlink:href="https://x.example"><text>old</text></a></svg>'
    assert links_of(html) == [Link("old", "https://x.example")]


def test_a_link_of_a_picture_is_called_by_its_alt_text() -> None:
    html = '<a href="https://x.example"><img src="data:," alt="Our shop"></a><a href="y"> </a>'
    assert links_of(html) == [Link("Our shop", "https://x.example"), Link("", "y")]


def test_each_link_is_told_once() -> None:
    assert links_of("<a href=x>a</a><a href=x>a</a><a href=x>b</a>") == [
        Link("a", "x"),
        Link("b", "x"),
    ]


def test_a_plain_text_has_the_links_that_programs_make_of_it() -> None:
    said = "See (https://x.example/a?b=1), or write to mailto:a@b.example. https://x.example/a?b=1"
    assert [link.url for link in links_in_text(said)] == [
        "https://x.example/a?b=1",
        "mailto:a@b.example",
    ]


@pytest.mark.parametrize(
    "piece", ["<a href=x>", "<img src=h ", "<!--", "<![if x]>", "<a href='", "\n<a", "<!--a-->"]
)
def test_a_long_mail_is_read_in_a_time_that_grows_with_its_length(piece: str) -> None:
    """A quadratic reading of these would not end within the tests' own bound."""
    links_of(piece * (200_000 // len(piece)) + "<a href=x>")
