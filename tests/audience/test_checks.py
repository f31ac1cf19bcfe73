"""A row is filtered, invalid or pending, and why; what is wrong with the rules is told at once."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendbatch.audience.checks import Checker
from sendbatch.audience.rules import make_rules
from sendbatch.campaign.names import usable
from sendbatch.errors import AudienceError, CampaignError
from sendbatch.findings import Rule
from sendbatch.values import Row, Status

from .conftest import campaign, check, rules, told

JANE = "jane@example.com"


def refused(header: str, **fields: Any) -> str:
    with pytest.raises(CampaignError) as caught:
        rules(header, **fields)
    return str(caught.value)


def failed(header: str, *cells: str, line: int = 2, **fields: Any) -> str:
    with pytest.raises(AudienceError) as caught:
        check(header, *cells, line=line, **fields)
    return str(caught.value)


# What a row becomes


def test_a_good_row_is_pending_under_its_addresss_key() -> None:
    found = check("email name", "Jane@MÜNCHEN.example", "Jane", line=7)
    assert (found.line, found.status, told(found)) == (7, Status.PENDING, "")
    assert found.email == "Jane@münchen.example"
    assert found.key == "jane@xn--mnchen-3ya.example"
    assert found.domain == "xn--mnchen-3ya.example"
    assert found.cells == ("Jane@MÜNCHEN.example", "Jane")


def test_rules_reach_another_process_and_judge_the_same_there() -> None:
    made = rules("email plan", where='plan != "free"', defaults={"plan": "pro"})
    there = Checker(pickle.loads(pickle.dumps(made)))
    assert there.check(Row(2, (JANE, ""))).status is Status.PENDING


def test_an_unusable_address_is_invalid_and_still_shown() -> None:
    found = check("email", " jane@@example.com\x07 ")
    assert found.status is Status.INVALID
    assert told(found).startswith("not a usable address: ")
    assert (found.key, found.domain, found.email) == ("", "", "jane@@example.com�")


def test_an_empty_address_is_invalid() -> None:
    found = check("email", "  ")
    assert (found.status, told(found)) == (Status.INVALID, "the address is empty")


def test_a_row_with_an_unusable_address_keeps_the_key_of_its_own() -> None:
    assert check("email id", "nobody", "12", key="id").key == "12"


def test_an_empty_required_cell_makes_a_row_invalid() -> None:
    found = check("email customer_id", JANE, " ", required=("Customer ID",))
    assert (found.status, told(found)) == (Status.INVALID, "customer_id is required and empty")
    assert found.key == JANE


def test_an_empty_key_makes_a_row_invalid() -> None:
    found = check("email id", JANE, " ", key="id")
    assert (found.status, told(found)) == (Status.INVALID, "its key is empty")


def test_a_ragged_row_is_invalid_whatever_else_it_is() -> None:
    row = Row(3, (JANE, ""), "has 1 cell, the header has 2")
    found = Checker(rules("email plan", where="plan|int > 3")).check(row)
    assert (found.status, found.email) == (Status.INVALID, JANE)
    assert told(found) == "the row has 1 cell, the header has 2"


def test_a_row_is_filtered_before_its_address_is_looked_at() -> None:
    found = check("email plan", "nobody", "free", where='plan != "free"')
    assert (found.status, told(found)) == (Status.FILTERED, "`where` is false")
    assert (found.key, found.email) == ("", "nobody")


# Defaults and keys


def test_a_default_stands_in_for_an_empty_cell_before_anything_is_checked() -> None:
    found = check(
        "email first_name",
        JANE,
        "  ",
        defaults={"First Name": "friend"},
        required=("first_name",),
        where='first_name == "friend"',
    )
    assert found.status is Status.PENDING
    assert found.cells == (JANE, "friend")


def test_a_default_for_a_column_that_the_csv_lacks_is_a_column_of_the_plan() -> None:
    made = rules("email", defaults={"first_name": "friend"}, required=("first_name",))
    assert (made.columns, made.csv_columns) == (("email", "first_name"), ("email",))
    assert Checker(made).check(Row(2, (JANE,))).cells == (JANE, "friend")


@pytest.mark.parametrize(
    ("key", "made"),
    [
        (None, "jane@example.com"),
        ("E-Mail", "jane@example.com"),
        ("Customer ID", "Ab é"),
        ("{{ customer_id }}/{{ product }}", "Ab é/tea"),
        ("{{ customer_id if customer_id else e_mail }}", "Ab é"),
    ],
)
def test_a_key_is_the_address_a_column_or_a_template(key: str | None, made: str) -> None:
    found = check(
        "e_mail customer_id",
        "Jane@Example.com",
        " Ab e\u0301 ",
        email="E-Mail",
        key=key,
        variables={"product": "tea"},
    )
    assert found.key.replace("  ", " ").replace(" /", "/") == made


def test_a_key_that_cannot_be_made_names_the_row() -> None:
    for key in ("{{ 1 // id|int }}", "{{ '\\ud800' ~ id }}"):
        said = failed("email id", JANE, "0", line=9, key=key)
        assert "recipients.key cannot be made for /nowhere/people.csv:9: " in said


# where


@pytest.mark.parametrize(
    ("where", "passes"),
    [
        ("age|int > 18", True),
        ("plan in allowed", True),
        ("plan == product", False),
        ("nickname is defined", False),
        ("nickname|default('x') == 'x'", True),
        ("city", False),
    ],
)
def test_where_sees_cells_as_text_and_variables(where: str, passes: bool) -> None:
    variables = {"allowed": ["pro"], "product": "tea"}
    found = check("email age plan city", JANE, "44", "pro", "", where=where, variables=variables)
    assert (found.status is Status.PENDING) is passes


def test_a_column_beats_a_variable_of_its_name() -> None:
    found = check("email plan", JANE, "pro", where='plan == "pro"', variables={"plan": "free"})
    assert found.status is Status.PENDING


@pytest.mark.parametrize("name", ["args", "kwargs", "result", "context", "environment", "range"])
def test_a_column_may_have_a_name_that_python_or_jinja_uses(name: str) -> None:
    found = check(f"email {name}", JANE, "x", where=f'{name} == "x"', key=f"{{{{ {name} }}}}")
    assert (found.status, found.key) == (Status.PENDING, "x")


def test_a_column_named_self_does_not_disturb_where() -> None:
    assert check("email self", JANE, "x", where="email").status is Status.PENDING


@pytest.mark.parametrize(
    ("where", "why", "hint"),
    [
        ("age > 18", "'>' not supported", "quotes are text: write age|int"),
        (
            "age|int > '18'",
            "'>' not supported",
            "cells and what stands in quotes are text: write age|int",
        ),
        ("1 / age|int", "division by zero", ""),
        ("allowed[age] == 1", "has no attribute '0'", ""),
        ("age.startsWith('1')", "has no attribute 'startsWith'", "did you mean startswith?"),
        ("age|round > 1", "", "quotes are text"),
        ("range(9999999) | list", "Range too big", ""),
        ("''.__class__", "unsafe", ""),
        ("cycler()", "", ""),
    ],
)
def test_a_where_that_fails_on_a_row_refuses_and_never_filters(
    where: str, why: str, hint: str
) -> None:
    said = failed("email age", JANE, "0", line=41, where=where, variables={"allowed": {"y": 1}})
    assert said.startswith("spring.yaml:8:3: error: recipients.where cannot be decided for ")
    assert "/nowhere/people.csv:41: " in said
    assert why in said
    assert hint in said
    assert ("are text" in said) == ("are text" in hint)


def test_a_text_behind_or_that_nothing_is_compared_with_refuses() -> None:
    said = refused("email plan", where='plan == "free" or "pro"')
    assert '"pro" behind `or` is compared with nothing, and so true for everybody' in said
    assert 'write or plan == "pro"' in said


# What is wrong with the rules


def test_a_missing_column_is_an_error_with_a_guess() -> None:
    said = refused("e_mial name")
    assert "spring.yaml:6:3: error: recipients.email: the CSV has no column 'email'" in said
    assert "did you mean e_mial?" in said


def test_a_missing_column_without_a_guess_lists_those_there_are() -> None:
    assert "the columns are: contact, phone" in refused("contact phone")


def test_the_address_must_be_in_the_csv_itself() -> None:
    assert "the CSV has no column 'email'" in refused("name", defaults={"email": JANE})


def test_all_that_is_wrong_is_told_in_one_go() -> None:
    said = refused(
        "email plan",
        required=("plan", "custmer"),
        key="id",
        where='plam != "free" and citty',
        overrides=("plan", "edition"),
    )
    assert "recipients.required: the CSV has no column 'custmer'" in said
    assert "spring.yaml:7:3: error: recipients.key: the CSV has no column 'id'" in said
    assert "spring.yaml:8:3: error: recipients.where: unknown name 'plam'" in said
    assert "did you mean plan?" in said
    assert "recipients.where: unknown name 'citty'" in said
    assert "neither a column nor a variable" in said
    assert "--set plan: the CSV has a column of that name, which would win over it" in said
    assert "edition" not in said


def test_an_unknown_name_in_a_key_template_is_an_error() -> None:
    said = refused("email customer_id", key="{{ custmer_id }}")
    assert "recipients.key: unknown name 'custmer_id'" in said
    assert "did you mean customer_id?" in said


@pytest.mark.parametrize("where", ["plan ==", "plan|nofilter", "plan is notest", "plan plan", ""])
def test_a_where_that_is_no_expression_is_an_error(where: str) -> None:
    assert "spring.yaml:8:3: error: recipients.where: " in refused("email plan", where=where)


def test_set_on_a_name_that_defaults_give_is_an_error_too() -> None:
    said = refused("email", defaults={"First Name": "friend"}, overrides=("first_name",))
    assert "--set first_name: recipients.defaults gives that name, which would win over it" in said


@given(st.lists(st.text(max_size=30), min_size=3, max_size=3))
def test_any_cells_are_judged(cells: list[str]) -> None:
    found = check("email id x", *cells, key="id", where="x != 'y'", required=("x",))
    assert found.cells == tuple(cells)
    assert bool(told(found)) is (found.status is not Status.PENDING)


def test_blanks_around_an_address_never_reach_a_template() -> None:
    checked = check("email first_name", " jane@example.com ", "Jane")
    assert checked.cells == ("jane@example.com", "Jane")


# Text and numbers


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("opted_out != 1", 'write opted_out != "1", or opted_out|int != 1'),
        ("plan == 'x' or opted_out == true", "opted_out|lower in"),
        ("opted_out not in [1, '1']", 'opted_out not in ["1", "1"]'),
        ("opted_out != limit", "opted_out|int != limit"),
        ("opted_out is sameas true", 'opted_out == "true"'),
    ],
)
def test_a_where_that_compares_text_with_a_number_is_refused_before_any_row(
    where: str, hint: str
) -> None:
    said = refused("email opted_out plan", where=where, variables={"limit": 1})
    assert said.startswith("spring.yaml:8:3: error: recipients.where: opted_out is text, and ")
    assert hint in said


def test_a_key_that_compares_text_with_a_number_is_refused_too() -> None:
    assert "recipients.key: id is text" in refused("email id", key="{{ id if id != 0 else email }}")


def test_what_only_a_row_tells_refuses_with_the_row() -> None:
    said = failed("email a", JANE, "x", line=7, where="[a, 1]|first == 1")
    assert "/nowhere/people.csv:7: text is compared with a number" in said
    assert "write age|int" not in said


def test_a_number_that_cannot_be_read_refuses_and_never_filters() -> None:
    said = failed("email due", JANE, "1.234,50", where="due|float >= 0")
    assert "|number reads it" in said
    assert check("email due", JANE, "1.234,50", where="due|number >= 1000").status is Status.PENDING
    assert "it is empty" in failed("email due", JANE, "", where="due|int >= 0")
    assert check("email due", JANE, "", where="due|int(0) > 0").status is Status.FILTERED


# Columns that clash, and columns that are missing


TWICE = {"plan": Rule.AMBIGUOUS_COLUMN.finding("two columns are named 'Plan'")}


def clashed(**fields: Any) -> str:
    with pytest.raises(CampaignError) as caught:
        make_rules(campaign(**fields), ("email", "id"), {"email": "E", "id": "Id"}, TWICE)
    return str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "plan"},
        {"key": "plan"},
        {"key": "{{ plan|default(id) }}"},
        {"where": "plan is defined"},
        {"required": ("plan",)},
        {"defaults": {"plan": "x"}},
        {"overrides": ("plan",)},
        {"where": "plan == 'x'", "variables": {"plan": "y"}},
    ],
)
def test_a_name_that_two_columns_have_is_a_fault_where_it_is_used(fields: dict[str, Any]) -> None:
    assert clashed(**fields) == "error: two columns are named 'Plan'"


def test_a_name_that_two_columns_have_is_none_where_it_is_not_used() -> None:
    rules = make_rules(campaign(where="id"), ("email", "id"), {"email": "E", "id": "Id"}, TWICE)
    assert rules.columns == ("email", "id")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("E-Mail", "E-Mail"), ("Courriel", "Courriel"), ("Adresse mail", "Adresse mail")],
)
def test_where_no_column_of_the_address_is_named_the_likely_one_is(
    written: str, meant: str
) -> None:
    one = campaign()
    places = {"recipients.file": one.places["recipients.file"]}
    column = usable(written)
    with pytest.raises(CampaignError) as caught:
        make_rules(replace(one, places=places), (column, "x"), {column: written, "x": "X"})
    said = str(caught.value)
    assert "spring.yaml:5:3: error: recipients.email: the CSV has no column 'email'" in said
    assert f"write email: {meant} under recipients (the columns are: {written}, X)" in said


def test_a_delimiter_that_makes_one_column_is_asked_about() -> None:
    with pytest.raises(
        CampaignError, match=r"the header is one column, E;N: is `delimiter:` right"
    ):
        make_rules(campaign(delimiter=","), ("e_n",), {"e_n": "E;N"})


def test_where_none_looks_like_the_address_the_key_is_told() -> None:
    places = {"recipients.file": campaign().places["recipients.file"]}
    with pytest.raises(CampaignError, match="write email: NAME under recipients"):
        make_rules(replace(campaign(), places=places), ("a", "b"), {"a": "A", "b": "B"})


@pytest.mark.parametrize("word", ["none", "true", "false", "self"])
def test_a_word_of_the_language_is_not_taken_for_the_column_of_that_name(word: str) -> None:
    said = refused(f"email _{word}", where=f"{word} == 'x'")
    assert f"{word} is a word of the template language, and not the column" in said
    assert f"the column of that name is _{word} here" in said
    assert check(f"email _{word}", JANE, "x", where=f"_{word} == 'x'").status is Status.PENDING
