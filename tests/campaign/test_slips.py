"""Slips in expressions and templates: where they stand, and what to write instead."""

from __future__ import annotations

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendbatch.campaign.language.checks import check_expression, check_template
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.language.slips import column_of, slip
from sendbatch.campaign.written.parsing import Wrong
from tests.kit.thoroughness import examples

from .conftest import Desk

WORDS = """{{ }} {% %} {# #} ( ) [ } if for endif raw set else in is not a B1 1 ' " = == | && ! , . - é \\"""
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\r\n"])


@pytest.mark.parametrize(
    ("expression", "offset", "hint"),
    [
        ('plan = "free"', 5, "write == to compare"),
        ('plan === "free"', 7, "two signs are enough"),
        ('plan !== "free"', 7, "two signs are enough"),
        ('plan <> "free"', 6, "write != for unequal"),
        ('plan ≠ "free"', 5, "write != for unequal"),
        ("age|int => 18", 8, "write <= or >="),
        ("age|int ≥ 18", 8, "write <= or >="),
        ('plan == "a" && x == "b"', 12, "write and"),
        ('plan == "a" & x == "b"', 12, "write and"),
        ('plan == "a" || x == "b"', 13, "write or"),
        ("!paid", 0, "write not"),
        ('a == "x" AND b == "y"', 9, "write and in small letters"),
        ('a == "x" OR b == "y"', 9, "write or in small letters"),
        ("NOT paid", 4, "write not in small letters"),
        ('plan IN ["a"]', 5, "write in in small letters"),
        ('plan is "free"', 8, "write == to compare"),
        ('plan is not "free"', 12, "write != for unequal"),
        ("name|integer > 3", 5, "did you mean int?"),
        ('name|startswith("a")', 5, "write .startswith(…) instead of |startswith(…)"),
        ("plan IS NULL", 5, 'an empty one is "": write plan == ""'),
        ("plan IS NOT NULL", 5, 'write plan == "" or plan != ""'),
        ("plan is null", 8, 'an empty one is ""'),
        ("plan is empty", 8, 'an empty one is ""'),
        ('city LIKE "B%"', 5, 'write "text" in city, or city.startswith("text")'),
        ('city contains "B"', 5, 'write "text" in city'),
        ('city startswith "B"', 5, 'write city.startswith("text")'),
        ("age BETWEEN 1 AND 9", 4, "write 1 <= age|int <= 9"),
        ('plan eq "a"', 5, "write == to compare"),
        ("a ? b : c", 2, "write a if condition else b"),
        ("plan == “free”", 8, "write straight quotes"),
        ('plan == "a";', 11, "take the ; out"),
        ('plan == "a", "b"', 11, 'plan in ["a", "b"]'),
        ('plan in ("a" "b")', 13, "a comma is missing"),
        ('if plan == "a"', 3, "write the condition alone"),
        ('first name == "Ada"', 6, "written first_name"),
        ('plan == "free', 8, "a quote is missing"),
        ("plan == 'it's'", 12, "quotes of the other kind"),
        ("age|int > 18 years", 13, "write the number alone"),
        ('(plan == "a"', 0, "write ) where it ends"),
        ('plan == "a" and', 15, "something is missing"),
        ("name|lowr == 'a'", 5, "did you mean lower?"),
        ("name|upcase == 'A'", 5, "did you mean upper?"),
        ("name is difined", 8, "did you mean defined?"),
    ],
)  # fmt: skip
def test_a_slip_in_a_condition_says_how_jinja_spells_it(
    expression: str, offset: int, hint: str
) -> None:
    with pytest.raises(Wrong) as caught:
        check_expression(expression)
    assert hint in (caught.value.hint or "")
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    "expression",
    [
        'plan == "free" and not paid',
        'plan in ["a", "b"]',
        'x == "a = b && c"',
        "f|default(value=1)",
    ],
)
def test_what_is_spelt_right_is_no_slip(expression: str) -> None:
    check_expression(expression)


@pytest.mark.parametrize(
    ("source", "line", "column", "said", "hint"),
    [
        ("x\n{% endfro %}", 2, 4, "no tag is called endfro", "did you mean endfor?"),
        ("{% if a %}\n{% elseif b %}", 2, 4, "no tag is called elseif", "did you mean elif?"),
        ("{% if a %}{% else if b %}", 1, 19, "expected token", "write elif"),
        ("a\n<p>{{ name</p>\n<p>b</p>", 2, 11, "HTML stands within what {{", "write }} before it"),
        ("<p>{{ first_<b>name</b> }}", 1, 13, "HTML stands within what {{", "or take it out"),
        ("<p>{{ <b>name</b> }}", 1, 7, "HTML stands within what {{", "or take it out"),
        ("{% if a <p>b</p>", 1, 9, "HTML stands within what {%", "write %} before it"),
        ("{{{ name }}}", 1, 10, "expected token", "two braces at each end are enough"),
        ("{{ {{ name }} }}", 1, 12, "expected token", "two braces at each end are enough"),
        ("{{#if a}}x{{/if}}", 1, 3, "unexpected char", "write {% if plan %}"),
        ("{{ if a }}x", 1, 7, "expected token", "write {% if … %}"),
        ('{{ name | default: "x" }}', 1, 18, "expected token", "stands in brackets"),
        ("{{ name|default(&quot;x&quot;) }}", 1, 17, "unexpected char", "write the sign itself"),
        ("{% fi a %}", 1, 4, "no tag is called fi", "did you mean if?"),
        ("a\n{% if a %}\nb\n", 2, 4, "if is never closed", "write {% endif %}"),
        ("{% for a in b %}{% if a %}\n{% endif %}", 1, 4, "for is never closed", "{% endfor %}"),
        ("{% if a %}\n{% endfor %}", 2, 4, "if (line 1) is still open", "write {% endif %}"),
        ("{% else %}", 1, 4, "else closes nothing", None),
        ("é {{ first name }}", 1, 12, "got 'name'", "written first_name"),
        ("\n {{ a }\n", 2, 7, "unexpected '}'", "a tag ends with }} or %}"),
        ("{{ a|default('x' }}", 1, 18, "expected ')'", "a ) is missing before it"),
        ("{% if a = 1 %}{% endif %}", 1, 9, "got '='", "write == to compare"),
        ("\r\n{% if a && b %}{% endif %}", 2, 9, "'&'", "write and"),
        ("{{ “x” }}", 1, 4, "unexpected char", "write straight quotes"),
        ("{{ }}", 1, 4, "Expected an expression", "something is missing"),
        ("a {# b", 1, 3, "begins a comment, and nothing ends it", "write #} where it ends"),
        ("{# x #}\n@media(x){#a{b:c}}", 2, 10, "begins a comment", 'a blank between ("{ #")'),
        ("{{{{\n}", 2, 2, "expected ':'", "something is missing"),
        ("a {% raw %} b", 1, 3, "raw", "write {% endraw %}"),
    ],
)
def test_a_template_that_does_not_parse_has_the_column_of_its_slip(
    source: str, line: int, column: int, said: str, hint: str | None
) -> None:
    env = environment()
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        env.parse(source)
    found = slip(env, source, caught.value, expression=False)
    assert (found.line, found.column) == (line, column)
    assert said in found.message
    assert found.hint is None if hint is None else hint in (found.hint or "")


def test_a_name_is_found_in_the_tags_of_its_line_and_not_in_the_text() -> None:
    source = "name\nyour name: {{ name }} {% if x is y %}{{ 'name' }}{% endif %}"
    assert column_of(source, 2, "name") == 15
    assert column_of(source, 2, "y") == 34
    assert column_of(source, 1, "name") is None


def test_a_template_in_the_campaign_file_has_the_column_of_its_slip(desk: Desk) -> None:
    (fault,) = desk.faults(subject='subject: "Hi {{ a|uper }}"')
    assert fault.place is not None
    assert fault.place.column == 19
    assert fault.hint == "did you mean upper?"


def test_a_condition_in_the_campaign_file_has_the_column_of_its_slip(desk: Desk) -> None:
    (fault,) = desk.faults(recipients="recipients: {file: people.csv, where: a == 1 && b == 2}")
    assert fault.place is not None
    assert fault.place.column == 46
    assert fault.hint == "write and"


def test_where_the_text_is_written_otherwise_the_value_is_pointed_at(desk: Desk) -> None:
    (fault,) = desk.faults(subject='subject: "\\u0048i {{ a|uper }}"')
    assert fault.place is not None
    assert fault.place.column == 10


@settings(max_examples=examples(200))
@given(st.lists(PIECES, max_size=12).map("".join))
def test_whatever_is_written_is_taken_or_told_with_a_place_in_it(text: str) -> None:
    for check in (check_template, check_expression):
        offset: int | None = None
        try:
            check(text)
        except Wrong as wrong:
            offset = wrong.offset
        assert offset is None or 0 <= offset <= len(text)


def test_a_template_without_a_slip_is_taken() -> None:
    check_template("{% for a in b %}{{ a|upper }}{% endfor %}")
