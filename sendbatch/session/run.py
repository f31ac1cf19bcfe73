"""A run from end to end: lock, plan, guards, first login, question, sending, report.

The plan is a draft until the guards have passed, the first connection has logged in and a person has
answered: whatever is refused or declined leaves the record as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sendbatch.delivery.engine import Ending
from sendbatch.errors import (
    AnotherRun,
    CampaignError,
    Place,
    RecordStopped,
    one_line,
    shell_line,
    shown,
)
from sendbatch.findings import Finding, Rule
from sendbatch.ledger import approvals, letters
from sendbatch.ledger.ending import ENDED
from sendbatch.ledger.facts import Joined, Runner
from sendbatch.ledger.records import open_record
from sendbatch.ledger.states import sendable
from sendbatch.ledger.store import Backlog, Draft, Reading, Record
from sendbatch.limits.account import Allowance, allowance_of
from sendbatch.planning.attachments import oversized
from sendbatch.planning.preparing import Prepared, prepare
from sendbatch.planning.request import Means, Request
from sendbatch.planning.terms import terms_of
from sendbatch.rendering.workers import cores
from sendbatch.reports.encryption import Encryption, encryption_of
from sendbatch.reports.files import drop_outdated
from sendbatch.reports.formats import TABLE
from sendbatch.reports.report import ThisRun
from sendbatch.reports.tally import Without, exit_code
from sendbatch.reports.text import summary
from sendbatch.runtime.clock import Onward
from sendbatch.runtime.descriptors import enough_files
from sendbatch.runtime.notebook import Shown, Told, by_status
from sendbatch.runtime.observer import Observer
from sendbatch.session import gallery
from sendbatch.session.began import BEGAN, asked
from sendbatch.session.elsewhere import refusal
from sendbatch.session.ending import Begun, ToldAtEnd, reported, told_at_end
from sendbatch.session.job import Job
from sendbatch.session.joining import hold_list, hold_shared, prepared_by, too_late
from sendbatch.session.notifying import telling_others
from sendbatch.session.now import telling
from sendbatch.session.preparation import (
    content_of,
    held_of,
    hold_edition,
    means_of,
    request_of,
    signer_of,
    workers_of,
)
from sendbatch.session.question import Consent
from sendbatch.session.rehearsal import samples
from sendbatch.session.sending import sending_of
from sendbatch.session.sharing import by_its_clock, sending_allowance
from sendbatch.session.signing import keys_of
from sendbatch.session.used_before import count_used_before
from sendbatch.values import Status
from sendbatch.words import clock_time, count


@dataclass(frozen=True, slots=True, repr=False)
class RunResult(Shown):
    """How a run ended. `totals` are the recipients this call was about, by status, once those that were to be
    sent to for this run only are as before; `unfinished` is how many of them the same call may still send to;
    `reason` says why it stopped early, if it did, and what of that is `quoted` from cells or a server; `sent`
    whether there was anything to send at all, and `accepted` how many messages the server took in this run;
    `unwritten` why the report could not be written; `unbuildable` that so many messages could not be built
    that going on is of no use before that is mended; `until` when going on is worth it after an early stop,
    where that is known; `without` the first rows of the record that need attention, if any; `beside` are the
    runners that go on with the run, where several send it and this one is not the last to end; until
    `young_until` an answer to somebody in doubt may still come, and --in-doubt resend leaves them alone."""

    exit_code: int
    totals: Mapping[Status, int]
    unfinished: int
    left_over: int
    sent: bool
    accepted: int
    reason: str
    retry_at: float | None
    summary: str
    folder: Path
    report: Path
    unwritten: tuple[Finding, ...] = ()
    unbuildable: bool = False
    until: float | None = None
    without: tuple[Without, ...] = ()
    quoted: str = ""
    beside: tuple[Runner, ...] = ()
    young_until: float | None = None

    def told(self) -> Told:
        facts = {"exit code": str(self.exit_code), "recipients": by_status(self.totals)}
        if self.reason:
            facts["stopped early"] = self.reason
        if self.unfinished:
            facts["unfinished"] = f"{self.unfinished:,}"
        if self.left_over:
            facts["left over by the limit"] = f"{self.left_over:,}"
        if self.beside:
            facts["goes on elsewhere"] = f"by {count(len(self.beside), 'runner')}"
        unwritten = tuple(map(str, self.unwritten))
        return Told(f"run of {self.folder.name}", facts | {"report": shown(self.report)}, unwritten)


def run(job: Job, consent: Consent) -> RunResult:
    """Send what the campaign asks for, write the report, and tell whom it names.

    Raises a SendbatchError where nothing was sent, RecordStopped where the disk gave out.
    """
    with telling_others(job, unattended=consent.ask is None) as notifier:
        result = _ran(notifier.job, consent)
        notifier.ended(result)
    return result


def _ran(job: Job, consent: Consent) -> RunResult:
    hold_shared(job)
    hold_edition(job)
    if (elsewhere := refusal(job)) is not None:
        raise elsewhere
    held = held_of(job)
    encryption = encryption_of(job.edge.environ)  # a key that is none is told of before anything is sent
    enough_files(job.profile.connections, cores())
    with workers_of(job) as workers:
        own = allowance_of(job.campaign, job.edge, looking=job.record.database is not None)
        content = content_of(job)
        job.record.begin()
        with (
            _held_record(job) as record,
            sending_allowance(job, own) as allowance,
            _telling(job) as observer,
        ):
            job = by_its_clock(replace(job, observer=observer), record)
            if job.record.repository is not None:
                count_used_before(record.reading, allowance, job.now())
            request, means = request_of(job, allowance, content, held=held), means_of(job, workers)
            at = job.now()
            try:
                ending, backlog, begun = _sent(job, record, request, means, allowance, consent)
            except AnotherRun:
                _tell_what_no_record_has(job, record.reading, at, encryption)
                raise
            sent_to, left_over = backlog.totals(), backlog.left_over()
            try:
                backlog.end()
            except RecordStopped:  # what is known here is told all the same
                reported(job, record.reading, begun.until(backlog.totals()), encryption)
                raise
            told = told_at_end(job, record, backlog, begun, encryption)
            if ending is not None:
                job.record.note_database(told.report.tally.totals.get(Status.ACCEPTED, 0))
    unfinished = sendable(sent_to) - (_doubtful(told.totals) - _doubtful(sent_to))
    if told.again:  # others have sent to some of them since
        unfinished = min(unfinished, sendable(told.totals))
    return _result(job, ending, told, unfinished, left_over)


def _telling(job: Job) -> AbstractContextManager[Observer]:
    """Who hears of the run. Of one whose record is in a database that record tells, wherever it is asked."""
    if job.record.database is not None:
        return contextlib.nullcontext(job.observer)
    return telling(job.observer, job.record.path, job.edge.clock)


def _tell_what_no_record_has(
    job: Job, reading: Reading, since: float, encryption: Encryption | None
) -> None:
    """Another run holds the record, where whoever this one announced last stays in doubt: what the server
    said of them is known here alone."""
    accepted = reading.accepted_since(since)
    if not accepted:
        return
    report, unwritten = reported(job, reading, ThisRun(since, accepted), encryption)
    said = f"this run sent to {count(accepted, 'recipient')}, of whom the other one may not know"
    if unwritten:
        job.observer.notice(f"{said}: {one_line(str(unwritten[0]), 500)}")
        return
    line = f"{report.commands['run']} {shell_line('--except', shown(job.record.path / TABLE))}"
    job.observer.notice(f"{said}; once that has ended, this takes them as sent to and goes on:\n  {line}")


def _doubtful(totals: Mapping[Status, int]) -> int:
    return totals.get(Status.IN_DOUBT, 0)


@contextlib.contextmanager
def _held_record(job: Job) -> Iterator[Record]:
    """The record, in this run's hand; whoever a run that died has left *sending* is in doubt."""
    # Where no recipient gets mail, none needs a doubt.
    without_log = job.options.without_log or not job.profile.mails_the_list
    now, holder = job.now(), job.edge.holder
    since = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC"
    with open_record(
        job.record,
        since=since,
        holder=holder,
        now=job.now,
        stop=job.stop,
        without_log=without_log,
        join=job.options.join,
    ) as record:
        crashed = record.recover(now)
        if crashed:
            job.observer.notice(
                f"the last run ended in the middle: {crashed} whose message may have arrived are in doubt"
            )
        yield record


def _sent(
    job: Job,
    record: Record,
    request: Request,
    means: Means,
    allowance: Allowance,
    consent: Consent,
) -> tuple[Ending | None, Backlog, Begun]:
    """How it ended, None where there was nothing to send; what is left of it in the record; how it began."""
    if record.joined is not None:
        return _sent_beside(job, record, record.joined, request, means, allowance, consent)
    hold_list(job)
    terms = terms_of(job.campaign, request.content, job.options, request.held)
    with sending_of(job, allowance) as sending:
        with record.draft(job.stop.heed) as draft:
            prepared = prepare(draft, request, means)
            if (late := too_late(job, record.reading)) is not None:
                prepared = replace(prepared, notices=(*prepared.notices, late))
            if job.options.resend_in_doubt and (young := record.young_doubts()) is not None:
                prepared = replace(prepared, notices=(*prepared.notices, _too_young(*young)))
            if prepared.sendable:
                signer, keys = signer_of(job), keys_of(job)
                prepared = replace(prepared, pool=prepared.pool.signing(signer).signed_by(keys))
                sending.connect()
                _hold_to_size(job, prepared, sending.size_limit)
                record.claim(job.now())
            sending.was_asked = consent.sought(job, prepared, allowance)
            if prepared.sendable:
                draft.remember(ENDED, "")  # until this one has
                _remember_letter(draft, prepared)
                approvals.remember(draft, request.held.approved if request.held else (), job.now())
                draft.note(BEGAN, asked(job, prepared.sendable, allowance.rates), job.now())
            drop_outdated(job.record.path)
            gallery.drop_outdated(job, draft.people.plan(), prepared.content.digest)
            draft.terms(terms)
            draft.merge(job.now() if prepared.sendable else None)
        backlog = record.backlog(Onward(job.edge.clock).now)
        begun = Begun(job.now(), prepared.counts.totals.get(Status.ACCEPTED, 0))
        job.record.note_database(begun.accepted)
        if not prepared.sendable:
            return None, backlog, begun
        ending = sending.deliver(record.reading, backlog, prepared, signer, request.keys)
        return ending, backlog, begun


def _sent_beside(
    job: Job,
    record: Record,
    joined: Joined,
    request: Request,
    means: Means,
    allowance: Allowance,
    consent: Consent,
) -> tuple[Ending | None, Backlog, Begun]:
    """As `_sent`, of a run that others are sending too: it is planned."""
    with sending_of(job, allowance) as sending:
        backlog = record.backlog(Onward(job.edge.clock).now)
        sending.began_at = joined.began_at
        prepared = prepared_by(job, joined, record.reading, backlog, request, means)
        signer, keys = signer_of(job), keys_of(job)
        prepared = replace(prepared, pool=prepared.pool.signing(signer).signed_by(keys))
        if prepared.sendable:
            sending.connect()
        sending.was_asked = consent.sought(job, prepared, allowance)
        begun = Begun(job.now(), prepared.counts.totals.get(Status.ACCEPTED, 0))
        job.record.note_database(begun.accepted)
        if not prepared.sendable:
            return None, backlog, begun
        ending = sending.deliver(record.reading, backlog, prepared, signer, request.keys)
        return ending, backlog, begun


def _too_young(many: int, until: float) -> str:
    is_one = many == 1
    return (
        f"{count(many, 'recipient')} in doubt: the server's answer may still come, from a machine that is "
        f"slow or paused, so {'it is' if is_one else 'they are'} not sent to again before {clock_time(until)}"
    )


def _remember_letter(draft: Draft, prepared: Prepared) -> None:
    """For the edition after this one, which is held against it."""
    digest = prepared.content.digest
    if letters.is_kept(draft.reading, digest):
        return
    from sendbatch.message.remembered import (  # the first run of a content needs it
        letter_of,
        packed,
    )

    letters.remember(draft, digest, packed(letter_of(prepared.content, prepared.salt)))


def _hold_to_size(job: Job, prepared: Prepared, limit: int | None) -> None:
    """Raises CampaignError where a plan just made has messages that the server, as it now says, does not
    take; found later, such a row fails by itself."""
    if prepared.planned is None or limit is None:
        return
    file = job.campaign.recipients.shown
    findings = oversized(Rule.MESSAGE_TOO_LARGE, prepared.planned.large, limit, file)
    alone = {line for line, _, fails in prepared.planned.large if fails}
    first = [one for one in prepared.samples if one.row not in alone][:1]
    for recipient, sample in samples(prepared.pool, first, job.now(), job.stop):
        if not findings and sample.size > limit:
            said = f"the message has {sample.size:,} bytes; the server takes {limit:,}"
            findings = [Rule.MESSAGE_TOO_LARGE.finding(said, Place(file, recipient.row))]
    if findings:
        raise CampaignError(findings)


def _result(
    job: Job, ending: Ending | None, told: ToldAtEnd, unfinished: int, left_over: int
) -> RunResult:
    early = ending is not None and ending.early
    report, totals = told.report, told.totals
    return RunResult(
        exit_code=3 if early else exit_code(totals, job.campaign.tolerate),
        totals=totals,
        unfinished=unfinished,
        left_over=left_over,
        sent=ending is not None,
        accepted=report.run.accepted if report.run is not None else 0,
        reason=ending.reason if early and ending else "",
        retry_at=ending.not_due if ending and totals.get(Status.DEFERRED) else None,
        summary=summary(report),
        folder=job.record.path,
        report=job.record.path / TABLE,
        unwritten=told.unwritten,
        unbuildable=ending.unbuildable if ending else False,
        until=ending.until if ending else None,
        without=told.without,
        quoted=ending.quoted if early and ending else "",
        beside=told.beside,
        young_until=told.young_until,
    )
