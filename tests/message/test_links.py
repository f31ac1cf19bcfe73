"""Links that lead nowhere from a mail are warned of, with their place and what to write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sendbatch.message.checks.links import doubtful_links
from sendbatch.message.content import Content
from sendbatch.values import Recipient

from .conftest import COLUMNS, bundle, content


def of_html(source: str, **variables: str) -> Content:
    return replace(content(), html=bundle(source), variables=variables)


def of_markdown(source: str) -> Content:
    letter = bundle(source, "letter.md")
    return replace(content(), html=None, text=None, markdown=letter, layout=bundle("{{ content }}"))


def told(made: Content) -> list[tuple[str, str | None]]:
    found = [*doubtful_links(made, COLUMNS)]
    assert {one.rule for one in found} <= {"broken-link"}
    return [(f"{one.place.line}:{one.place.column}", one.hint) for one in found if one.place]


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("www.example.com", "write https://www.example.com"),
        ("WWW.example.com/a?b=c#d", "write https://WWW.example.com/a?b=c#d"),
        ("exmaple.com/x", "write https://exmaple.com/x"),
        ("example.com:8080/x", "write https://example.com:8080/x"),
        ("//example.com/x", "write https://example.com/x"),
        ("https//example.com", "write https://example.com"),
        ("info@example.com", "write mailto:info@example.com"),
        ("info@example.com?subject=Hi", "write mailto:info@example.com?subject=Hi"),
        ("/path", "write the whole address, as in https://example.com/page"),
        ("page.html", "write the whole address, as in https://example.com/page"),
        ("files/price.pdf", "write the whole address, as in https://example.com/page"),
        ("?for=you", "write the whole address, as in https://example.com/page"),
        ("", "write the whole address, as in https://example.com/page"),
        ("www.{{ plan }}.com", "write https://www.{{ plan }}.com"),
        ("example.com/{{ first_name|urlencode }}", "write https://example.com/{{ first_name|urlencode }}"),
        ("/{{ first_name }}", "write the whole address, as in https://example.com/page"),
    ],
)  # fmt: skip
def test_a_link_that_leads_nowhere_is_told_in_html_and_in_markdown(url: str, hint: str) -> None:
    assert told(of_html(f'<p>\n ä <a class="b" HREF="{url}">x</a>')) == [("2:23", hint)]
    assert told(of_html(f"<area href = ' {url} '>")) == [("1:16" if url else "1:17", hint)]
    inline = "2:9" if url else "2:3"  # of the link itself
    assert told(of_markdown(f"\nä [*b*]({url}) c\n")) == [(inline, hint)]
    assert told(of_markdown(f"[b][l] [c][l]\n\n[l]: <{url}>\n")) == [("3:7" if url else "3:1", hint)]
    assert told(of_markdown(f'\nä <a href="{url}">x</a>\n')) == [("2:12", hint)]


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("htps://example.com/x", "write https://example.com/x"),
        ("htttp://example.com/x", "write http://example.com/x"),
        ("mialto:a@b.example", "write mailto:a@b.example"),
        ("https:/example.com/x", "write https://example.com/x"),
        ("https:example.com", "write https://example.com"),
        ("https://https://example.com/x", "write https://example.com/x"),
        ("https://www,example.com", "write the whole address, as in https://example.com/page"),
        ("https:///x", "write the whole address, as in https://example.com/page"),
        ("file:///C:/price.pdf", "write the whole address, as in https://example.com/page"),
        ("C:\\price.pdf", "write the whole address, as in https://example.com/page"),
        ("javascript:void(0)", "write the whole address, as in https://example.com/page"),
    ],
)
def test_what_only_looks_like_a_whole_address_is_told(url: str, hint: str) -> None:
    assert told(of_html(f'<p><a href="{url}">x</a>')) == [("1:13", hint)]


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.com", "HTTP://a.example", "mailto:a@b.example", "tel:+49123", "sms:1"),
        *("cid:a", "#top", "#", "whatsapp://send", "{{ link }}", "{{ link }}/a", "{{ a }}://x"),
        *("http{% if plan %}s{% endif %}://a.example", "*|UNSUB|*", "%%url%%", "[[link]]"),
        "{% if plan %}https://a.example{% else %}mailto:a@b.example{% endif %}",
        "{% if plan %}{{ a }}{% else %}{{ b }}{% endif %}",
        *("https&#58;//a.example", "https://{{ host }}/x", "https://a@b.example"),
        *("https://[2001:db8::1]/", "ftp://a.example", "webcal://a.example/c.ics"),
        *("tg://resolve?domain=a", "geo:1,2", "facetime:a@b.c"),
    ],
)
def test_what_leads_somewhere_or_may_is_fine(url: str) -> None:
    assert told(of_html(f'<a href="{url}">x</a> <a name="top">y</a>')) == []
    assert told(of_markdown(f"[b](<{url}>)\n")) == []


def test_of_two_branches_the_one_that_leads_nowhere_is_told() -> None:
    source = '<a href="{% if plan %}https://a.example{% else %}www.a.example{% endif %}">x</a>'
    assert told(of_html(source)) == [("1:10", "write https://www.a.example")]


def test_what_a_variable_of_the_campaign_holds_is_looked_at_too() -> None:
    source = '<a href="{{ site }}/a">x</a>'
    assert told(of_html(source, site="www.example.com")) == [("1:10", "write https://www.example.com/a")]
    assert told(of_html(source, site="https://example.com")) == []


def test_what_is_no_link_is_left_alone() -> None:
    source = "`[b](www.a.b)`\n\n    <a href='www.a.b'>\n\n![](www.a.b) www.a.b <a@b.example> [x] [y](#z)\n"
    assert told(of_markdown(source)) == []
    assert told(of_html("<!-- <a href='www.a.b'> --><link href=a.css><b href=www.a.b>")) == []


def test_an_address_is_told_once_and_few_are_named() -> None:
    assert len(told(of_html('<a href="/a">x</a>' * 3))) == 1
    found = [*doubtful_links(of_html("".join(f'<a href="/{n}">x</a>' for n in range(50))), COLUMNS)]
    assert len(found) == 21
    assert found[-1].message == "and 30 more addresses of links that lead nowhere"


def rows(column: str, *cells: str) -> list[Recipient]:
    at = COLUMNS.index(column)
    empty = [""] * len(COLUMNS)
    return [
        Recipient(number, number + 2, "k", "a@b.example", (*empty[:at], cell, *empty[at + 1 :]))
        for number, cell in enumerate(cells)
    ]


def test_a_link_that_begins_with_a_cell_is_told_by_the_first_row_that_leads_nowhere() -> None:
    cells = rows("first_name", "https://a.example", "", "#x", "www.a.example", "b.example")
    for made in (of_html('<p><a href="{{ first_name }}">x</a>'), of_markdown("\nab [x]({{ first_name }})\n")):
        [found] = doubtful_links(made, COLUMNS, cells)
        assert found.place is not None
        assert found.message == "the link {{ first_name }} leads nowhere in row 5: www.a.example"
        assert found.hint == "write https://www.a.example, in the cell"
        assert found.place.text is not None
        assert found.place.text[(found.place.column or 0) - 1 :].startswith("{{ first_name }}")
        assert not [*doubtful_links(made, COLUMNS, cells[:3])]
    assert not [*doubtful_links(of_html('<a href="{{ first_name|trim }}">x</a>'), COLUMNS, cells)]
    [found] = doubtful_links(of_html('<a href="{{ first_name }}/{{ x }}">x</a>'), COLUMNS, cells)
    assert "the link {{ first_name }}/{{ x }} leads nowhere" in found.message
