"""What was found as annotations of GitHub, beside the lines that it is about.

GitHub shows ten of each kind that a step makes, and fifty of a job, and drops the others without a word.
So the worst come first, and where there are more than it shows the last one says how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from sendbatch.cli.checked import Checked, worst_first
from sendbatch.errors import Finding, inert, printable
from sendbatch.words import count

MOST = 10  # of each severity
_COMMANDS = {"error": "error", "warning": "warning", "hint": "notice"}


def annotated(checks: Sequence[Checked]) -> Iterator[str]:
    """Lines for standard output, of all files that this step looked at."""
    found = worst_first(finding for done in checks for finding in done.findings)
    for severity, group in groupby(found, key=lambda finding: finding.severity):
        those = list(group)
        shown = those if len(those) <= MOST else those[: MOST - 1]
        yield from map(_annotation, shown)
        if left := len(those) - len(shown):
            more = count(left, f"more {severity}")
            verb = "is" if left == 1 else "are"
            yield f"::{_COMMANDS[severity]}::{more} {verb} not annotated: --format text has everything"


def _annotation(finding: Finding) -> str:
    """A workflow command, escaped as GitHub's documentation of them says."""
    place = finding.place
    where = [
        f"{name}={_escaped(str(value), ',:')}"
        for name, value in (
            ("file", place.file if place else None),
            ("line", place.line if place else None),
            ("col", place.column if place else None),
            ("title", finding.rule),
        )
        if value is not None
    ]
    text = finding.message if finding.hint is None else f"{finding.message} ({finding.hint})"
    return "::" + inert(f"{_COMMANDS[finding.severity]} {','.join(where)}::{_escaped(text)}")


def _escaped(text: str, also: str = "") -> str:
    text = printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for mark in also:
        text = text.replace(mark, f"%{ord(mark):02X}")
    return text
