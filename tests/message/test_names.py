"""Names compared with columns and variables before a row is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.model import Campaign, Recipients, Unsubscribe
from sendbatch.message.names import check_names
from sendbatch.message.reading import read_content

from .conftest import COLUMNS

Make = Callable[..., Campaign]


def said(campaign: Campaign) -> str:
    return "\n".join(map(str, check_names(read_content(campaign), campaign, COLUMNS)))


@pytest.mark.parametrize(
    "source",
    [
        "{{ first_name }} {{ product }}",
        "{% set x = 1 %}{{ x }}{% for y in [1] %}{{ y }}{{ loop.index }}{% endfor %}",
        "{% macro m(a, b=1) %}{{ a }}{{ b }}{{ caller() }}{% endmacro %}{% call m(1) %}{% endcall %}",
        "{% if nickname is defined %}x{% endif %}{{ nickname|default('x') }}",
        "{{ range(3)|list }}{{ namespace(a=1).a }}{{ dict(a=1) }}",
        "{% extends 'base.html' %}{% block b %}{{ super() }}{{ of_base }}{{ self.b }}{% endblock %}",
        "{% set of_parent = 1 %}{% include 'part.html' %}",
        "{% import 'macros.html' as m %}{{ m.hi(first_name) }}",
        "{% for of_parent in 'ab' %}{% include 'part.html' %}{% endfor %}",
    ],
)
def test_what_is_a_column_a_variable_or_set_is_fine(campaign: Make, source: str) -> None:
    files = {
        "templates/body.html": source,
        "templates/base.html": "{% set of_base = 1 %}{% block b %}{% endblock %}",
        "templates/part.html": "{{ of_parent }}{{ first_name }}",
        "templates/macros.html": "{% macro hi(a) %}{{ a }}{% endmacro %}",
    }
    assert said(campaign(files, variables={"product": "Widget"})) == ""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "a\n  {{ fist_name }}",
            [
                "body.html:2:6",
                "fist_name is not a column or a variable",
                "did you mean first_name?",
            ],
        ),
        (
            "{% if false %}{{ costumer_id }}{% endif %}",
            ["body.html:1:18", "did you mean customer_id?"],
        ),
        ("{% include 'part.html' %}", ["part.html:2", "of_parent"]),
        (
            "{% import 'part.html' as p %}",
            ["first_name is not seen in an imported template", "with context"],
        ),
    ],
)
def test_an_unknown_name_is_a_fault_with_its_place_and_a_guess(
    campaign: Make, source: str, words: list[str]
) -> None:
    files = {
        "templates/body.html": source,
        "templates/part.html": "\n{{ of_parent }}{{ first_name }}",
    }
    found = said(campaign(files))
    for word in words:
        assert word in found


def test_every_template_of_the_campaign_file_is_looked_at(campaign: Make, tmp_path: Path) -> None:
    made = campaign()
    found = said(
        replace(
            made,
            subject="{{ a1 }}",
            recipients=Recipients(tmp_path / "x.csv", name="{{ a2 }}"),
            headers={"X-A": "{{ a3 }}"},
            attachments=("{{ a4 }}.pdf",),
            unsubscribe=Unsubscribe("https://example.com/{{ a5 }}", "{{ a6 }}@example.com"),
            sender=replace(made.sender, name="{{ a7 }}"),
        )
    )
    for number, line in ((1, 1), (2, 8), (3, 5), (4, 4), (5, 7), (7, 6)):
        assert f"campaigns/spring.yaml:{line}:3: error: " in found
        assert f": a{number} is not a column or a variable" in found
    assert "a6" in found
