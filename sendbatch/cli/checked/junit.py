"""What was found as JUnit XML: a suite for each file, in which each error is a test that fails. A warning
is one that passes, and says what is doubtful."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from sendbatch.cli.checked import Checked, worst_first
from sendbatch.errors import Finding, at, one_line, shown
from sendbatch.reports.suites import Case, Suite, write_suites
from sendbatch.runtime.masking import for_log
from sendbatch.words import count

MOST = 500  # findings of a file with a test of their own


def junit(checks: Sequence[Checked]) -> str:
    out = io.StringIO()
    write_suites("sendbatch check", list(map(_suite, checks)), out)
    return out.getvalue()


def _suite(done: Checked) -> Suite:
    return Suite(for_log(shown(done.file)), list(_cases(done)))


def _cases(done: Checked) -> Iterator[Case]:
    found = worst_first(done.findings)
    errors = sum(finding.severity == "error" for finding in found)
    if done.overview is not None and not errors and not done.code:
        yield Case(f"{count(done.overview.sendable, 'recipient')} to send to, all is well")
    elif done.code and not errors:
        yield Case("the check", "failure", f"it ends with {done.code}", "check")
    yield from map(_case, found[:MOST])
    if (left := len(found) - MOST) > 0:
        name, said = f"{count(left, 'finding')} more", "--format json has them"
        yield Case(name, "failure", said, "check") if errors > MOST else Case(name, said=said)


def _case(finding: Finding) -> Case:
    place = finding.place
    where = at(place.file, place.line, place.column) if place is not None else ""
    name = f"{finding.rule}: {where}" if where else finding.rule
    message = one_line(finding.message)
    text = "\n".join(part for part in (where, message, finding.hint and one_line(finding.hint)) if part)
    if finding.severity == "error":
        return Case(name, "failure", message, finding.rule, text)
    return Case(name, said=f"{finding.severity}: {text}")
