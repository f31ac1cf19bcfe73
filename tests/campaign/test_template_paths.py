"""Paths of templates with `{{ }}` in them, and what stands in for a value that leads nowhere."""

from __future__ import annotations

import pytest

from sendbatch.campaign.language.paths import names_of
from sendbatch.campaign.model import PathTemplate

from .conftest import Desk

FALLBACK = "templates: {html: 'a.{{ locale }}.html', fallback: {%s}}"


def test_a_path_is_taken_apart_at_its_values(desk: Desk) -> None:
    path = "../t/{{ brand|lower }}/news.{{ locale[:2] }}.html"
    templates = desk.load(templates=f"templates:\n  html: {path}\n  text: spring.html").templates
    html = templates.html
    assert isinstance(html, PathTemplate)
    assert html.folder == desk.folder / "../t"
    assert html.pieces == ("", "brand|lower", "/news.", "locale[:2]", ".html")
    assert names_of(html) == {"brand", "locale"}
    assert (html.suffix, html.name) == (".html", "news.{{ locale[:2] }}.html")
    assert [*templates.by_row] == ["html"]
    assert [*templates.files] == ["html", "text"]


@pytest.mark.parametrize(
    ("path", "key"),
    [("news.{{ l }}.html", "html"), ("{{ l }}/a.txt", "text"), ("a{{ l }}.md", "markdown")],
)
def test_a_path_alone_is_of_the_kind_that_its_ending_says(desk: Desk, path: str, key: str) -> None:
    templates = desk.load(templates=f"templates: '{path}'").templates
    assert [*templates.by_row] == [key]


def test_a_fallback_stands_in_for_names_of_any_path(desk: Desk) -> None:
    paths = "html: 'a.{{ locale }}.html', text: 'a.{{ plan }}.txt'"
    fallback = "fallback: {locale: en, plan: x}"
    templates = desk.load(templates=f"templates: {{{paths}, {fallback}}}").templates
    assert templates.fallback == {"locale": "en", "plan": "x"}


@pytest.mark.parametrize(
    ("templates", "said", "hint"),
    [
        ("templates: 'a.{% if x %}b{% endif %}.html'", "only {{ }} may stand in the path", "a value alone"),
        ("templates: 'a.{# x #}.html'", "only {{ }} may stand in the path", "a value alone"),
        ("templates: 'a.{{ x }}'", "what it ends with must be written out", ".html"),
        ("templates: 'a.{{ x }}.csv'", "no template, and would be mailed", ".html"),
        ("templates: {html: 'a.{{ x }}.md'}", "is Markdown, and would be mailed", "markdown:"),
        ("templates: '{{ x }}/../a.html'", "an empty name, . or .. behind {{ }}", "before them"),
        ("templates: '{{ x }}//a.html'", "an empty name, . or .. behind {{ }}", "before them"),
        ("templates: '{{ [1, 2]|random }}.html'", "leads to another file each time", "by a column"),
        ("templates: 'a.{{ x|lowr }}.html'", "no filter is called lowr", "lower?"),
        ("templates: 'a.{x}.html'", "no such file, and no template, which has braces twice", "{{ x }}"),
        ("templates: 'a.{{ x .html'", "not a template", None),
        ("templates: '{{a}}{{b}}{{c}}{{d}}{{e}}.html'", "has more than 4 parts in {{ }}", None),
        ("templates: {html: {{ x }}.html}", "not YAML", "quotes"),
        ("templates: {html: a.{{ x }}.html}", "not YAML", "quotes"),
        (FALLBACK % "lokale: en", "templates.fallback.lokale: no path of a template has", "locale?"),
        (FALLBACK % "plan: en", "templates.fallback.plan: no path of a template has", "{{ plan }} in a path"),
        (FALLBACK % "locale: ''", "fallback.locale: must be a part of a file's name", None),
        (FALLBACK % "locale: a/b", "fallback.locale: must be a part of a file's name", None),
        (FALLBACK % "locale: [en]", "templates.fallback.locale: must be text", None),
        ("templates: {html: spring.html, fallback: {x: y}}", "fallback.x: no path of a template", "{{ x }}"),
        ("templates: {html: spring.html, falback: {x: y}}", "unknown key: templates.falback", "fallback?"),
    ],
)  # fmt: skip
def test_every_mistake_has_its_words(
    desk: Desk, templates: str, said: str, hint: str | None
) -> None:
    (found,) = desk.faults(templates=templates)
    assert said in found.message
    assert found.place is not None
    assert found.place.line == 5
    if hint is not None:
        assert hint in (found.hint or "")
