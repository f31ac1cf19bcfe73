"""The registry of rules, what is made by them, and how what many rows share is said once."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sendbatch
from sendbatch import errors
from sendbatch.errors import Finding, Place, SendbatchError
from sendbatch.findings import MOST_GROUPS, WORDINGS, Groups, Rule

PACKAGE = Path(sendbatch.__file__).parent
BY_ID = {rule.id: rule for rule in Rule}


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Every module of the package, as a syntax tree."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def families(kind: type[SendbatchError] = SendbatchError) -> Iterator[type[SendbatchError]]:
    """Every class of error there is."""
    yield kind
    for below in kind.__subclasses__():
        yield from families(below)


# The registry


def test_each_rule_has_an_id_of_its_own_in_words_with_hyphens() -> None:
    assert len(BY_ID) == len(Rule)
    for word in BY_ID:
        assert word.replace("-", "").isalnum(), word
        assert word == word.lower(), word


def test_each_rule_says_in_a_line_what_it_finds_what_to_do_and_why() -> None:
    for rule in Rule:
        for said in (rule.meaning, rule.remedy, rule.reason):
            assert said[0] == said[0].upper(), rule
            assert said.endswith("."), rule
            assert "\n" not in said, rule


def test_each_rule_has_a_page_to_read() -> None:
    for rule in Rule:
        if rule.source is None:
            assert rule.page == f"docs/checks.md#{rule.id}"
        else:
            assert rule.page == rule.source
            assert re.fullmatch(r"https://[a-z0-9.-]+/[!-~]*", rule.source), rule


def test_the_page_of_what_is_found_is_made_from_the_table() -> None:
    spec = importlib.util.spec_from_file_location("checks", PACKAGE.parent / "docs" / "checks.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.PAGE.read_text("utf-8") == made.page(), "python docs/checks.py writes it anew"
    assert all(made.page().count(f"</a>`{word}` |") == 1 for word in BY_ID)


def test_no_rule_is_left_that_nothing_finds() -> None:
    used = {
        node.attr
        for path, tree in sources()
        if path != PACKAGE / "findings" / "rules.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Rule"
    }
    of_errors = {BY_ID[kind.rule].name for kind in families()}
    assert {rule.name for rule in Rule} == used | of_errors


def test_a_finding_is_made_by_a_rule_and_nowhere_else() -> None:
    made = {
        path.name
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Finding"
    }
    assert made == {"rules.py", "errors.py"}


def test_an_error_raised_with_words_alone_has_the_rule_of_its_class() -> None:
    for kind in families():
        assert kind.rule in BY_ID, kind
    (found,) = errors.GuardError("expect: 3 of 4", hint="look at the CSV").findings
    assert found == Finding("guard-refused", "error", None, "expect: 3 of 4", "look at the CSV")


@pytest.mark.parametrize("kind", [errors.AudienceError, errors.ProfileError])
def test_what_is_wrong_in_a_file_has_a_rule_of_its_own(kind: type[SendbatchError]) -> None:
    """Words alone are for what is asked of the call, and for the server, the record and guards."""
    vague = []
    for path, tree in sources():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == kind.__name__
                and isinstance(node.args[0], (ast.Constant, ast.JoinedStr))
            ):
                vague.append(
                    f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node.args[0])}"
                )
    assert vague == []


def test_a_finding_reads_like_a_compilers_message() -> None:
    place = Place("spring.yaml", 2, 3, "  nmae: spring")
    assert str(Rule.UNKNOWN_KEY.finding("unknown key: nmae", place, "did you mean name?")) == (
        "spring.yaml:2:3: error: unknown key: nmae\n"
        "   2 |   nmae: spring\n"
        "     |   ^ did you mean name?"
    )


# What many rows share


def test_equal_words_are_one_fault_with_its_first_rows() -> None:
    found = Groups()
    for row in range(2, 22):
        found.add("the cell is empty", row, f"p{row}")

    (one,) = found
    assert (one.words, one.number, one.where) == (
        "the cell is empty",
        20,
        "rows 2, 3, 4 and 17 more",
    )
    assert one.rows == [(2, "p2"), (3, "p3"), (4, "p4")]


def test_what_differs_by_a_path_alone_is_shown_three_times_and_then_counted() -> None:
    found = Groups()
    for row in range(2, 902):
        found.add(f"no such file: invoices/{row}.pdf", row, f"p{row}")

    told = [(one.words, one.where) for one in found]
    assert told[:WORDINGS] == [(f"no such file: invoices/{n}.pdf", f"row {n}") for n in (2, 3, 4)]
    assert told[WORDINGS:] == [
        ("as in row 2: no such file: invoices/2.pdf", "rows 5, 6, 7 and 894 more")
    ]
    assert found.number == 900


def test_where_one_wording_is_enough_the_others_count_to_it() -> None:
    found = Groups(wordings=1)
    for row in range(2, 22):
        found.add(f"450 busy {row}", row, "")

    assert [(one.words, one.number, one.varies) for one in found] == [("450 busy 2", 20, True)]


def test_however_many_faults_there_are_a_screenful_is_kept() -> None:
    found = Groups()
    for row in range(2, 1002):
        words = "".join(chr(97 + int(digit)) for digit in str(row))
        found.add(f"{words} is unknown", row, "")

    assert len(list(found)) == MOST_GROUPS
    assert found.left_off == 1000 - MOST_GROUPS
