"""The end of a run: its report, written and told. Where several runners send one run, whoever leaves first
tells that the others go on, and the last one how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sendbatch.errors import LedgerError, Place, shell_line, shown
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.facts import Runner
from sendbatch.ledger.states import sendable
from sendbatch.ledger.store import Backlog, Reading, Record
from sendbatch.reports.encryption import Encryption
from sendbatch.reports.files import write_files
from sendbatch.reports.report import Report, ThisRun
from sendbatch.reports.tally import Without, without_mail
from sendbatch.session.job import Job
from sendbatch.session.record import places_in, report_of, told_here
from sendbatch.values import Status


class Begun(NamedTuple):
    """When the sending began, and how many had been accepted by then."""

    at: float
    accepted: int

    def until(self, totals: Mapping[Status, int]) -> ThisRun:
        return ThisRun(self.at, totals.get(Status.ACCEPTED, 0) - self.accepted)


class ToldAtEnd(NamedTuple):
    """The report, and why it could not be written, if it could not; `totals` of the call, the first rows that
    need attention, and the runners that go on. `young_until`: an answer to somebody in doubt may still come
    until then. `again`: all others ended while it was written first."""

    report: Report
    unwritten: tuple[Finding, ...]
    totals: Mapping[Status, int]
    without: tuple[Without, ...]
    beside: tuple[Runner, ...]
    young_until: float | None
    again: bool = False


def told_at_end(
    job: Job, record: Record, backlog: Backlog, begun: Begun, encryption: Encryption | None
) -> ToldAtEnd:
    """Written once more where the others have ended meanwhile: each of them leaves its report where it is,
    and none may be left that says the run goes on."""
    told = _told(job, record, backlog, begun, encryption)
    if told.beside and record.beside() is None:
        return _told(job, record, backlog, begun, encryption)._replace(again=True)
    return told


def _told(
    job: Job, record: Record, backlog: Backlog, begun: Begun, encryption: Encryption | None
) -> ToldAtEnd:
    beside = record.beside()
    totals = backlog.totals()
    if not (sendable(totals) or totals.get(Status.SENDING)):
        beside = None  # they end as well: nobody is left
    reading = record.reading if beside is None else beside.reading
    report, unwritten = reported(
        job, reading, begun.until(totals), encryption, live=beside is not None
    )
    without = without_mail(reading, report.tally.totals)
    others = () if beside is None else tuple(beside.runners())
    young = record.young_doubts() if totals.get(Status.IN_DOUBT) else None
    return ToldAtEnd(
        report, unwritten, totals, without, others, None if young is None else young[1]
    )


def reported(
    job: Job,
    reading: Reading,
    this_run: ThisRun,
    encryption: Encryption | None,
    *,
    live: bool = False,
) -> tuple[Report, tuple[Finding, ...]]:
    """The report, and why it could not be written, if it could not: what was sent was sent all the same.
    `live`: others go on with the run."""
    report = report_of(job.campaign, job.record, reading, live=live, at=job.now())
    report = replace(report, run=this_run)
    wrong: tuple[Finding, ...] = ()
    failed: set[str] = set()
    try:
        write_files(report, job.record.path, encryption)
    except LedgerError as unwritten:
        wrong = unwritten.findings
        failed = {one.place.file for one in wrong if one.place is not None}
        if job.record.database is not None:
            wrong = (_nowhere(job, report, wrong),)
    told, places = told_here(report, job.campaign, job.record), places_in(job.record)
    there = {what: where for what, where in places.items() if where not in failed}
    return replace(told, places=there), wrong


def _nowhere(job: Job, report: Report, wrong: Sequence[Finding]) -> Finding:
    """Whose record is in a database needs no disk: said once."""
    line = f"{report.commands['report']} {shell_line('--format', 'html')} > report.html"
    return Rule.UNWRITABLE_FILE.finding(
        f"no report is written here: {wrong[0].message.partition(': ')[2]}",
        Place(shown(job.record.path)),
        f"the record in the database has all of it; wherever there is room, this writes it:\n  {line}",
    )
