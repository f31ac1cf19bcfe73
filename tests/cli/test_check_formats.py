"""What `check` found, as programs read it, and when it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import sendbatch
from sendbatch.cli.checked import checked, document
from sendbatch.cli.checked.annotations import annotated
from sendbatch.cli.checked.sarif import FINGERPRINT, sarif
from sendbatch.errors import GIVEN, Finding, Place, SendbatchError
from sendbatch.findings import Rule
from tests.kit.command import Desk

DOUBTFUL = '<p>Hello {{ first_name }} <a href="foo">x</a></p>\n'
# What SARIF 2.1.0 (OASIS, §3) asks of the properties that are written, and nothing beside them.
TEXT = {
    "type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}},
    "additionalProperties": False,
}  # fmt: skip
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}, "minItems": 1, "maxItems": 1},
    },
    "additionalProperties": False,
    "$defs": {
        "text": TEXT,
        "level": {"enum": ["none", "note", "warning", "error"]},
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "properties": {
                        "driver": {
                            "type": "object",
                            "required": ["name"],
                            "properties": {
                                "name": {"type": "string"},
                                "version": {"type": "string"},
                                "rules": {
                                    "type": "array", "items": {"$ref": "#/$defs/rule"}, "uniqueItems": True,
                                },
                            },
                            "additionalProperties": False,
                        }
                    },
                    "additionalProperties": False,
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "invocations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["executionSuccessful"],
                        "properties": {
                            "executionSuccessful": {"type": "boolean"}, "exitCode": {"type": "integer"},
                        },
                        "additionalProperties": False,
                    },
                },
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
            "additionalProperties": False,
        },
        "rule": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string"},
                "shortDescription": {"$ref": "#/$defs/text"},
                "fullDescription": {"$ref": "#/$defs/text"},
                "help": {"$ref": "#/$defs/text"},
                "helpUri": {"type": "string", "format": "uri", "pattern": "^https://"},
                "defaultConfiguration": {
                    "type": "object",
                    "properties": {"level": {"$ref": "#/$defs/level"}},
                    "additionalProperties": False,
                },
                "properties": {"type": "object", "properties": {"tags": {"type": "array"}}},
            },
            "additionalProperties": False,
        },
        "result": {
            "type": "object",
            "required": ["message", "ruleId", "ruleIndex", "level", "partialFingerprints"],
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"$ref": "#/$defs/level"},
                "message": {"$ref": "#/$defs/text"},
                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                "locations": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "properties": {"physicalLocation": {"$ref": "#/$defs/physicalLocation"}},
                        "additionalProperties": False,
                    },
                },
            },
            "additionalProperties": False,
        },
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {
                        "uri": {
                            "type": "string", "pattern": "^[!-~]+$", "not": {"pattern": "[ <>\"{}|\\\\^`]"},
                        },
                        "uriBaseId": {"const": "%SRCROOT%"},
                    },
                    "additionalProperties": False,
                },
                "region": {
                    "type": "object",
                    "required": ["startLine"],
                    "properties": {
                        "startLine": {"type": "integer", "minimum": 1},
                        "startColumn": {"type": "integer", "minimum": 1},
                    },
                    "additionalProperties": False,
                },
            },
            "additionalProperties": False,
        },
    },
}  # fmt: skip


def held(text: str) -> dict[str, Any]:
    """The one run of a SARIF log that keeps to the standard."""
    log = json.loads(text)
    jsonschema.Draft202012Validator(SARIF).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    found: dict[str, Any] = run
    return found


def faults(*places: Place | None) -> list[Finding]:
    return [Rule.BROKEN_LINK.finding("the link foo leads nowhere", place) for place in places]


def prints(found: list[Finding]) -> list[str]:
    run = held(sarif([checked(Path("a.yaml"), 0, found)]))
    return [one["partialFingerprints"][FINGERPRINT] for one in run["results"]]


# JSON


def test_the_json_is_as_its_schema_says(desk: Desk) -> None:
    schema = json.loads(desk.run("schema", "--check").ended(0).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    holds = jsonschema.Draft202012Validator(schema)
    desk.write("spring.html", DOUBTFUL)
    desk.write("none.yaml", "nmae: x\n")
    desk.campaign(more="check: {ignore: broken-link}\n", name="ignoring.yaml")
    told = json.loads(
        desk.run("check", "spring.yaml", "none.yaml", "ignoring.yaml", "--format", "json").ended(2).out
    )
    holds.validate(told)
    assert [(one["exit_code"], one["ignored"]) for one in told] == [(0, 0), (2, None), (0, 1)]
    for wrong in ([{**told[0], "more": 1}], [{**told[0], "faults": [{}]}], told[0]):
        assert not holds.is_valid(wrong)
    assert document.SCHEMA.name == "check.schema.json"


# SARIF


def test_sarif_has_each_finding_by_its_rule_the_worst_first(desk: Desk) -> None:
    desk.write("spring.html", DOUBTFUL + "<!-- sendbatch: hush -->")
    run = held(desk.run("check", "spring.yaml", "--format", "sarif").ended(0).out)
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [
        ("broken-link", "warning"),
        ("unknown-ignore", "note"),
    ]
    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "spring.html", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1, "startColumn": 36},
    }


def test_sarif_links_to_pages_of_others_alone() -> None:
    found = [rule.finding("x") for rule in Rule]
    rules = held(sarif([checked(Path("a.yaml"), 2, found)]))["tool"]["driver"]["rules"]
    assert {one["id"]: one.get("helpUri") for one in rules} == {rule.id: rule.source for rule in Rule}


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    assert held(sarif([checked(Path("a.yaml"), 0, ())]))["results"] == []


def test_a_fingerprint_stays_where_lines_move_and_is_anothers_for_another_line() -> None:
    line = '<a href="foo">'
    first, moved, other = (
        prints(faults(Place("a.html", number, 1, text)))[0]
        for number, text in ((1, line), (9, line), (1, '<b><a href="foo">'))
    )
    assert first == moved
    assert first != other
    twins = prints(faults(Place("a.html", 1, 1, line), Place("a.html", 2, 1, line), None))
    assert len(set(twins)) == 3


def test_paths_of_sarif_are_addresses_whatever_is_in_them() -> None:
    hostile = 'ä b"<%>\\{}|^`?#\n.html'
    found = faults(Place(hostile, 1), Place(f"/x/{hostile}"), Place(GIVEN, 1))
    run = held(sarif([checked(Path("a.yaml"), 0, found)]))
    first, second, third = run["results"]
    uri = first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith("%C3%A4%20b%22")
    absolute = second["locations"][0]["physicalLocation"]["artifactLocation"]
    assert absolute["uri"].startswith("file:///x/")
    assert "uriBaseId" not in absolute
    assert "locations" not in third


def test_in_ci_neither_annotations_nor_sarif_hold_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    place = Place("people-jane@example.com.csv", 2, 1, "jane@example.com,Jane")
    found = [Rule.INVALID_ROW.finding("jane@example.com: invalid", place, "jane@example.com again")]
    done = [checked(Path("spring.yaml"), 1, found)]
    for text in (sarif(done), "\n".join(annotated(done)), document.document(done)):
        assert "jane" not in text.lower()
        assert "invalid" in text


# When it fails


def test_a_warning_changes_the_exit_code_only_where_that_is_asked_for(desk: Desk) -> None:
    desk.write("spring.html", DOUBTFUL)
    assert desk.run("check", "spring.yaml").code == 0
    assert desk.run("check", "spring.yaml", "--strict").code == 0
    asked = desk.run("check", "spring.yaml", "--fail-on", "warning").ended(2)
    assert "spring.html:1:36: error: the link foo leads nowhere" in asked.said
    github = desk.run("check", "spring.yaml", "--fail-on", "warning", "--format", "github").ended(2)
    assert github.out.startswith("::error file=spring.html,line=1,col=36,title=broken-link::")
    assert desk.run("check", "spring.yaml", "--fail-on", "error").code == 0
    assert "write error or warning" in desk.run("check", "spring.yaml", "--fail-on", "hint").ended(2).said


def test_neither_a_hint_nor_what_is_ignored_makes_it_fail(desk: Desk) -> None:
    desk.write("spring.html", DOUBTFUL.replace("\n", " <!-- sendbatch: ignore broken-link, hush -->\n"))
    assert "no such rule: hush" in desk.run("check", "spring.yaml", "--fail-on", "warning").ended(0).said


def test_warnings_are_worse_than_rows_that_are_tolerated_or_not(desk: Desk) -> None:
    desk.write("spring.html", DOUBTFUL)
    desk.write("people.csv", "email,first_name,plan\nada@example.com,Ada,paid\nnobody,X,paid\n")
    assert desk.run("check", "spring.yaml").code == 1
    assert desk.run("check", "spring.yaml", "--fail-on", "warning").code == 2
    quiet = desk.run("check", "spring.yaml", "--fail-on", "warning", "-q").ended(2)
    assert "spring.yaml: what is doubtful counts as wrong here (--fail-on warning)" in quiet.err
    assert desk.run("check", "spring.yaml", "--fail-on", "warning", "--tolerate", "1").code == 2
    desk.write("spring.html", "<p>Hello {{ first_name }}</p>")
    assert "doubtful" not in desk.run("check", "spring.yaml", "--fail-on", "warning", "-q").ended(1).err
    assert desk.run("check", "spring.yaml", "--fail-on", "warning", "--tolerate", "1").code == 0


def test_python_asks_for_it_too(desk: Desk) -> None:
    desk.write("spring.html", DOUBTFUL)
    file = desk.folder / "spring.yaml"
    assert sendbatch.check(file).exit_code == 0
    assert sendbatch.check(file, fail_on="warning").exit_code == 2
    with pytest.raises(SendbatchError, match="write 'error' or 'warning'"):
        sendbatch.check(file, fail_on="hint")


# The rules


def test_the_rules_are_listed_where_there_is_no_campaign(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = desk.run("check", "--list-rules").ended(0).out
    rules = json.loads(desk.run("check", "--list-rules", "--format", "json").ended(0).out)
    assert [one["id"] for one in rules] == [rule.id for rule in Rule]
    assert all(one["reason"] and one["remedy"] and one["page"] for one in rules)
    for rule in Rule:
        assert f"\n  {rule.id}  {rule.severity}\n    {rule.meaning}\n" in text
    assert "write text or json" in desk.run("check", "--list-rules", "--format", "sarif").ended(2).said
