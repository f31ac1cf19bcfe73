"""Which ways a template takes is noted where it is asked for, and changes nothing of what is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.language.tracing import Trace, Way, tracing, ways_of
from sendbatch.message.content import Bundle
from sendbatch.message.templates import Failed, Template, with_globals
from tests.kit.thoroughness import examples
from tests.message.random_templates import COLUMNS, OTHERS, VARIABLES, Author, random_row


def template(source: str, *, autoescape: bool = False) -> Template:
    sources = {"letter": source, **OTHERS}
    return Template(
        Bundle("letter", sources, {name: name for name in sources}), autoescape=autoescape
    )


def rendered(made: Template, row: Sequence[str]) -> str:
    values = {**with_globals(VARIABLES), **dict(zip(COLUMNS, row, strict=True))}
    try:
        return "".join(made.pieces(values))
    except Failed as failed:
        return f"failed: {failed}"


@settings(max_examples=examples(240))
@given(st.integers(0, 1 << 32), st.booleans())
def test_a_template_that_is_traced_gives_what_it_gives_else(seed: int, autoescape: bool) -> None:
    random = Random(seed)
    source = Author(random).template() + "{{ a if b else n }}{{ b if a }}"
    try:
        environment(jinja2.DictLoader({"letter": source, **OTHERS})).get_template("letter")
    except jinja2.TemplateError:
        return
    plain, traced, trace = (
        template(source, autoescape=autoescape),
        template(source, autoescape=autoescape),
        Trace(),
    )
    for row in [random_row(random) for _ in range(4)]:
        with tracing(trace):
            told = rendered(traced, row)
        assert told == rendered(plain, row)


def taken(source: str, *cells: str) -> set[tuple[str, int, bool]]:
    """(kind, line, holds) of the ways that a row takes, of columns a, b, …."""
    trace, made = Trace(), template(source)
    with tracing(trace):
        rendered(made, (*cells, *("", "", "", "0", "x")[len(cells) :]))
    return {(way.kind, way.line, way.holds) for way in map(trace.known.__getitem__, trace.taken)}


BRANCHES = "{% if a == '1' %}one\n{% elif a == '2' %}two\n{% else %}else{% endif %}"


@pytest.mark.parametrize(
    ("source", "cells", "ways"),
    [
        (BRANCHES, ["1"], {("if", 1, True)}),
        (BRANCHES, ["2"], {("elif", 2, True)}),
        (BRANCHES, ["3"], {("if", 1, False)}),
        ("\n{% if a %}x{% endif %}", [""], {("if", 2, False)}),
        ("{% for i in a.split() %}{{ i }}{% endfor %}", ["x y"], {("for", 1, True)}),
        ("{% for i in a.split() %}{{ i }}{% endfor %}", [""], {("for", 1, False)}),
        (
            "{% for i in a.split() if i > 'x' %}{{ i }}{% else %}none{% endfor %}",
            ["x"],
            {("for", 1, False)},
        ),
        ("{{ 'x' if a else 'y' }}", ["1"], {("inline", 1, True)}),
        ("{{ 'x' if a else 'y' }}", [""], {("inline", 1, False)}),
        ("{% set s = a and ('x' if b) %}{{ a }}", ["", "1"], set()),  # it is not come by
        (
            "{% macro m(x) %}{% if x %}1{% endif %}{% endmacro %}\n{% if b %}{{ m(a) }}{% endif %}",
            ["1", "1"],
            {("if", 1, True), ("if", 2, True)},
        ),
        ("{% set t %}{% if a %}x{% endif %}{% endset %}{{ t|length }}", ["1"], {("if", 1, True)}),
    ],
)
def test_a_row_is_told_by_the_ways_that_it_takes(
    source: str, cells: list[str], ways: set[tuple[str, int, bool]]
) -> None:
    assert taken(source, *cells) == ways


def test_what_is_included_is_traced_under_its_own_name() -> None:
    trace, made = Trace(), template("{% include 'included' %}")
    with tracing(trace):
        rendered(made, ("", "", "", "0", "x"))
    assert {way.template for way in trace.known} == {"included"}


def test_tags_of_one_line_are_told_apart_in_the_order_they_stand_in() -> None:
    source = "{% if a %}{% if b %}1{% elif n %}2{% endif %}{% elif plan %}3{% endif %}{% if n %}{% endif %}"
    found = ways_of(environment().parse(source), "letter")
    assert [way.nth for way in found if way.kind == "if" and way.holds] == [0, 1, 2]
    trace, made = Trace(), template(source)
    with tracing(trace):
        rendered(made, ("", "", "", "", "x"))
    ways = {trace.known[number] for number in trace.taken}
    assert (
        Way("letter", 1, "elif", 1, holds=True) in ways
    )  # the second that is written is `elif plan`


def test_a_template_that_is_not_looked_at_has_no_marks_in_its_code() -> None:
    before, trace = environment().compile(BRANCHES, raw=True), Trace()
    with tracing(trace):
        marked = environment().compile(BRANCHES, raw=True)
    assert marked != before
    assert environment().compile(BRANCHES, raw=True) == before
    assert "taken" not in before
