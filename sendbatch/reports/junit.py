"""The record as JUnit XML, which CI systems show as tests: one suite for the campaign, in which whoever needs
attention is a failure (refused, left out) or an error (not built, in doubt).

By the schema that Jenkins has published, and that GitLab and others read. Bounded: those who have the mail
are one test together, and where many have not, those with one reason are one together.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TextIO
from xml.etree import ElementTree as ET

from sendbatch.errors import one_line
from sendbatch.ledger.facts import ReportRow
from sendbatch.ledger.store import Reading
from sendbatch.reasons import reason
from sendbatch.reports.report import Report
from sendbatch.reports.tally import NEEDS_ATTENTION, Attention, Tally, take
from sendbatch.reports.text import GLOSSES
from sendbatch.smtp.advice import advice
from sendbatch.values import Status
from sendbatch.words import count, word

MOST_ALONE = 200  # recipients with a test of their own
MOST_GROUPS = 100
MOST_DATA = 500  # characters of what others wrote
ERRORS = (Status.FAILED, Status.IN_DOUBT)  # others are failures


class _Case(NamedTuple):
    """`status` None: it has passed; PENDING: it is skipped."""

    name: str
    status: Status | None = None
    message: str = ""
    text: str = ""

    @property
    def element(self) -> str | None:
        """What stands in it, by its status."""
        if self.status is None:
            return None
        if self.status is Status.PENDING:
            return "skipped"
        return "error" if self.status in ERRORS else "failure"


def write(report: Report, out: TextIO) -> None:
    """One document. Characters that XML cannot carry are shown as "�"."""
    tally = report.tally if report.live else report.tally.settled
    title = one_line(report.title, MOST_DATA)
    cases = list(_cases(report.reading, tally, live=report.live))
    suites = ET.Element("testsuites", _counted(cases, tally, title))
    timed = {"timestamp": _second(tally.first_attempt_at)} if tally.first_attempt_at is not None else {}
    skipped = {"skipped": str(_number(cases, "skipped"))}
    suite = ET.SubElement(suites, "testsuite", _counted(cases, tally, title) | skipped | timed)
    for case in cases:
        named = {"classname": title, "name": one_line(case.name, MOST_DATA)}
        element = ET.SubElement(suite, "testcase", named)
        if case.element is not None:
            attributes = {"message": one_line(case.message, MOST_DATA)}
            if case.element != "skipped" and case.status is not None:
                attributes["type"] = str(case.status)
            ET.SubElement(element, case.element, attributes).text = case.text or None
    ET.indent(suites)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(ET.tostring(suites, encoding="unicode") + "\n")


def _counted(cases: list[_Case], tally: Tally, title: str) -> dict[str, str]:
    return {
        "name": title,
        "tests": str(len(cases)),
        "failures": str(_number(cases, "failure")),
        "errors": str(_number(cases, "error")),
        "time": f"{tally.seconds or 0.0:.3f}",
    }


def _number(cases: list[_Case], element: str) -> int:
    return sum(case.element == element for case in cases)


def _cases(store: Reading, tally: Tally, *, live: bool) -> Iterator[_Case]:
    """Where nobody is sending, whoever a run that died left *sending* is in doubt."""
    sought = NEEDS_ATTENTION if live else (*NEEDS_ATTENTION, Status.SENDING)
    if accepted := tally.totals.get(Status.ACCEPTED, 0):
        yield _Case(f"{count(accepted, 'recipient')} accepted")
    if tally.needing_attention <= MOST_ALONE:
        yield from map(_of_one, store.report_rows(sought))
    else:
        groups = take(store, MOST_GROUPS, live=live).attention
        yield from map(_of_many, groups)
        if left := tally.needing_attention - sum(one.found.number for one in groups):
            yield _Case(f"{count(left, 'recipient')} more", Status.REJECTED, "report.csv has them")
    if sending := tally.totals.get(Status.SENDING, 0):
        said = GLOSSES[Status.SENDING]
        yield _Case(f"{count(sending, 'recipient')} {said}", Status.PENDING, said)
    if pending := tally.totals.get(Status.PENDING, 0):
        yield _Case(f"{count(pending, 'recipient')} not tried yet", Status.PENDING, "not tried yet")


def _of_one(told: ReportRow) -> _Case:
    row, key, email, status, code, enhanced, reply, *_, why, detail = told
    stands = Status.IN_DOUBT if status == Status.SENDING else Status(status)
    said = " ".join(str(part) for part in (code, enhanced, reply) if part)
    words = " · ".join(part for part in (said, reason(why, detail, code)) if part) or word(stands)
    return _Case(f"row {row}: {email or key or '(no address)'}", stands, words, _meant(code, enhanced, reply))


def _of_many(one: Attention) -> _Case:
    found = one.found
    rows = ", ".join(str(row) for row, _ in found.rows) + (", …" if found.number > len(found.rows) else "")
    who = one_line(found.rows[0][1], MOST_DATA)
    name = f"{count(found.number, 'recipient')} {word(one.status)}: {found.words}"
    return _Case(name, one.status, found.words, f"rows {rows}; the first is {who}")


def _meant(code: int | None, enhanced: str | None, reply: str | None) -> str:
    if code is None or code < 400:
        return ""
    meant = advice(code, enhanced, reply or "")
    return f"{meant.means} {meant.do}"


def _second(at: float) -> str:
    """As the schema has it: UTC, without saying so."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"
