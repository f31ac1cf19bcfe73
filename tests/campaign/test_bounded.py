"""What an author's expression may make, and that reading a template computes nothing of it."""

from __future__ import annotations

import jinja2
import pytest
from jinja2 import nodes

from sendbatch.campaign.language.bounded import LONGEST, undeclared
from sendbatch.campaign.language.environment import environment, names_in, needed


def said(source: str, **variables: object) -> str:
    return environment().from_string(source).render(variables)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ 9 ** (9 ** n) }}", "9 ** 387420489 is too large a number"),
        ("{{ n ** n ** n ** n ** n }}", "bits) ** 9 is too large a number"),
        ("{{ (10 ** 4000) * (10 ** 4000) }}", "is too large a number"),
        ("{{ 'ab' * 4000000000 }}", "'ab' * 4000000000 is longer than 10,000,000"),
        ("{{ 4000000000 * 'ab' }}", "4000000000 * 'ab' is longer than 10,000,000"),
        ("{{ [n] * 99999999 }}", "(1 items) * 99999999 is longer than 10,000,000"),
        ("{{ ('<b>'|safe) * 99999999 }}", "is longer than 10,000,000"),
        ("{{ range(10 ** 9) }}", "Range too big"),
    ],
)
def test_what_is_too_large_to_be_meant_is_refused_before_it_is_made(
    source: str, reason: str
) -> None:
    with pytest.raises((jinja2.TemplateError, OverflowError)) as refused:
        said(source, n=9)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ 3 * 4 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 1 ** 99999999 }} {{ -1 ** 3 }}", "12 1024 0.5 1 -1"),
        ("{{ 1.5 * 2 }} {{ 2 ** 0.5 > 1 }} {{ 1e300 * 10 }}", "3.0 True 1e+301"),
        ("{{ '-' * 20 }}{{ 0 * 'x' }}{{ -1 * 'x' }} {{ [1] * 2 }}", "-" * 20 + " [1, 1]"),
        ("{{ ('x' * " + str(LONGEST) + ")|length }}", str(LONGEST)),
        ("{{ 10 ** 4000 > 1 }}", "True"),
        ("{% autoescape true %}{{ '<' ~ 1 }}{% endautoescape %}", "&lt;1"),
    ],
)  # fmt: skip
def test_what_is_meant_is_computed_as_ever(source: str, result: str) -> None:
    assert said(source) == result


@pytest.mark.parametrize(
    "expression", ["9 * 9", "9 ** 9", "'x'|center(9)", "'x' ~ ('y'|center(9))", "('x', 'y'|center(9))[1]"]
)  # fmt: skip
@pytest.mark.parametrize(
    "template", ["{{ %s }}", "{%% set x = %s %%}", "{%% if %s %%}{%% endif %%}"]
)
def test_reading_a_template_computes_nothing(
    monkeypatch: pytest.MonkeyPatch, expression: str, template: str
) -> None:
    asked: list[str] = []
    env = environment()
    env.filters["center"] = lambda *_: asked.append("center") or ""
    monkeypatch.setitem(nodes._binop_to_func, "*", lambda *_: asked.append("*"))
    monkeypatch.setitem(nodes._binop_to_func, "**", lambda *_: asked.append("**"))
    source = template % expression
    assert needed(env.parse(source)) == []
    assert undeclared(env.parse(source)) == set()
    env.compile(source)
    assert asked == []


def test_autoescape_is_either_true_or_false() -> None:
    with pytest.raises(jinja2.TemplateAssertionError, match="either true or false"):
        environment().from_string("{% autoescape 9 ** 9 %}{% endautoescape %}")


def test_a_template_is_compiled_once_for_its_names() -> None:
    source = "{% set a = b %}{{ a }} of {{ its_own_name_alone }}"
    assert names_in(source) == {"b", "its_own_name_alone"}
    assert names_in(source) is names_in(source)
