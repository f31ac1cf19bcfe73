"""The record as JUnit XML, which CI systems show as tests: one suite for the campaign, in which whoever needs
attention is a failure (refused, left out) or an error (not built, in doubt).

Bounded: those who have the mail are one test together, and where many have not, those with one reason are one
together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from sendbatch.errors import one_line
from sendbatch.ledger.facts import ReportRow
from sendbatch.ledger.store import Reading
from sendbatch.reasons import reason
from sendbatch.reports.report import Report
from sendbatch.reports.suites import MOST_DATA, Case, Suite, write_suites
from sendbatch.reports.tally import NEEDS_ATTENTION, Attention, Tally, take
from sendbatch.reports.text import GLOSSES
from sendbatch.smtp.advice import advice
from sendbatch.values import Status
from sendbatch.words import count, word

MOST_ALONE = 200  # recipients with a test of their own
MOST_GROUPS = 100
_ADDRESS = re.compile(r"\S+@\S+")  # of whom a test is about
ERRORS = (Status.FAILED, Status.IN_DOUBT)  # others are failures


def write(report: Report, out: TextIO) -> None:
    """One document, of one suite."""
    tally = report.tally if report.live else report.tally.settled
    cases = [_shown(case, report) for case in _cases(report.reading, tally, live=report.live)]
    title = report.shown(report.title)
    write_suites(title, [Suite(title, cases, tally.seconds or 0.0, tally.first_attempt_at)], out)


def _shown(case: Case, report: Report) -> Case:
    """Masked where that is asked for: before anything of it is cut, or escaped for XML."""
    whose = _ADDRESS.findall(f"{case.name} {case.text}")
    name, message, text = (
        report.shown(part, *whose) for part in (case.name, case.message, case.text)
    )
    return case._replace(name=name, message=message, text=text)


def _unmet(name: str, status: Status, message: str, text: str = "") -> Case:
    """A test that has failed, by what became of the recipient."""
    return Case(name, "error" if status in ERRORS else "failure", message, str(status), text)


def _cases(store: Reading, tally: Tally, *, live: bool) -> Iterator[Case]:
    """Where nobody is sending, whoever a run that died left *sending* is in doubt."""
    sought = NEEDS_ATTENTION if live else (*NEEDS_ATTENTION, Status.SENDING)
    if accepted := tally.totals.get(Status.ACCEPTED, 0):
        yield Case(f"{count(accepted, 'recipient')} accepted")
    if tally.needing_attention <= MOST_ALONE:
        yield from map(_of_one, store.report_rows(sought))
    else:
        groups = take(store, MOST_GROUPS, live=live).attention
        yield from map(_of_many, groups)
        if left := tally.needing_attention - sum(one.found.number for one in groups):
            yield _unmet(f"{count(left, 'recipient')} more", Status.REJECTED, "report.csv has them")
    if sending := tally.totals.get(Status.SENDING, 0):
        said = GLOSSES[Status.SENDING]
        yield Case(f"{count(sending, 'recipient')} {said}", "skipped", said)
    if pending := tally.totals.get(Status.PENDING, 0):
        yield Case(f"{count(pending, 'recipient')} not tried yet", "skipped", "not tried yet")


def _of_one(told: ReportRow) -> Case:
    row, key, email, status, code, enhanced, reply, *_, why, detail = told
    stands = Status.IN_DOUBT if status == Status.SENDING else Status(status)
    said = " ".join(str(part) for part in (code, enhanced, reply) if part)
    words = " · ".join(part for part in (said, reason(why, detail, code)) if part) or word(stands)
    name = f"row {row}: {email or key or '(no address)'}"
    return _unmet(name, stands, words, _meant(code, enhanced, reply))


def _of_many(one: Attention) -> Case:
    found = one.found
    rows = ", ".join(str(row) for row, _ in found.rows) + (", …" if found.number > len(found.rows) else "")
    who = one_line(found.rows[0][1], MOST_DATA)
    name = f"{count(found.number, 'recipient')} {word(one.status)}: {found.words}"
    return _unmet(name, one.status, found.words, f"rows {rows}; the first is {who}")


def _meant(code: int | None, enhanced: str | None, reply: str | None) -> str:
    if code is None or code < 400:
        return ""
    meant = advice(code, enhanced, reply or "")
    return f"{meant.means} {meant.do}"
