"""A run from end to end: lock, plan, guards, first login, question, sending, report.

The plan, the guards and the question stand in one transaction on the record: whatever is refused
or declined leaves it as it was, and the first connection has logged in before anyone is asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sendbatch.delivery.engine import Ending
from sendbatch.errors import CampaignError, LedgerError, Place, shown
from sendbatch.findings import Finding, Rule
from sendbatch.ledger.lock import hold
from sendbatch.ledger.sqlite import Ledger, open_ledger
from sendbatch.ledger.states import SENDABLE
from sendbatch.limits.account import Allowance, allowance_of
from sendbatch.planning.plan import oversized
from sendbatch.planning.preparing import Prepared, Preparing, prepare
from sendbatch.rendering.workers import cores
from sendbatch.reports.files import write_files
from sendbatch.reports.formats import TABLE
from sendbatch.reports.report import Report
from sendbatch.reports.tally import exit_code
from sendbatch.reports.text import summary
from sendbatch.runtime.descriptors import enough_files
from sendbatch.session import gallery
from sendbatch.session.job import Job
from sendbatch.session.preparation import content_of, hold_edition, preparing_of, workers_of
from sendbatch.session.question import Consent
from sendbatch.session.record import report_of
from sendbatch.session.rehearsal import build
from sendbatch.session.sending import sending_of
from sendbatch.values import Status


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. `totals` are the recipients this call was about, by status; `reason` says
    why it stopped early, if it did; `sent` whether there was anything to send at all; `unwritten` why
    the report could not be written; `unbuildable` that so many messages could not be built that going on is
    of no use before that is mended."""

    exit_code: int
    totals: Mapping[Status, int]
    left_over: int
    sent: bool
    reason: str
    retry_at: float | None
    summary: str
    folder: Path
    report: Path
    unwritten: tuple[Finding, ...] = ()
    unbuildable: bool = False

    @property
    def unfinished(self) -> int:
        """How many of those this call was about may still be sent."""
        return sum(self.totals.get(status, 0) for status in SENDABLE)


def run(job: Job, consent: Consent) -> RunResult:
    """Send what the campaign asks for, and write the report.

    Raises a SendbatchError where nothing was sent, RecordStopped where the disk gave out.
    """
    hold_edition(job)
    enough_files(job.profile.connections, cores())
    with workers_of(job) as workers:
        allowance = allowance_of(job.campaign, job.edge)
        content = content_of(job)
        job.record.begin()
        with _held_record(job) as ledger:
            preparing = preparing_of(job, allowance, content, workers)
            ending = _sent(job, ledger, preparing, allowance, consent)
            totals, left_over = ledger.sending.totals(), ledger.sending.left_over()
            with ledger.transaction():
                ledger.sending.put_back()
            ledger.confirm()  # else what is told would be written over another's
            report, unwritten = _reported(job, ledger)
    return _result(job, ending, totals, left_over, report, unwritten)


@contextlib.contextmanager
def _held_record(job: Job) -> Iterator[Ledger]:
    """The record, in this run's hand; whoever a run that died has left *sending* is in doubt."""
    # Whose mail is kept anyway needs no doubt.
    without_log = job.options.without_log or not job.profile.delivers
    now = job.now()
    since = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC"
    with (
        hold(job.record.path, since=since, holder=job.edge.holder) as held,
        open_ledger(job.record.path, held, without_log=without_log) as ledger,
    ):
        crashed = ledger.sending.recover(now)
        if crashed:
            job.observer.notice(
                f"the last run ended in the middle: {crashed} whose message may have arrived are in doubt"
            )
        yield ledger


def _sent(
    job: Job, ledger: Ledger, preparing: Preparing, allowance: Allowance, consent: Consent
) -> Ending | None:
    """None where there was nothing to send."""
    with sending_of(job, allowance) as sending:
        with ledger.transaction():
            with ledger.heeding(job.stop.heed):
                prepared = prepare(ledger, preparing)
            if prepared.sendable:
                sending.connect()
                _hold_to_size(job, prepared, sending.size_limit)
            sending.was_asked = consent.sought(job, prepared, allowance)
            if prepared.sendable:
                ledger.begin_sending(job.now())
        if not prepared.sendable:
            return None
        ledger.checkpoint()  # a copy of the file alone has the plan, and shows that it is no more
        return sending.deliver(ledger, prepared, preparing.keys)


def _hold_to_size(job: Job, prepared: Prepared, limit: int | None) -> None:
    """Raises CampaignError where a plan just made has messages that the server, as it now says, does not
    take; found later, such a row fails by itself."""
    if prepared.planned is None or limit is None:
        return
    file = job.campaign.recipients.file
    findings = oversized(Rule.MESSAGE_TOO_LARGE, prepared.planned.large, limit, file)
    alone = {line for line, _, fails in prepared.planned.large if fails}
    first = [one for one in prepared.samples if one.row not in alone][:1]
    for recipient, message in build(prepared.pool, first, job.now(), job.stop):
        if not findings and len(message.data) > limit:
            said = f"the message has {len(message.data):,} bytes; the server takes {limit:,}"
            findings = [Rule.MESSAGE_TOO_LARGE.finding(said, Place(shown(file), recipient.row))]
    if findings:
        raise CampaignError(findings)


def _reported(job: Job, ledger: Ledger) -> tuple[Report, tuple[Finding, ...]]:
    """The report, and why it could not be written, if it could not: what was sent was sent all the same."""
    report = report_of(job.campaign, job.record, ledger)
    gallery.drop_outdated(job, ledger)
    try:
        write_files(report, job.record.path)
    except LedgerError as unwritten:
        return report, unwritten.findings
    return report, ()


def _result(
    job: Job,
    ending: Ending | None,
    totals: Mapping[Status, int],
    left_over: int,
    report: Report,
    unwritten: tuple[Finding, ...],
) -> RunResult:
    early = ending is not None and ending.early
    return RunResult(
        exit_code=3 if early else exit_code(totals, job.campaign.tolerate),
        totals=totals,
        left_over=left_over,
        sent=ending is not None,
        reason=ending.reason if early and ending else "",
        retry_at=ending.not_due if ending else None,
        summary=summary(report),
        folder=job.record.path,
        report=job.record.path / TABLE,
        unwritten=unwritten,
        unbuildable=ending.unbuildable if ending else False,
    )
