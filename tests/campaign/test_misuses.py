"""What a template asks of text that text never answers is found in its source."""

from __future__ import annotations

import pytest
from jinja2 import nodes

from sendbatch.campaign.language.environment import environment, expression_tree
from sendbatch.campaign.language.meaning import Kinds
from sendbatch.campaign.language.misuses import (
    SAYING_NO,
    bare_conditions,
    bare_expression,
    misuses,
    misuses_of_condition,
    truthful,
)

COLUMNS = ("age", "vip", "tags", "name")
VARIABLES = {
    "limit": 3, "sizes": [1, 2], "words": ["a", "b"], "flag": True, "product": "tea",
    "deep": {"numbers": [5], "word": "x"}, "mixed": ["a", 1], "prices": {"tea": 3, "oil": 9},
    "colours": {"tea": "green"},
}  # fmt: skip
ENV = environment()


def looked_at(source: str) -> tuple[nodes.Template, Kinds]:
    tree = ENV.parse(source) if "{" in source[:3] else expression_tree(ENV, source)
    return tree, Kinds(tree, COLUMNS, VARIABLES)


@pytest.mark.parametrize(
    ("condition", "hints"),
    [
        ('name == "a" or "b"', ['write or name == "b"']),
        ('name == "a" or "b" or "c"', ['write or name == "b"', 'write or name == "c"']),
        ('age and (name|lower != "a" or "b")', ['write or name|lower == "b"']),
        ('not (name.startswith("a") or "b")', ["compare it with a column"]),
        ('name == "a" or name == "b"', []),
        ('(name or "b") == "b"', []),
        ('name == "a" or ""', []),
    ],
)
def test_a_text_in_a_condition_that_nothing_is_compared_with_is_found(
    condition: str, hints: list[str]
) -> None:
    found = misuses_of_condition(*looked_at(condition))
    assert [one.hint for one in found] == hints
    in_template = ENV.parse(f"{{% if {condition} %}}x{{% endif %}}{{{{ name or 'friend' }}}}")
    found = misuses(in_template, Kinds(in_template, COLUMNS, VARIABLES))
    assert [one.hint for one in found] == hints


def hints(source: str) -> list[str]:
    return [one.hint for one in misuses(*looked_at(source))]


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("age == 18", 'write age == "18", or age|int == 18'),
        ("age != 1.5", 'write age != "1.5", or age|float != 1.5'),
        ("18 == age", 'write "18" == age, or 18 == age|int'),
        ("age == -1", 'write age == "-1", or age|int == -1'),
        ("age in [1, 2]", 'write age in ["1", "2"], or age|int in [1, 2]'),
        ("age not in (0, '0')", 'write age not in ["0", "0"], or age|int not in [0, 0]'),
        ("1 in age", 'write "1" in age'),
        ("1 in [age]", 'write "1" in [age]'),
        (
            "vip == true",
            'write vip == "true" as the cells have it, or vip|lower in ["true", "1", "yes"]',
        ),
        (
            "vip != false",
            'write vip != "false" as the cells have it, or vip|lower not in ["false", "0", "no"]',
        ),
        (
            "vip is true",
            'write vip == "true" as the cells have it, or vip|lower in ["true", "1", "yes"]',
        ),
        ("age == limit", "write age|int == limit"),
        ("age in sizes", "write age|int in sizes"),
        ("age|int == '18'", "write age|int == 18"),
        ("name ~ age == 1", "put the number in quotes, or |int behind the text"),
        ("age is number", "write age|int or |float, and compare that"),
    ],
)
def test_both_right_spellings_are_told(expression: str, hint: str) -> None:
    assert hints(expression) == [hint]


@pytest.mark.parametrize(
    "expression",
    [
        "vip == 'x' and not age == 1 or false", "age == 1 == 2", "1 < age|int and age == 1", "age is eq 1",
        "age is not ne(1)", "age is in [1]", "vip is sameas false", "age|trim|lower == 1",
        "age|default(0) == 0",
        "age.strip() == 1", "age[0] == 1", "age[:2] == 12", "tags.split(',')[0] == 1", "product == 1",
        "tags.split(',')|select('equalto', 1)|list", "[age, vip]|reject('in', [1])|list",
        "age in range(3)",
        "age == deep.numbers[0]", "age in deep['numbers']", "age in mixed", "limit == '3'", "flag != 'yes'",
        "(age if vip == 'x' else name) == 1", "(age or name) == 1", "age in {1: 2}", "tags|length == '3'",
        "(tags.split(',')|first) == 1", "age in [limit]", "age == (1 if vip == 'x' else 2)",
    ],
)  # fmt: skip
def test_wherever_it_stands_it_is_found_once(expression: str) -> None:
    assert len(hints(expression)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "age|int == 18", "age|float in [1.5]", "age|length == 3", "age|number != 0", "age == '18'",
        "age in ['1']", "age in words", "age in tags", "limit == 3", "flag == true", "3 in sizes",
        "age|default(0, true) == 0", "deep.word == 'x'", "age == deep.nothing", "age == none", "'x' in name",
        "tags.split(',')|length == 3", "name.startswith('x') == true",
        "tags.split(',')|map('int')|first == 1", "prices[name] == 3", "prices[name] in sizes",
        "colours[name] == '3'", "{'a': 1}[name] == 1", "name in prices", "deep[name] == 1",
        "{% set p = prices %}{{ p[name] == 3 }}",
        "{% set age = age|int %}{{ age == 18 }}", "{% macro m(age) %}{{ age == 1 }}{% endmacro %}",
        "{% for age in sizes %}{{ age == 1 }}{% endfor %}", "{% import 'x' as age %}{{ age == 1 }}",
        "{% for a, b in deep.items() %}{{ a == 1 }}{% endfor %}",
        "{% with age = 3 %}{{ age == 3 }}{% endwith %}",
        "{% for x in sizes %}{{ loop.index == 1 }}{{ loop.first == true }}{% endfor %}",
        "{% set x = x|default(1) %}{{ x == 1 }}",
    ],
)  # fmt: skip
def test_what_is_no_fault_or_cannot_be_known_is_left(source: str) -> None:
    assert hints(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "{% if x == 'y' %}{% elif age == 1 %}{% endif %}",
        "{{ 'a' if age != 1 else 'b' }}",
        "{% for x in tags.split(';') if x == 1 %}{% endfor %}",
        "{% for x in tags.split(';') %}{% if x in [1] %}{% endif %}{% endfor %}",
        "{% set x = age|trim %}{{ x == 1 }}",
        "{% set x %}{{ age }}{% endset %}{{ x == 1 }}",
        "{% with x = age %}{{ x == 1 }}{% endwith %}",
        "{% for i in range(3) %}{{ i == '1' }}{% endfor %}",
        "{% filter upper %}{{ age == 1 }}{% endfilter %}",
        "{% block b %}{{ age == 1 }}{% endblock %}",
        "{% macro m() %}{{ age == 1 }}{% endmacro %}",
        "{% set age = age|title %}{{ age == 1 }}",
        "{{ prices[name] == '3' }}{{ colours[name] == 'x' }}",
        "{{ colours[name] == 3 }}",
        "{{ 3 in prices }}",
    ],
)
def test_it_is_found_in_every_tag(source: str) -> None:
    assert len(hints(source)) == 1


def test_names_that_are_made_of_each_other_take_no_time_to_follow() -> None:
    chain = "".join(f"{{% set a{n + 1} = [a{n}, a{n}][0] or a{n} %}}" for n in range(60))
    maps = "|map('lower')" * 60
    source = (
        f"{{% set a0 = age %}}{chain}{{{{ a60 == 1 }}}}{{{{ (tags.split(','){maps}|first) == 1 }}}}"
    )
    assert len(hints(source)) == 2
    assert hints("{% set a = b %}{% set b = a %}{{ a == 1 }}{{ b == 1 }}") == []


def test_the_line_and_a_word_in_it_are_told() -> None:
    (one,) = misuses(*looked_at("{% if\n  vip == 'x' or\n  age == 1 %}{% endif %}"))
    assert (one.line, one.word) == (3, "age")
    assert one.message == "age is text, and 1 is a number: the two are never equal"


@pytest.mark.parametrize(
    ("source", "columns"),
    [
        ("{% if vip %}{% endif %}", ["vip"]),
        ("{% if x == 'y' %}{% elif vip %}{% endif %}", ["vip"]),
        ("{{ 'a' if vip else 'b' }}", ["vip"]),
        ("{{ not vip }}", ["vip"]),
        ("{{ vip and 'yes' or 'no' }}", ["vip"]),
        ("{% if vip and age == 'x' or tags %}{% endif %}", ["tags", "vip"]),
        ("{% if not (vip or name) %}{% endif %}", ["name", "vip"]),
        ("{% for x in words if vip %}{% endfor %}", ["vip"]),
        ("{% if vip|trim|lower %}{% endif %}", ["vip"]),
        ("{% if vip is defined and vip %}{% endif %}", ["vip"]),
        ("{% set v = vip %}{% if v %}{% endif %}", ["vip"]),
        ("{{ name or 'friend' }}", []),
        ("{% if vip == 'yes' %}{% endif %}", []),
        ("{% if age|int %}{% endif %}", []),
        ("{% if tags|length %}{% endif %}", []),
        ("{% if flag and product %}{% endif %}", []),
        ("{% if vip|replace('no', '') %}{% endif %}", []),
        ("{% if vip is defined %}{% endif %}", []),
    ],
)
def test_a_column_that_is_a_condition_by_itself_is_noted(source: str, columns: list[str]) -> None:
    assert sorted({one.column for one in bare_conditions(*looked_at(source)) if one.words}) == columns


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{% if age and age != '0' %}{% endif %}", {"false", "no", "off", "n"}),
        ("{% if age and name and age != '0' %}{% endif %}", {"false", "no", "off", "n"}),
        ("{{ age and name and age != 'No' }}", {"false", "0", "off", "n"}),
        ("{% if not age or age == '0' %}{% else %}{% endif %}", {"false", "no", "off", "n"}),
        ("{% if age and age|lower not in ['0', 'no', 'n', 'off', 'false'] %}{% endif %}", set()),
        ("{% if age and age|int > 1 %}{% endif %}", set()),
        ("{% if age and age == '5' %}{% endif %}", set()),
        ("{% if age and name != '0' %}{% endif %}", {*SAYING_NO}),
        ("{% if age or age != 'x' %}{% endif %}", {*SAYING_NO}),
    ],
)
def test_what_the_same_condition_asks_about_besides_is_guarded(source: str, words: set[str]) -> None:
    found = [one for one in bare_conditions(*looked_at(source)) if one.column == "age"]
    assert [{*one.words} for one in found] == [words]


@pytest.mark.parametrize(
    ("where", "columns"),
    [
        ("vip", ["vip"]), ("not vip", ["vip"]), ("vip and age == 'x'", ["vip"]),
        ("vip == 'x' or name", ["name"]),
        ("vip|lower", ["vip"]), ("vip == 'x'", []), ("age|int", []), ("flag", []),
        ("(vip if name else age)", ["name"]),
    ],
)  # fmt: skip
def test_a_where_is_a_condition_as_a_whole(where: str, columns: list[str]) -> None:
    tree, kinds = looked_at(where)
    assert sorted({one.column for one in bare_expression(tree, kinds) if one.words}) == columns


def test_the_condition_that_is_advised_is_false_for_every_no() -> None:
    meant = ENV.compile_expression(truthful("vip"))
    assert not any(meant(vip=cell) for cell in ("", " ", "No", " FALSE ", *SAYING_NO))
    assert all(meant(vip=cell) for cell in ("yes", "1", "TRUE", "x"))
    tree, kinds = looked_at(truthful("vip"))
    assert (misuses(tree, kinds), bare_expression(tree, kinds)) == ([], [])


@pytest.mark.parametrize(
    "source", ["{{ namespace }}", "{{ range|join }}", "{{ 'a' ~ dict }}", "cycler == 'a'"]
)
def test_a_function_of_the_language_is_no_text(source: str) -> None:
    (found,) = misuses(*looked_at(source))
    assert found.message == f"{found.word} is a function of the template language, and no text"
    assert found.hint.startswith("add a column or a variable of that name")


@pytest.mark.parametrize(
    "source",
    [
        "{% set range = 'a' %}{{ range }}",
        "{% for joiner in tags|list %}{{ joiner }}{% endfor %}",
        "{{ range(3)|join }}{% set found = namespace(x=1) %}{{ found.x }}",
    ],
)
def test_a_name_of_the_language_may_be_anybodys(source: str) -> None:
    assert hints(source) == []
    tree = ENV.parse("{{ range }}{{ dict }}")
    assert misuses(tree, Kinds(tree, ("range",), {"dict": "a"})) == []
