"""What was found as SARIF 2.1.0, which code hosts show beside the lines, and follow over commits.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from sendbatch.cli.checked import Checked, worst_first
from sendbatch.errors import GIVEN, Finding, Place, as_json, one_line, printable
from sendbatch.findings import Rule, pattern_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "hint": "note"}  # §3.27.10
FINGERPRINT = "sendbatch/v1"
_ROOT = "%SRCROOT%"
_RULES = {rule.id: rule for rule in Rule}


def sarif(checks: Sequence[Checked]) -> str:
    found = worst_first(finding for done in checks for finding in done.findings)
    rules = list(dict.fromkeys(_RULES[finding.rule] for finding in found))
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    driver = {"name": "sendbatch", "version": version("sendbatch"), "rules": list(map(_rule, rules))}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "exitCode": max(done.code for done in checks)}],
        "results": list(_results(found, numbers)),
    }
    return as_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(rule: Rule) -> dict[str, object]:
    """Its page is a link only where it is somebody's: where this project's own stands, no host knows."""
    page = {"helpUri": rule.source} if rule.source is not None else {}
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.meaning},
        "fullDescription": {"text": f"{rule.meaning} {rule.reason}"},
        "help": {"text": f"{rule.remedy} See {rule.page}"},
        **page,
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": [rule.topic.value]},
    }


def _results(found: Sequence[Finding], numbers: dict[str, int]) -> Iterator[dict[str, object]]:
    seen: Counter[str] = Counter()
    for finding in found:
        print_ = _fingerprint(finding)
        seen[print_] += 1
        location = _location(finding.place)
        hint = f" ({one_line(finding.hint)})" if finding.hint else ""
        yield {
            "ruleId": finding.rule,
            "ruleIndex": numbers[finding.rule],
            "level": LEVELS[finding.severity],
            "message": {"text": f"{printable(finding.message)}{hint}"},
            **({"locations": [location]} if location is not None else {}),
            "partialFingerprints": {FINGERPRINT: f"{print_}:{seen[print_]}"},
        }


def _fingerprint(finding: Finding) -> str:
    """The same where only lines before it, or numbers in its words, are others: a host tells by it that it is
    known."""
    place = finding.place
    file = place.file if place is not None else ""
    line = place.text.strip() if place is not None and place.text is not None else ""
    words = "\0".join((finding.rule, file, line, pattern_of(finding.message)))
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32]


def _location(place: Place | None) -> dict[str, object] | None:
    """None of rows that a program gave: there is no file."""
    if place is None or place.file == GIVEN:
        return None
    path = Path(place.file)
    name = path.as_posix().encode("utf-8", "replace")
    if path.is_absolute():
        artifact = {"uri": f"file://{quote(name)}"}
    else:
        artifact = {"uri": quote(name), "uriBaseId": _ROOT}
    region = {
        name: value
        for name, value in (("startLine", place.line), ("startColumn", place.column))
        if value is not None
    }
    return {
        "physicalLocation": {
            "artifactLocation": artifact,
            **({"region": region} if place.line is not None else {}),
        }
    }
