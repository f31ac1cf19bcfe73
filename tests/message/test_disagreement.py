"""A text and an HTML that were both written by hand say the same."""

from __future__ import annotations

import pytest

from sendbatch.message.checks.disagreement import disagreeing_parts

from .conftest import content


@pytest.mark.parametrize(
    ("text", "html", "said"),
    [
        (
            "x\nsee https://a.example/old.\n",
            "<a href='https://a.example/new'>go</a>",
            "the text leads to https://a.example/old, and the HTML does not",
        ),
        ("x\nnow 15 % off", "<p>now <b>20</b>&nbsp;% off", "the text says 15 %, and the HTML does not"),
        ("x\nEUR 18.90 only", "<td>€ 19,90</td>", "the text says EUR 18.90, and the HTML does not"),
        (
            "x\n$10, $20 and $40",
            "<img src=a.png alt='from $30'>",
            "the text says $10, $20, $40, and the HTML does not",
        ),
    ],
)
def test_what_only_the_text_says_is_told_at_its_line(text: str, html: str, said: str) -> None:
    [found] = disagreeing_parts(content(html, text))
    assert (found.rule, found.message, found.place and found.place.line) == ("disagreeing-text", said, 2)


def test_a_text_without_a_link_beside_html_that_has_some_is_told() -> None:
    html = "<a href='https://a.example'>Shop</a><a href='{{ unsubscribe_url }}'>Leave</a>"
    [found] = disagreeing_parts(content(html, "Come to our shop."))
    assert found.message == "the text has no link, and the HTML has 1 link to follow"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("see https://a.example/x", "<a href='https://www.a.example/x/?utm_source=mail#top'>go</a>"),
        ("see https://a.example/x.", "<p>https://a.example/x"),
        ("www.a.example", "<a href='https://a.example/news'>go</a>"),
        ("https://a.example/?n={{ name }}", "<a href='https://a.example/{{ name|urlencode }}'>go</a>"),
        ("https://a.example/{{ name }}/b", "<a href='https://a.example/{{ name|urlencode }}/b'>go</a>"),
        ("https://a.example/x", "<a href='{{ link }}'>go</a>"),
        ("{{ link }}", "<a href='https://a.example/x'>go</a>"),
        ("Write to a@b.example", "<a href='https://a.example/x'>go</a>"),
        ("Thanks.", "<a href='https://a.example'><img src=logo.png alt=Logo></a>"),
        ("Thanks.", "<a href='#top'>top</a><a href='mailto:a@b.example'>x</a>"),
        ("Thanks.", "<a href='{{ unsubscribe_url }}'>leave</a>"),
        ("20% off", "<b>20</b> % off"),
        ("19,90 €", "only € 19.90"),
        ("$1,000", "USD 1000.00"),
        ("€ 5", "<b>5.00</b> EUR"),
        ("15 % off", "<td width='50%' style='width:20%'>half the price"),
        ("{{ price }} €, now 10{{ x }} %", "€ 20 and 30 %"),
        ("call 0800 123 45", "€ 20, 30 %"),
        ("{% if a %}10 %{% else %}20 %{% endif %}", "{% if a %}10 %{% else %}20 %{% endif %}"),
    ],
)
def test_a_text_that_says_the_same_or_less_is_fine(text: str, html: str) -> None:
    assert [*disagreeing_parts(content(html, text))] == []


def test_one_that_is_made_of_the_other_agrees() -> None:
    assert [*disagreeing_parts(content("<a href='https://a.example'>go</a>", None))] == []
    assert [*disagreeing_parts(content(None, "15 %"))] == []
