"""For each rule a campaign that breaks it, and one that nearly does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sendbatch.findings import Rule
from sendbatch.rendering.workers import Workers

from .case import Case, found
from .cases import CASES
from .elsewhere import ELSEWHERE, ROOMS

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """One process builds the messages of all cases."""
    with Workers() as some:
        yield some


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_in_the_sound_campaign_nothing_is_found(folder: Path, workers: Workers) -> None:
    assert found(folder, {}, {}, workers) == []


@pytest.mark.parametrize("rule", Rule, ids=lambda rule: rule.id)
def test_each_rule_has_a_case_or_a_test_elsewhere(rule: Rule) -> None:
    """Not both: what is shown here needs no excuse."""
    is_here = any(case.rule is rule for case in CASES)
    is_elsewhere = rule in ELSEWHERE or (not is_here and _is_in_its_room(rule))
    assert is_here != is_elsewhere, f"tests/corpus/cases: add a Case of {rule.name}"


@pytest.mark.parametrize("rule", ELSEWHERE, ids=lambda rule: rule.id)
def test_what_is_shown_elsewhere_is_there(rule: Rule) -> None:
    name, words = ELSEWHERE[rule]
    source = (TESTS / name).read_text("utf-8")
    assert words in source if words else _names(source, rule), ELSEWHERE[rule]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule.id)
def test_what_breaks_a_rule_is_found(case: Case, folder: Path, workers: Workers) -> None:
    findings = found(folder, case.breaks, case.settings, workers)
    assert case.rule.id in {one.rule for one in findings}, "\n".join(map(str, findings))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule.id)
def test_what_nearly_breaks_it_is_not(case: Case, folder: Path, workers: Workers) -> None:
    findings = found(folder, case.nearly, case.nearly_settings, workers)
    assert case.rule.id not in {one.rule for one in findings}, "\n".join(map(str, findings))
    assert "error" not in {one.severity for one in findings}, "\n".join(map(str, findings))


def _is_in_its_room(rule: Rule) -> bool:
    paths = [path for room in ROOMS.get(rule.topic.name, ()) for path in (TESTS / room).glob("test_*.py")]
    return any(_names(path.read_text("utf-8"), rule) for path in paths)


def _names(source: str, rule: Rule) -> bool:
    return re.search(rf"[\"']{rule.id}[\"']|\bRule\.{rule.name}\b", source) is not None
