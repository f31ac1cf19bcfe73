"""Words for those who have no pictures: `alt` texts, and a mail that is more than a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sendbatch.campaign.model import Campaign, Templates
from sendbatch.message.checks.alternatives import picture_alone, pictures_without_alt
from sendbatch.message.content import Content
from sendbatch.message.reading import read_content
from sendbatch.values import Recipient

from .conftest import COLUMNS, bundle, content

HERO = '<img src="https://a.example/hero.jpg" width="600" alt="Our spring sale, all of it at half price">'


def of_html(source: str, **variables: str) -> Content:
    return replace(content(), html=bundle(source), variables=variables)


def alone(source: str, name: str = "Ada", **variables: str) -> list[str]:
    row = Recipient(1, 2, "k", "a@b.example", ("a@b.example", name, "12"))
    return [one.message for one in picture_alone(of_html(source, **variables), COLUMNS, [row])]


def test_the_first_picture_without_alt_is_told_with_the_number_of_the_others() -> None:
    source = '<p>\n <img src="https://a.example/a.png"><img src=b.png alt=b><IMG SRC=c.png><img src=d.png>'
    [found] = pictures_without_alt(of_html(source))
    assert (found.place and (found.place.line, found.place.column)) == (2, 2)
    assert found.message == "a picture has no alt text, nor have 2 others"
    letter = bundle("![](a.png)\n\n<img src=b.png>\n", "letter.md")
    [found] = pictures_without_alt(replace(content(), markdown=letter, layout=bundle("{{ content }}")))
    assert found.place
    assert found.place.line == 3


def test_a_picture_of_mjml_is_told_where_its_author_named_it(campaign: Callable[..., Campaign]) -> None:
    inner = "<mj-section><mj-column>\n<mj-image src='https://a.example/x.png'/></mj-column></mj-section>"
    mjml = f"<mjml><mj-body>\n{inner}<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>"
    folder = campaign({"templates/a.mjml": f"{mjml}</mj-body></mjml>"}).folder.parent
    made = campaign(folder=folder, templates=Templates(html=folder / "templates/a.mjml"))
    [found] = pictures_without_alt(read_content(made))
    assert found.place
    assert (found.place.line, found.place.column) == (3, 16)


def test_an_icon_that_mjml_writes_is_none_of_its_authors(campaign: Callable[..., Campaign]) -> None:
    social = "<mj-social>\n<mj-social-element name='facebook' href='https://a.example/'>Share</mj-social-element>"
    own = "\n<mj-social-element src='https://a.example/x.png' href='https://a.example/'>Shop</mj-social-element>"
    for more, lines in (("", []), (own, [3])):
        section = f"<mj-section><mj-column>{social}{more}</mj-social></mj-column></mj-section>"
        folder = campaign({"templates/a.mjml": f"<mjml><mj-body>{section}</mj-body></mjml>"}).folder.parent
        made = campaign(folder=folder, templates=Templates(html=folder / "templates/a.mjml"))
        found = [*pictures_without_alt(read_content(made))]
        assert [one.place and one.place.line for one in found] == lines


@pytest.mark.parametrize(
    "tag",
    [
        *('<img src=a.png alt="">', "<img alt src=a.png>", "<img src=a.png {% if a %}alt=b{% endif %}>"),
        *("<img src=a.png width=1 height=1>", '<img src=a.png width="1px">'),
        *("<img src=a.png {{ attributes }}>", "<img src=a.png {{ alt }} class=b>"),
        *("<img src=a.png role=presentation>", "<img src=a.png aria-hidden=true>"),
        *("<img src=a.png width='0'>", "<!-- <img src=a.png> -->"),
        '<img src=a.png style="display:none">',
    ],
)
def test_what_says_nothing_needs_no_words(tag: str) -> None:
    assert [*pictures_without_alt(of_html(f"<p>x{tag}</p>"))] == []


@pytest.mark.parametrize(
    "source",
    [
        f"<a href='https://a.example'>{HERO}</a>",
        f"<div style='display:none'>Our spring sale is on, and you get to see it first</div>{HERO}"
        "<p><a href='https://a.example/leave'>Unsubscribe</a></p>",
        f"<p>Dear {{{{ first_name }}}},</p>{HERO}",
        '<img src=a.png width="100%" alt="x"><p>View in browser</p>',
    ],
)
def test_a_mail_that_is_a_picture_is_told(source: str) -> None:
    [said] = alone(source)
    assert said.startswith("the mail is a picture: beside it there ")


@pytest.mark.parametrize(
    "source",
    [
        f"{HERO}<p>Our spring sale is on: all seeds are sold at half price until Sunday evening.</p>",
        "<img src=logo.png width=120 alt=Logo><p>Your code is 123456.</p>",
        "<img src=https://a.example/x.png alt=x><p>Thanks.</p>",
        f"{HERO}{{{{ letter }}}}",
        f"{HERO}<p>{{% for one in lines %}}{{{{ one }}}}{{% endfor %}}</p>",
        "<p>Thanks.</p>",
    ],
)
def test_a_mail_with_words_is_none(source: str) -> None:
    assert alone(source) == []


def test_what_cells_and_variables_say_are_words() -> None:
    own = "a letter of its own, with words enough for anybody to read on a train"
    assert alone(f"{HERO}{{{{ first_name }}}}", own) == []
    assert alone(f"{HERO}{{{{ letter }}}}", letter="short") != []
    assert alone(f"{HERO}{{{{ letter }}}}", letter="word " * 12) == []
