"""Names compared with columns and variables before a row is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sendbatch.campaign.language.environment import environment, parsed
from sendbatch.campaign.model import Attachment, Campaign, Recipients, Unsubscribe
from sendbatch.errors import Place
from sendbatch.message.checks.names import bare_conditions, check_names, names_set, names_used
from sendbatch.message.reading import read_content

from .conftest import COLUMNS

Make = Callable[..., Campaign]


def bare(campaign: Campaign) -> dict[str, Place | None]:
    found = bare_conditions(read_content(campaign), campaign, COLUMNS)
    return {column: place for (column, _), place in found.items()}


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
        "{% extends 'base.html' %}{% from 'macros.html' import hi as hello %}{% set x = 1 %}"
        "{% import 'macros.html' as m %}{% macro own() %}o{% endmacro %}"
        "{% block b %}{{ hello(first_name) }}{{ m.hi(x) }}{{ own() }}{% endblock %}",
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
        ("first_nme: {{ first_nme }}", ["body.html:1:15", "did you mean first_name?"]),
        ("{% for n in rnage(3) %}Hi{% endfor %}", ["body.html:1:13", "did you mean range?"]),
        ("{{ rnage }}", ["rnage is not a column or a variable", "add a column or a variable"]),
        ("{{ name }}", ["name is not a column or a variable", "add a column or a variable"]),
        ("{{ namespace }}", ["body.html:1:4", "namespace is a function of the template language"]),
        ("{{ first_name == null }}", ["body.html:1:18", 'an empty one is ""']),
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
            attachments=(Attachment("{{ a4 }}.pdf"),),
            unsubscribe=Unsubscribe("https://example.com/{{ a5 }}", "{{ a6 }}@example.com"),
            sender=replace(made.sender, name="{{ a7 }}"),
        )
    )
    for number, line in ((1, 1), (2, 8), (3, 5), (4, 4), (5, 7), (7, 6)):
        assert f"campaigns/spring.yaml:{line}:3: error: " in found
        assert f": a{number} is not a column or a variable" in found
    assert "a6" in found


def test_a_name_in_a_line_of_the_campaign_file_has_its_column(campaign: Make) -> None:
    made = campaign(subject="Dear {{ fist_name }}")
    place = Place("spring.yaml", 3, 11, 'subject: "Dear {{ fist_name }}"')
    (fault,) = check_names(read_content(made), replace(made, places={"subject": place}), COLUMNS)
    assert fault.place == replace(place, column=19)


def test_text_against_a_number_is_a_fault_in_every_template(campaign: Make) -> None:
    files = {
        "templates/body.html": "{% include 'part.html' %}\n{% if first_name != true %}x{% endif %}",
        "templates/part.html": "\n  {{ 'a' if customer_id == limit else 'b' }}",
    }
    made = campaign(
        files,
        variables={"limit": 12},
        subject="{{ first_name if customer_id in [1] }}",
        headers={"X-A": "{{ customer_id is eq 1 }}"},
        attachments=("{{ 'a' if customer_id == 1 }}.pdf",),
    )
    found = said(made)
    assert "body.html:2:7: error: first_name is text, and true is a truth value" in found
    assert "part.html:2:13: error: customer_id is text, and limit is a number" in found
    assert "write customer_id|int == limit" in found
    for line, what in ((1, "subject"), (5, "headers.X-A"), (4, "attachments.0")):
        assert f"campaigns/spring.yaml:{line}:3: error: {what}: customer_id is text" in found
    assert found.count("error:") == 5


def test_a_name_that_another_template_sets_may_be_a_number(campaign: Make) -> None:
    files = {
        "templates/body.html": "{% set customer_id = 3 %}{% include 'part.html' %}",
        "templates/part.html": "{{ customer_id == 3 }}",
        "templates/macros.html": "{% macro m(first_name) %}{{ first_name == 1 }}{% endmacro %}",
    }
    assert said(campaign(files)) == ""
    files["templates/body.html"] = "{% from 'macros.html' import m %}{{ m(2) }}"
    assert said(campaign(files)) == ""


def test_columns_that_are_conditions_by_themselves_are_told_with_their_first_place(
    campaign: Make,
) -> None:
    files = {
        "templates/body.html": "a\n{% if first_name %}{% endif %}{% if first_name %}{% endif %}"
    }
    found = bare(campaign(files, subject="{{ 'x' if customer_id else 'y' }}"))
    assert list(found) == ["first_name", "customer_id"]
    assert found["first_name"] is not None
    assert (found["first_name"].line, found["first_name"].column) == (2, 7)
    assert found["customer_id"] == Place("campaigns/spring.yaml", 1, 3, "  subject")


def test_a_tree_that_was_looked_at_is_as_it_was_parsed(campaign: Make) -> None:
    """Everybody is given the same one."""
    source = (
        "{% set x = 1 + 2 %}{% macro m(a) %}{{ a ~ 'b' * 2 }}{% endmacro %}{{ m(name) }}"
        "{% if plan == 3 and points|int > 5 %}{{ nmae|default('x')|upper }}{% endif %}"
        "{% for item in items.split('|') %}{{ loop.index }}{{ item }}{% endfor %}"
    )
    made = campaign({"templates/body.html": source})
    content = read_content(made)
    check_names(content, made, COLUMNS)
    bare_conditions(content, made, COLUMNS)
    assert names_used(content)
    assert names_set(content)
    assert parsed.cache_info().hits
    assert parsed(source) == environment().parse(source)
