"""Values within links are encoded, or cannot lead elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sendbatch.campaign.model import Campaign, Unsubscribe
from sendbatch.errors import Place
from sendbatch.message.checks.encoding import unencoded_values
from sendbatch.message.content import Content
from sendbatch.values import Recipient

from .conftest import COLUMNS, bundle, content

Make = Callable[..., Campaign]


def of_html(source: str, **variables: object) -> Content:
    return replace(content(text=None), html=bundle(source), variables=variables)


def rows(*names: str) -> list[Recipient]:
    return [
        Recipient(number, number + 2, "k", "a@b.example", ("a@b.example", name, "c-17"))
        for number, name in enumerate(names)
    ]


def told(made: Content, campaign: Campaign, *names: str) -> list[tuple[str, str | None]]:
    found = [*unencoded_values(made, campaign, COLUMNS, rows(*(names or ("Ada",))))]
    assert {one.rule for one in found} <= {"unencoded-value"}
    return [(f"{one.place.line}:{one.place.column}", one.hint) for one in found if one.place]


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://a.example/?e={{ email }}", "write {{ email|urlencode }}"),
        ("https://a.example/{{ first_name|trim }}/x", "write {{ first_name|trim|urlencode }}"),
        ("https://a.example/{{ first_name ~ '!' }}", "write {{ (first_name ~ '!')|urlencode }}"),
        ("mailto:a@b.example?subject={{ first_name }}", "write {{ first_name|urlencode }}"),
        ("{{ site }}/x?e={{ email }}", "write {{ email|urlencode }}"),
        ("https://a.example/{{ bad }}", "write {{ bad|urlencode }}"),
    ],
)
def test_a_value_within_a_link_is_told_where_its_tag_stands(campaign: Make, url: str, hint: str) -> None:
    at = url.rindex("{{")
    made = of_html(f'<p>\n<a href="{url}">x</a>', site="https://a.example", bad="a b")
    assert told(made, campaign()) == [(f"2:{at + 10}", hint)]


@pytest.mark.parametrize(
    "url",
    [
        *("{{ first_name }}", "{{ first_name }}#top", "https://{{ first_name }}/", "mailto:{{ email }}"),
        *("https://a.example/{{ first_name|urlencode }}", "https://a.example/{{ email|urlencode|upper }}"),
        *("https://a.example/{{ customer_id }}", "https://a.example/{{ customer_id|int }}"),
        *("https://a.example/?{{ first_name }}", "https://a.example/?back={{ unsubscribe_url }}"),
        *("https://a.example/{{ season }}/{{ year }}", "https://a.example/?v={{ variant }}"),
        *("https://a.example/{% if first_name %}x{% endif %}", "{{ site }}/x", "tel:{{ first_name }}"),
        "https://a.example/{{ 'x' }}",
    ],
)
def test_what_cannot_lead_elsewhere_is_fine(campaign: Make, url: str) -> None:
    made = of_html(f'<a href="{url}">x</a>', season="spring", year=2026, site="https://a.example")
    assert told(made, campaign()) == []


def test_the_first_row_that_is_led_elsewhere_is_named(campaign: Make) -> None:
    made = of_html('<a href="https://a.example/{{ first_name }}">x</a>')
    [found] = unencoded_values(made, campaign(), COLUMNS, rows("Ada", "Jo Ann", "A&B"))
    assert found.message == "{{ first_name }} stands in a link as it is, and leads elsewhere in row 3"
    assert told(made, campaign(), "c1", "c2") == []
    assert told(made, campaign(), "news/a", "news/b") == []


def test_what_a_loop_over_the_campaigns_own_list_says_is_known(campaign: Make) -> None:
    source = '{% for one in items %}<a href="https://a.example/{{ one.slug }}">x</a>{% endfor %}'
    assert told(of_html(source, items=[{"slug": "a"}, {"slug": "b-c"}]), campaign()) == []
    assert len(told(of_html(source, items=[{"slug": "a"}, {"slug": "b c"}]), campaign())) == 1
    assert len(told(of_html(source.replace("items", "first_name")), campaign())) == 1


def test_text_and_markdown_and_the_link_to_unsubscribe_are_looked_at(campaign: Make) -> None:
    letter = bundle("\na [b](https://a.example/{{ first_name }})\n", "letter.md")
    made = replace(content(text=None), markdown=letter, layout=bundle("{{ content }}"))
    assert [at for at, _ in told(made, campaign())] == ["2:25"]
    made = content(text="x\nhttps://a.example/{{ first_name }}\n")
    assert [at for at, _ in told(made, campaign())] == ["2:19"]
    leaving = replace(content(), unsubscribe=Unsubscribe("https://a.example/?e={{ email }}", None, False))
    place = Place("spring.yaml", 7, 8, "  url: https://a.example/?e={{ email }}")
    declared = replace(campaign(), places={"unsubscribe.url": place})
    assert [at for at, _ in told(leaving, declared)] == ["7:29"]


def test_an_expression_is_told_once(campaign: Make) -> None:
    made = of_html('<a href="https://a.example/{{ first_name }}">x</a>\n' * 5)
    [found] = unencoded_values(made, campaign(), COLUMNS, rows("Ada"))
    assert found.message.endswith("(and in 4 other places)")
