"""Where links lead: over http, to numbers, through shorteners, and elsewhere than a reader sees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sendbatch.message.checks.targets import doubtful_targets
from sendbatch.message.content import Content
from sendbatch.runtime.masking import masked

from .conftest import COLUMNS, bundle, content


def of_html(source: str, **variables: str) -> Content:
    return replace(content(text=None), html=bundle(source), variables=variables)


def of_markdown(source: str) -> Content:
    letter = bundle(source, "letter.md")
    return replace(content(text=None), markdown=letter, layout=bundle("{{ content }}"))


def told(made: Content) -> list[tuple[str, str]]:
    found = [*doubtful_targets(made, COLUMNS)]
    return [(one.rule, f"{one.place.line}:{one.place.column}") for one in found if one.place]


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://example.com/a", "open-link"),
        ("HTTP://Example.com", "open-link"),
        ("http://example.com/{{ first_name|urlencode }}", "open-link"),
        ("https://192.0.2.7/a", "numeric-link"),
        ("http://3221225991/a", "numeric-link"),
        ("https://[2001:db8::1]:443/a", "numeric-link"),
        ("http://localhost:3000/a", "numeric-link"),
        ("https://bit.ly/3xyz", "shortened-link"),
        ("http://www.tinyurl.com/3xyz", "shortened-link"),
    ],
)
def test_a_link_that_filters_or_browsers_hold_against_a_mail_is_told(url: str, rule: str) -> None:
    assert told(of_html(f'<p>\n <a class="b" href="{url}">x</a>')) == [(rule, "2:21")]
    assert told(of_markdown(f"\na [b]({url}) c\n")) == [(rule, "2:7")]
    assert told(content(text=f"Look:\n  {url}\n")) == [(rule, "2:3")]


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.com/http://x", "https://youtu.be/x", "https://bit.ly.example.com", "mailto:a@b.c"),
        *("http://intranet/a", "http://wiki.corp.internal/a", "http://{{ first_name }}/a", "https://1.example"),
        *("http://*|URL|*", "https://example.com/?to=192.0.2.7", "{{ first_name }}", "tel:192"),
    ],
)
def test_what_leads_to_a_name_over_https_is_fine(url: str) -> None:
    assert told(of_html(f'<a href="{url}">x</a>')) == []


def test_a_link_with_a_value_in_it_is_named_where_addresses_are_masked() -> None:
    (found,) = doubtful_targets(of_html('<a href="http://a.example/?e={{ email }}">x</a>'), COLUMNS)
    assert "the link http://a.example/?e={{ … }} goes over http" in masked(found.message)


def test_a_namespace_a_doctype_and_what_is_in_comments_are_no_links() -> None:
    source = (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
        '<html xmlns="http://www.w3.org/1999/xhtml"><!-- <a href="http://a.example">x</a> -->'
    )
    assert told(of_html(source)) == []


def test_many_links_to_one_host_are_one_finding() -> None:
    links = "".join(f'<a href="http://a.example/{number}">x</a>' for number in range(30))
    [found] = doubtful_targets(of_html(links), COLUMNS)
    assert "(and 29 other links like it)" in found.message
    assert found.hint == "write https://"


def test_what_a_variable_of_the_campaign_holds_is_looked_at_too() -> None:
    source = '<a href="{{ site }}/a">x</a>'
    assert told(of_html(source, site="http://a.example")) == [("open-link", "1:10")]
    assert told(of_html(source, site="https://a.example")) == []


@pytest.mark.parametrize(
    ("shown", "url"),
    [
        ("www.bank.example", "https://phish.test/x"),
        ("https://bank.com/login", "https://phish.test/x"),
        ("<b>bank.com</b>", "https://phish.test/x"),
        ("info@bank.com", "https://phish.test/x"),
    ],
)
def test_a_text_that_shows_another_domain_is_told(shown: str, url: str) -> None:
    assert told(of_html(f'<p><a href="{url}">{shown}</a>')) == [("misleading-link", "1:13")]
    if "<" not in shown:
        assert told(of_markdown(f"[{shown}]({url})")) == [("misleading-link", f"1:{len(shown) + 4}")]


@pytest.mark.parametrize(
    ("shown", "url"),
    [
        ("bank.com", "https://www.bank.com/x"),
        ("www.bank.com", "https://bank.com"),
        ("https://bank.com/x", "https://click.bank.com/y"),
        ("Node.js", "https://nodejs.org"),
        ("README.md", "https://example.com/readme"),
        ("price-list.pdf", "https://example.com/price"),
        ("ASP.NET", "https://example.com"),
        ("v2.0.1", "https://example.com"),
        ("bücher.de", "https://xn--bcher-kva.de/x"),
        ("{{ first_name }}.com", "https://example.com"),
        ("bank.com", "{{ first_name }}"),
        ("bank.com", "mailto:info@example.org"),
        ("Visit bank.com today", "https://example.com"),
        ("12:30", "https://example.com"),
    ],
)
def test_a_text_that_shows_no_other_domain_is_fine(shown: str, url: str) -> None:
    assert told(of_html(f'<p><a href="{url}">{shown}</a>')) == []
