"""Text is never compared with a number: where the source does not tell, it is found when it is rendered."""

from __future__ import annotations

from typing import Any

import pytest

from sendbatch.campaign.language.comparing import Mismatch
from sendbatch.campaign.language.environment import environment

NAMES: dict[str, Any] = {
    "text": "1", "one": 1, "yes": True, "words": ["1", "a"], "numbers": [1, 2], "mixed": ["1", 1],
    "days": range(3), "table": {1: "a"}, "names": {"1": "a"}, "nothing": None,
}  # fmt: skip


def rendered(source: str) -> str:
    return environment(autoescape=True).from_string(source).render(NAMES)


@pytest.mark.parametrize(
    "expression",
    [
        "text == 1", "1 == text", "text != one", "text == true", "yes != text", "text in numbers",
        "text not in numbers", "text in days", "text in table", "one in words", "one not in words",
        "one in names", "text is eq 1", "text is ne one", "text is equalto yes", "text is true",
        "text is false", "text is sameas true", "text is in numbers", "words|select('eq', 1)|list",
        "words|reject('in', numbers)|list", "numbers|select('equalto', text)|list", "one == 1 == text",
        "one == text == 1", "(text|escape) == 1", "[text][0] == 1", "text ~ '' == 1",
        "one == '1'", "'1' != one", "one in ['1', '2']", "one not in ('a', '1.5')", "yes == 'true'",
        "one != ' 1,50 '", "yes != 'False'", "one is ne '1'",
    ],
)  # fmt: skip
def test_text_against_a_number_or_truth_value_fails(expression: str) -> None:
    for source in ("{{ %s }}", "{%% if %s %%}x{%% endif %%}", "{{ 'x' if %s else 'y' }}"):
        with pytest.raises(Mismatch, match="text is compared with a"):
            rendered(source % expression)


def test_a_macro_and_a_loop_are_no_way_round() -> None:
    for source in (
        "{% macro m(a) %}{{ a == 1 }}{% endmacro %}{{ m(text) }}",
        "{% for x in words if x == 1 %}{% endfor %}",
        "{% set ns = namespace(x=text) %}{{ ns.x == 1 }}",
        "{% block b %}{{ text != one }}{% endblock %}",
        "{% macro m(a) %}{{ a == '1' }}{% endmacro %}{{ m(one) }}",
        "{% for item in [{'id': 1}] if item.id == '1' %}{% endfor %}",
        "{% set a, b = 1, text %}{{ a != '1' }}",
        "{% for name, value in {'x': 1}.items() %}{{ value == '1' }}{% endfor %}",
    ):
        with pytest.raises(Mismatch):
            rendered(source)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("text == '1'", "True"), ("text != '1'", "False"), ("text in words", "True"),
        ("'b' not in words", "True"), ("text in mixed", "True"), ("one in mixed", "True"),
        ("text in 'a1'", "True"), ("text|int == 1", "True"), ("one == 1.0", "True"), ("one == yes", "True"),
        ("one in numbers", "True"), ("3 not in days", "True"), ("one in table", "True"),
        ("text in names", "True"),
        ("text == nothing", "False"), ("nothing == 1", "False"), ("nothing in numbers", "False"),
        ("numbers == [1, 2]", "True"), ("yes is true", "True"), ("nothing is true", "False"),
        ("1 < one + 1 == 2", "True"), ("one != 'auto'", "True"), ("one == ''", "False"),
        ("one not in ['', 'auto']", "True"), ("text in ['2', '1']", "True"), ("one != '100%'", "True"),
        ("yes == 'x'", "False"), ("text == text == '1'", "True"), ("loop is defined", "False"),
        ("text is sameas text", "True"), ("numbers|select('eq', 1)|list", "[1]"),
    ],
)  # fmt: skip
def test_everything_else_is_compared_as_ever(expression: str, found: str) -> None:
    assert rendered(f"{{{{ {expression} }}}}") == found
    said = environment().compile_expression(expression, undefined_to_none=False)(NAMES)
    assert str(said) == found


def test_what_is_not_reached_is_not_compared() -> None:
    assert rendered("{{ false and text == 1 }}{{ true or text == 1 }}") == "FalseTrue"
    assert rendered("{{ 2 < one < text }}") == "False"
