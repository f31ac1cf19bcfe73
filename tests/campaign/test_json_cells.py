"""Cells that hold JSON: what they say is there as it stands, and what is none is told where it goes wrong."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError

from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.language.json_cells import NoJson, from_json


def rendered(source: str, **names: Any) -> str:
    return environment(autoescape=True).from_string(source).render(names)


def test_a_list_in_a_cell_is_gone_through() -> None:
    cell = '[{"name": "Tea & co", "price": 19.90, "tags": ["a", "b"]}, {"name": "Cup", "price": 4}]'
    said = "{{ item.name }}: {{ item.price }}{{ item.tags|join }};"
    source = f"{{% for item in items|fromjson %}}{said}{{% endfor %}}"
    with pytest.raises(Exception, match="has no attribute 'tags'"):
        rendered(source, items=cell)
    source = source.replace("item.tags|join", "item.tags|default([])|join")
    assert rendered(source, items=cell) == "Tea &amp; co: 19.90ab;Cup: 4;"


def test_a_name_beats_a_method_of_that_name() -> None:
    cell = '{"items": ["a", "b"], "keys": {"get": 1}}'
    source = "{% set o = x|fromjson %}{% for one in o.items %}{{ one }}{% endfor %}{{ o.keys.get }}"
    assert rendered(source, x=cell) == "ab1"
    assert rendered("{{ (x|fromjson).items()|list|length }}", x='{"a": 1}') == "1"
    with pytest.raises(UndefinedError, match=r"^an object of the JSON has no attribute 'values'$"):
        rendered("{{ (x|fromjson).values }}", x=cell)
    assert rendered("{{ (x|fromjson).values|default('none') }}", x=cell) == "none"
    assert rendered("{{ (x|fromjson).values is defined }}", x=cell) == "False"
    with pytest.raises(SecurityError):
        rendered("{{ (x|fromjson).update({}) }}", x='{"a": 1}')


def test_a_method_that_is_not_called_is_never_written() -> None:
    assert rendered("{{ o.items }}{{ o.keys|default('') }}", o={"items": 1}) == "1"
    assert rendered("{{ o.items()|length }}{{ x.upper() }}", o={"items": 1}, x="a") == "1A"
    said = r"^(upper|count|strip|format) is a method: write \.\1\(\)$"
    for source in ("{{ x.upper }}", "{{ [x].count }}", "{% if x.strip %}b{% endif %}", "{{ x.format }}"):
        with pytest.raises(TemplateRuntimeError, match=said):
            rendered(source, x="a")


def test_numbers_are_as_they_stand_and_are_calculated_with() -> None:
    assert rendered("{{ x|fromjson }}", x="19.90") == "19.90"
    assert rendered("{{ (x|fromjson) * 2 }}", x="19.90") == "39.80"
    assert rendered("{{ x|fromjson + 1 }}", x="12345678901234567890") == "12345678901234567891"
    assert rendered("{{ (x|fromjson).a is number }}", x='{"a": 1.5}') == "True"
    assert rendered("{{ (x|fromjson).a > 1 and (x|fromjson).a == 1.5 }}", x='{"a": 1.50}') == "True"
    assert rendered("{{ x|fromjson|tojson }}", x='{"a": 1.50}') == '{"a": 1.50}'


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", 'items is no JSON: it is empty; items|default("[]", true)|fromjson takes it for an empty list'),
        ("x", "items is no JSON: a value is missing at character 1, where 'x' stands"),
        ("[1,]", "items is no JSON: a value is missing at character 4, where ']' stands"),
        ("[1, 2", "items is no JSON: a comma is missing at its end"),
        ("[1] more", "items is no JSON: it goes on behind its end at character 5, where 'more' stands"),
        ('{"a" 1}', "items is no JSON: a colon is missing at character 6, where '1}' stands"),
        ('[1,\n2 3]', "items is no JSON: a comma is missing at line 2, character 3, where '3]' stands"),
        ("{'a': 1}", "JSON has straight double quotes around names and texts"),
        ("{a: 1}", "a name in double quotes is missing at character 2"),
        ("[“a”]", "JSON has straight double quotes around names and texts"),
        ('"abc', "a text is never closed, which begins at character 1"),
        ('"a\tb"', "a text has a line break or a tab in it at character 3"),
        (r'"\x"', "a backslash stands before what needs none at character 2"),
        ('{"a": 1, "b": 2, "a": 3}', 'an object says "a" twice'),
        ("[NaN]", "NaN is no number of JSON"),
        ("-Infinity", "-Infinity is no number of JSON"),
        ("1e999", "the number 1e999 is too large"),
        ("1" * 101, "a number has more than 100 characters"),
        (r'["a", "b\u0000"]', r"\u0000 at character 9 is a control character"),
        (r'{"\u001B[2J": 1}', r"\u001B at character 3 is a control character"),
        (r'"\b"', r"\b at character 2 is a control character"),
        (r'"\\\f"', r"\f at character 4 is a control character"),
        (r'"a\u007f"', r"\u007f at character 3 is a control character"),
        (r'"\u009b31m"', r"\u009b at character 2 is a control character"),
        (r'"\ud83d"', r"\ud83d at character 2 is half a character (a lone surrogate)"),
        (r'"\ud83dx\ude00"', r"\ud83d at character 2 is half a character"),
        (r'"\ude00\ud83d"', r"\ude00 at character 2 is half a character"),
        ("[" * 33, "more than 32 lists and objects lie within each other, at character 33"),
        ("[" * 100_000, "more than 32 lists and objects lie within each other"),
        (" " * 1_000_001, "it is empty"),
        ("1" + " " * 1_000_000, "longer than the 1,000,000 characters"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_told_with_its_column_and_place(cell: str, said: str) -> None:
    with pytest.raises(NoJson) as caught:
        rendered("{{ items|fromjson }}", items=cell)
    assert str(caught.value).startswith("items ")
    assert said in str(caught.value)


def test_brackets_within_texts_are_no_depth() -> None:
    assert from_json(json.dumps(["[" * 50, '\\"[[' * 40])) == ["[" * 50, '\\"[[' * 40]


def test_characters_that_a_message_holds_are_taken() -> None:
    cell = r'["\ud83d\ude00", "\uD83D\uDE00", "a\tb\n\r", "\\u0000", "\\\\b", "\"\/", "\u00a0\ufffd"]'
    found = ["\U0001f600", "\U0001f600", "a\tb\n\r", "\\u0000", "\\\\b", '"/', "\u00a0\ufffd"]
    assert from_json(cell) == found


def test_what_has_no_column_is_the_text() -> None:
    for source in ("{{ (x ~ '')|fromjson }}", "{{ [x]|map('fromjson')|list }}"):
        with pytest.raises(NoJson, match=r"^the text is no JSON"):
            rendered(source, x="{")
    with pytest.raises(NoJson, match="n holds a int, and"):
        rendered("{{ n|fromjson }}", n=5)


def test_a_condition_reads_it_too() -> None:
    found = environment().compile_expression("(items|fromjson)|length > 1")
    assert found(items="[1, 2]") is True
    with pytest.raises(NoJson, match=r"^items is no JSON"):
        found(items="[")


_TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\t\n\r"), max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(_VALUES, st.booleans())
def test_any_json_says_what_it_says_to_python(value: Any, as_ascii: bool) -> None:
    assert from_json(json.dumps(value, ensure_ascii=as_ascii)) == value


@given(st.text(), st.booleans())
def test_no_json_makes_what_is_no_text(text: str, as_ascii: bool) -> None:
    try:
        found = from_json(json.dumps(text, ensure_ascii=as_ascii))
    except NoJson:
        assert any(unicodedata.category(one) in ("Cc", "Cs") for one in text)
    else:
        found.encode()
        assert found == text


@given(st.text('[]{}",:\\ae1. \n-', max_size=20))
def test_any_text_is_json_or_an_error_of_ours(text: str) -> None:
    try:
        found = from_json(text)
    except NoJson:
        return
    assert found == json.loads(text)
