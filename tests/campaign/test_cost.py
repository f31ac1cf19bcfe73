"""What a template may cost at most: which may be rendered where mail is sent, and for which rows."""

from __future__ import annotations

from collections.abc import Mapping
from operator import mul

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from sendbatch.campaign.language.amounts import Unbounded
from sendbatch.campaign.language.cost import LONGEST_ROW, MOST, Bound, Costs
from sendbatch.campaign.language.environment import environment, expression_tree
from sendbatch.campaign.language.expressions import Expressions
from sendbatch.campaign.language.spending import Spending
from sendbatch.campaign.model import Json
from sendbatch.message.quoted import text_part
from sendbatch.message.templates import RENDER_ERRORS

COLUMNS = ("name", "items", "points")
VARIABLES: dict[str, Json] = {
    "products": [{"name": "Desk", "price": 12.5}, {"name": "Lamp", "price": 3}],
    "greetings": {"de": "Grüß Gott", "fr": "Bonjour"},
    "shop": {"name": "The Workshop", "city": "Köln"},
    "many": list(range(100_000)),
    "rate": 1.19,
}


def bound(source: str, others: Mapping[str, str] | None = None) -> Bound:
    costs = Costs(COLUMNS, VARIABLES)
    costs.add("letter", {"letter": source, **(others or {})})
    return costs.bound()


USUAL = ("Jane Doe", "Walnut desk|Brass lamp|Wool rug", "1.234,50")


@pytest.mark.parametrize(
    "source",
    [
        "Dear {{ name }}, {{ name|title }} {{ name|default('friend', true)|upper }}",
        "{{ name.strip().split(' ')[0] }} {{ name[:20] }} {{ name|first }} {{ name|truncate(10) }}",
        "{% if 'desk' in items and points|number > 500 %}yes{% elif not name %}no{% else %}?{% endif %}",
        "{% for item in items.split('|') %}{{ loop.index }}. {{ item }} {{ item|urlencode }}{% endfor %}",
        "{% for item in items.split('|') if item %}{{ item }} for {{ name }}{% else %}-{% endfor %}",
        "{{ items.split('|')|map('trim')|map('upper')|sort|join(', ') }}",
        "{% for p in products %}{{ p.name }}: {{ '%.2f'|format(p.price * rate) }}{% endfor %}",
        "{{ '{:,.2f}'.format(points|number) }} {{ '%05d' % (points|int(0)) }} {{ points|float(0)|round(2) }}",
        "{{ greetings[name]|default('Hello') }} {{ shop.name }} {{ greetings.get(name, 'Hi') }}",
        "{% for key, value in greetings.items() %}{{ key }}={{ value }}{% endfor %}",
        "{% set first = name.split()[0] %}{{ first }}{% set x %}{{ first }}!{% endset %}{{ x ~ name }}",
        "{% with a = name %}{{ a }}{% endwith %}{% filter upper %}{{ name }}{% endfilter %}",
        "{{ '-' * 40 }} {{ points|int(0) * 2 }} {{ 2 ** 10 }} {% for i in range(3) %}*{% endfor %}",
        "{{ points|money('EUR', 'de') }} {{ points|number('de', digits=2) }} {{ name|date('long', 'de') }}",
        "{{ greetings['Ann']|markdown }} {{ shop.name|markdown }}",
        "{% include 'foot' %}{% block a %}{{ name }}{% endblock %}{{ name|wordwrap(70) }}",
        "{{ nobody|default('x') }}{% if nobody is defined %}{{ nobody }}{% endif %}",
    ],
)
def test_what_letters_usually_say_is_of_bounded_cost(source: str) -> None:
    assert bound(source, {"foot": "Yours, {{ shop.name }}"}).holds(USUAL)


def test_a_method_costs_as_much_as_the_text_that_it_goes_through() -> None:
    source = "{% for i in range(100) %}{{ name.isupper() }}{{ name.count('x', i) }}{% endfor %}"
    assert bound(source).holds(USUAL)
    assert not bound(source).holds(("1" * 16_000, "", ""))


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10**10 }}",
        "{{ name * points|int }}",
        "{{ '%1000000000d'|format(points|int) }}",
        "{{ name % points }}",
        "{{ '{:>1000000000}'.format(name) }}",
        "{{ '{0.__class__}'.format(name) }}",
        "{{ name|center(1000000000) }}",
        "{{ name|center(points|int) }}",
        "{{ items|fromjson|join }}",
        "{{ items|markdown }}",
        "{{ name.ljust(1000000000) }}",
        "{{ name|indent(1000000000) }}",
        "{{ points|int|round(-1000000000) }}",
        "{{ name|wordwrap(1) }}",
        "{{ name|striptags }}{{ name|urlize }}{{ name|pprint }}",
        "{{ products|random }}",
        "{{ name.rfind(items) }}",
        "{{ name.rindex(items) }}",
        "{{ name.rsplit(items) }}",
        "{{ name.rpartition(items)|first }}",
        "{{ name.strip(items) }}",
        "{{ name|trim(items) }}",
        "{{ name.split()|map('trim', items)|join }}",
        f"{{{{ name.split()|min(attribute='{'0.' * 99}') }}}}",
        f"{{{{ name.split()|sort(attribute='{'0.' * 99}')|join }}}}",
        f"{{{{ name.split()|selectattr('{'0.' * 99}')|join }}}}",
        "{{ ('x'|int('y')) * 2 }}",
        "{% for i in range(100000) %}{{ i }}{% endfor %}",
        "{% for i in range(points|int) %}{{ i }}{% endfor %}",
        "{% for i in many %}{{ i }}{% endfor %}",
        "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
        "{{ many|map('string')|join }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{% set ns = namespace(x=name) %}{% set ns.x = ns.x ~ ns.x %}",
        "{% include 'letter' %}",
        "{% include name %}",
        "{% include 'nowhere' %}",
        "{% for i in [[name]] recursive %}{{ loop(i) }}{% endfor %}",
        "{{ name.encode() }}{{ name.translate({}) }}",
        "{{ name.upper }}",
        "{{ cycler(1, 2).next() }}{{ joiner(1) }}",
        "{{ name.split(*items) }}",
        "{% import 'letter' as other %}",
        "{% extends 'letter' %}",
        "{% call name() %}{% endcall %}",
    ],
)
def test_whatever_may_grow_or_last_goes_to_a_worker(source: str) -> None:
    with pytest.raises(Unbounded):
        bound(source)


def test_a_text_that_is_doubled_again_and_again_is_for_short_rows_alone() -> None:
    doubled = bound("{% set x = name %}" + "{% set x = x ~ x %}" * 12 + "{{ x }}")
    assert doubled.holds(("Jane", "", ""))
    assert not doubled.holds(("Jane Elizabeth Josephine Antonia Doe", "", ""))


def test_a_row_within_a_loop_over_a_row_is_for_short_rows_alone() -> None:
    letter = bound("{% for item in items.split('|') %}{{ item }} for {{ name }}{% endfor %}")
    assert letter.holds(("Jane Doe" * 20, "a|" * 20, ""))
    assert not letter.holds(("Jane Doe" * 250, "a|" * 2_000, ""))


def test_one_long_cell_does_no_harm_where_it_is_written_once() -> None:
    letter = bound("Dear {{ name }}{% for item in items.split('|') %}{{ item }}{% endfor %}")
    assert letter.holds(("x" * (LONGEST_ROW - 10), "a|b", ""))


def test_a_row_longer_than_any_usual_one_goes_to_a_worker() -> None:
    letter = bound("Dear {{ name }}")
    assert not letter.holds(("x" * (LONGEST_ROW + 1), "", ""))
    assert letter.holds(("Jane", "a cell that no template uses" * 10_000, ""))


def test_a_name_that_the_template_sets_is_no_column_any_more() -> None:
    assert bound("{% set name = 'x' %}" + "{{ name }}" * 100).cost_of(("x" * 99, "", "")) == bound(
        "{% set name = 'x' %}" + "{{ name }}" * 100
    ).cost_of(("", "", ""))


def test_many_ifs_that_set_a_name_are_looked_through_in_no_time() -> None:
    ifs = "".join(f"{{% if name == '{i}' %}}{{% set x = '{i}' %}}{{% endif %}}" for i in range(200))
    assert bound("{% set x = '' %}" + ifs + "{{ x }}").holds(USUAL)


def test_a_template_too_large_to_be_looked_through_goes_to_a_worker() -> None:
    with pytest.raises(Unbounded):
        bound("{{ name }}" * 50_000)


_TEXTS = ["name", "items", "shop.name", "greetings[name]|default('x')", "'-' * 30", "'é=ß'"]
_NUMBERS = ["points|int(0)", "points|float(0)", "name|length", "rate", "7"]
_CHAINED = [
    *("upper", "lower", "title", "e", "urlencode", "trim", "tojson", "safe", "capitalize"),
    *("replace('a', '<>&')", "replace('', name)", "indent(3)", "wordwrap(20)", "truncate(9)"),
    *("list|join('+')", "center(30)", "default('none', true)", "reverse", "forceescape", "string"),
    "split(',')|join(name)",
]  # fmt: skip


@st.composite
def expressions(draw: st.DrawFn, item: str = "name") -> str:
    found = draw(st.sampled_from([*_TEXTS, item, item]))
    for passed in draw(st.lists(st.sampled_from(_CHAINED), max_size=3)):
        is_method = passed.startswith("split")
        found = f"({found}).{passed}" if is_method else f"({found})|{passed}"
    shape = draw(st.integers(0, 7))
    other = draw(st.sampled_from([*_TEXTS, *_NUMBERS]))
    if shape == 0:
        return f"({found}) ~ ({other})"
    if shape == 1:
        return f"'%s and %5s' % ({found}, {other})"
    if shape == 2:
        return f"'{{}} {{:>9}}'.format({found}, name)"
    if shape == 3:
        return f"({found}) if name else ({other})"
    if shape == 4:
        return f"({draw(st.sampled_from(_NUMBERS))}) * ({draw(st.sampled_from(_NUMBERS))})"
    return found


@st.composite
def templates(draw: st.DrawFn, depth: int = 2, item: str = "name") -> str:
    pieces = []
    for _ in range(draw(st.integers(1, 3))):
        shape = draw(st.integers(0, 7 if depth else 2))
        inner = templates(depth - 1, item)
        if shape <= 1:
            pieces.append(f"{{{{ {draw(expressions(item))} }}}}")
        elif shape == 2:
            pieces.append(draw(st.sampled_from(["Dear ", "<b>=é=</b>\n", ".", "ёлка 😀"])))
        elif shape == 3:
            test = draw(st.sampled_from(["name", "'a' in items", "points|int(0) > 3"]))
            pieces.append(f"{{% if {test} %}}{draw(inner)}{{% else %}}{draw(inner)}{{% endif %}}")
        elif shape == 4:
            several = draw(st.sampled_from(["items.split(',')", "name", "products|map(attribute='name')"]))
            each = f"x{depth}"
            within = draw(templates(depth - 1, each))
            pieces.append(f"{{% for {each} in {several} %}}{within}{{% endfor %}}")
        elif shape == 5:
            pieces.append(f"{{% set s = {draw(expressions(item))} %}}{{{{ s }}}}{{{{ s ~ s }}}}")
        elif shape == 6:
            pieces.append(f"{{% set s %}}{draw(inner)}{{% endset %}}{{{{ s|upper }}}}")
        else:
            pieces.append(f"{{% filter e %}}{draw(inner)}{{% endfilter %}}")
    return "".join(pieces)


cells = st.one_of(
    st.text(alphabet="ab,<>&\"'=. \n-9ßŉΐİ😀ё", max_size=60),
    st.builds(mul, st.sampled_from([",", "<", "😀", "ΐ", "a,", "9", "\n"]), st.integers(0, 300)),
)


EXPRESSIONS = [
    *("'%99s' % name", "('<b>'|e) ~ items ~ items", "[name|safe, items]|join(items)", "name|indent(items)"),
    *("name|upper", "name|lower", "name|title", "name|capitalize", "name|e", "name|urlencode"),
    *("name|tojson", "name|trim", "name.upper()", "name.lower()", "name.title()", "name.swapcase()"),
    *("name.casefold()", "name.strip()", "name.capitalize()", "name|replace('', items)"),
    *("name|replace('a', items)", "name|indent(9, true, true)", "name|indent(items)", "name|center(99)"),
    *("name.zfill(50)", "name|truncate(5, true, items, 0)", "name|wordwrap(20, true, items)"),
    *("name|list|join(items)", "name.split(items or 'x')|join('--')", "items.join(name)"),
    *("name|reverse", "('<b>'|e) ~ name ~ items", "(name|safe) + items", "name + items", "'%s' % name"),
    *("'%-20s%5.2f' % (name, points|float(0))", "'{:>30}{:,.2f}'.format(name, points|float(0))"),
    *("'%s%s'|format(name|e, items)", "'{0}{0}'.format(name)", "'%%' % ()"),
    *("points|int(0) * (points|int(0))", "points|float(0) * 3.7", "points|int(0) + 1"),
    *("points|int(0) / 7", "points|int(0) % 7", "points|int(0) // 7", "-(points|int(0))"),
    *("(points|int(0)) ** 2", "points|int(0) - 5", "points|float(0)|round(3)"),
    *("'%.99f' % (points|float(0))", "points|float(0)|filesizeformat", "points|float"),
    *("name|map('upper')|join", "name.split()|map('e')|join(',')", "name|first", "name[1:9]", "name[0]"),
    *("name|length", "name == items", "name if points else items", "name or items"),
    *("name.partition('a')[2]", "products|map(attribute='name')|join(name)", "products[0].name ~ name"),
    *("greetings[name]|default(items)", "greetings|dictsort|first|join(name)", "many|sum"),
    *("many|length", "shop|tojson", "[name, items]", "shop", "nobody|default(name)", "name|sort|join"),
    *("name|unique|join(items)", "name|max", "points|money('EUR', 'my')", "points|number('fa')"),
    *("points|float(0)|number(locale='de_CH', digits=20)", "(10 ** 90)|money('XXX', 'ar')"),
    *("'2026-02-01'|date('EEEE' * 25, 'ml')", "'2026-02-01'|date('full', locale='cy')", "5|number(points)"),
]  # fmt: skip
ROWS = [
    ("Jane Doe", "|", "12.5"),
    ("ΐΐΐ", "ŉßİ" * 9, "1e308"),
    ("a" * 30, "<&'\"> " * 9, "-1e-300"),
    ("😀 " * 20, "\n" * 30, "9" * 300),
    ("a\n\n a-b. " * 9, "é", "1_000"),
    ("<>'&", "%s{}", "inf"),
    ("\n" * 40, "x'" * 40, "5"),
    ("", "", ""),
]


def longest(expression: str, row: tuple[str, str, str]) -> float:
    """How long the result of an expression is said to be at most."""
    output = expression_tree(environment(), expression).body[0]
    assert isinstance(output, nodes.Output)
    found = Expressions(Spending(), COLUMNS, VARIABLES).value(output.nodes[0])
    return found.as_text.at({name: len(cell) for name, cell in zip(COLUMNS, row, strict=True)})


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_no_result_is_longer_than_was_said(expression: str) -> None:
    for autoescape in (False, True):
        template = environment(autoescape=autoescape).from_string(f"{{% set x = {expression} %}}")
        for row in ROWS:
            try:
                module = template.make_module({**VARIABLES, **dict(zip(COLUMNS, row, strict=True))})
                found = str(module.x)  # type: ignore[attr-defined]
            except RENDER_ERRORS:
                continue
            assert len(found) <= longest(expression, row)


def test_loops_within_loops_over_the_same_count_with_its_square() -> None:
    letter = bound("{% for x in items.split(',') %}{% for y in x %}{{ x }}{% endfor %}{% endfor %}")
    assert letter.cost_of(("", "a" * 2_000, "")) >= 2_000 * 2_000


@given(templates(), st.tuples(cells, cells, cells), st.booleans())
def test_no_row_makes_a_longer_body_than_was_said(
    source: str, row: tuple[str, str, str], autoescape: bool
) -> None:
    try:
        letter = bound(source)
    except Unbounded:
        return
    if not letter.holds(row):
        return
    said = letter.cost_of(row)
    assert said <= MOST
    template = environment(autoescape=autoescape).from_string(source)
    try:
        text = template.render({**VARIABLES, **dict(zip(COLUMNS, row, strict=True))})
    except (*RENDER_ERRORS, jinja2.TemplateError):
        return
    assert len(text_part("plain", [text])[-1]) <= said
