"""The verbs of sendbatch for Python: load a campaign, plan it, run it, read its report.

Each verb is synchronous, installs no signal handler and takes a `stop` object; each result has the
exit code that the command line ends with. Whatever a user can do wrong is a `SendbatchError`.

    campaign = sendbatch.load("spring.yaml")
    result = sendbatch.run(campaign, yes=True)
    print(result.exit_code, result.totals)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, Unpack

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.profiles import load_profile
from sendbatch.campaign.secrets import Commands, read_credentials
from sendbatch.errors import CampaignError, LedgerError, one_line, shown
from sendbatch.findings import Finding
from sendbatch.ledger.facts import Plan
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import has_record, open_record, read_record
from sendbatch.ledger.states import SENDABLE
from sendbatch.ledger.store import Draft, Reading, Record
from sendbatch.limits.account import Allowance
from sendbatch.planning.options import Options, all_spellings
from sendbatch.planning.preparing import Prepared
from sendbatch.reports.files import write_files
from sendbatch.reports.formats import FORMATS, TABLE
from sendbatch.reports.report import Report
from sendbatch.reports.tally import exit_code, take
from sendbatch.reports.text import summary
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.loop import Loop, own_loop, unless_stopped
from sendbatch.runtime.stop import Stop
from sendbatch.session.job import Around, Job, folder_of, job_of
from sendbatch.session.overview import Question, Seen
from sendbatch.session.run import OUTBOX, look
from sendbatch.session.run import run as run_job
from sendbatch.session.showing import approved, confirming, rehearsed, seen
from sendbatch.smtp.server import server_of
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.preview.gallery import Entry
    from sendbatch.preview.page import Made
    from sendbatch.session.proof import Proofed
    from sendbatch.smtp.probe import Step

# What one verb alone needs is imported there: a run begins that much sooner.

GALLERY = "preview"
GALLERY_SIZE = 10


def load(
    file: str | os.PathLike[str],
    *,
    run: str | None = None,
    settings: Mapping[str, str] | None = None,
    smtp: str | None = None,
    rate: str | None = None,
    expect: str | None = None,
    tolerate: str | None = None,
) -> Campaign:
    """Read a campaign file and the profile it names.

    The other arguments stand for the options of the same names: `run` is the edition ("" for the
    one without a name), `settings` are variables as --set gives them. Raises CampaignError or
    ProfileError with all that is wrong.
    """
    return load_campaign(
        Path(file),
        run=run,
        settings=settings or {},
        smtp=smtp,
        rate=rate,
        expect=expect,
        tolerate=tolerate,
    )


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


@own_loop
def run(
    campaign: Campaign,
    *,
    options: Options | None = None,
    yes: bool = False,
    ask: Callable[[Question], bool] | None = None,
    **around: Unpack[Around],
) -> RunResult:
    """Plan, ask where somebody is there to be asked, send, and write the report.

    Through a profile that delivers it needs `yes`, an approved plan in `options`, or `ask`, which
    gets a Question and says whether to go on. Raises a SendbatchError where nothing was sent.
    """
    job = job_of(campaign, options, **around)

    def reported(record: Record) -> tuple[Report, tuple[Finding, ...]]:
        report = _report(job.record, campaign, record.reading)
        if _drop_old_gallery(job, record.reading):
            job.observer.notice(
                "the gallery was of another text or list than this run: it is removed"
            )
        try:
            write_files(report, job.record.path)
        except LedgerError as unwritten:  # what was sent was sent all the same
            return report, unwritten.findings
        return report, ()

    ran, (report, unwritten) = run_job(job, confirming(job, yes=yes, ask=ask), reported)
    ending = ran.ending
    code = exit_code(ran.totals, campaign.tolerate)
    early = ending is not None and ending.early
    return RunResult(
        exit_code=3 if early else code,
        totals=ran.totals,
        left_over=ran.left_over,
        sent=ending is not None,
        reason=ending.reason if early and ending else "",
        retry_at=ending.not_due if ending else None,
        summary=summary(report),
        folder=job.record.path,
        report=job.record.path / TABLE,
        unwritten=unwritten,
        unbuildable=ending.unbuildable if ending else False,
    )


@own_loop
def plan(
    campaign: Campaign,
    *,
    options: Options | None = None,
    out: Path | None = None,
    **around: Unpack[Around],
) -> Seen:
    """What a run would do now; the record is left as it was.

    With `out`, the plan is written there for a later run to be held to. Raises GuardError where
    `expect` or --strict refuses, CampaignError, AudienceError.
    """
    job = job_of(campaign, options, **around)
    return look(
        job,
        lambda draft, prepared, allowance: seen(
            job,
            prepared,
            allowance,
            digest=approved(job, draft, prepared, out) if out is not None else None,
        ),
    )


@own_loop
def check(
    campaign: Campaign,
    *,
    options: Options | None = None,
    **around: Unpack[Around],
) -> Seen:
    """As `plan`, and every recipient's message is built; those that cannot be are in the result."""
    job = job_of(campaign, options, **around)
    return look(
        job, lambda draft, prepared, allowance: rehearsed(job, draft, prepared, allowance)[0]
    )


@own_loop
def dry_run(
    campaign: Campaign,
    *,
    options: Options | None = None,
    **around: Unpack[Around],
) -> tuple[Seen, Path | None]:
    """As `check`, and the first ten messages are written as .eml files with a page to look at; none where the
    folder cannot be written, which the observer is told."""
    job = job_of(campaign, options, **around)

    def see(draft: Draft, prepared: Prepared, allowance: Allowance) -> tuple[Seen, Path | None]:
        view, messages = rehearsed(job, draft, prepared, allowance, wanted=GALLERY_SIZE)
        try:
            made = _made(job, draft.people.plan(), prepared.content.digest)
            return view, _gallery(job, messages, made)
        except LedgerError as unwritable:
            (found,) = unwritable.findings
            where = f"{found.place.file}: " if found.place is not None else ""
            job.observer.notice(f"the first messages are not written: {where}{found.message}")
            return view, None

    return look(job, see)


def outbox(campaign: Campaign, *, record: Path | None = None) -> Path | None:
    """The folder in which the built-in sandbox kept this campaign's mails, if it kept any."""
    folder = folder_of(campaign, record).path / OUTBOX
    return folder if campaign.profile.name == "sandbox" and folder.is_dir() else None


def _gallery(job: Job, messages: Sequence[Entry], made: Made) -> Path:
    from sendbatch.preview.gallery import write_gallery

    campaign = job.campaign
    job.record.make()
    title = f"{campaign.name} ({campaign.run})" if campaign.run else campaign.name
    return write_gallery(job.record.path / GALLERY, messages, title, made)


def _drop_old_gallery(job: Job, reading: Reading) -> bool:
    """Whether there was a gallery of another text or list than that of the record by now."""
    folder = job.record.path / GALLERY
    if not folder.is_dir():
        return False
    from sendbatch.preview.gallery import drop_unless_of

    return drop_unless_of(folder, _made(job, reading.plan(), reading.meta("content") or ""))


def _made(job: Job, plan: Plan | None, content: str) -> Made:
    """What a gallery is of."""
    from sendbatch.preview.page import Made

    return Made(job.edge.clock.wall(), content, plan.inputs if plan is not None else "")


@own_loop
def proof(
    campaign: Campaign,
    *,
    to: Sequence[str],
    count: int = 3,
    recipient: str | None = None,
    options: Options | None = None,
    **around: Unpack[Around],
) -> list[Proofed]:
    """Mail the first `count` recipients' messages, or that of `recipient`, to each of `to`."""
    from sendbatch.session.proof import send_proofs

    job = job_of(campaign, options, **around)
    return send_proofs(job, to, wanted=count, key=recipient)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a campaign stands. `under_way` says that a process is sending it now; `doubt` why the record
    may know less than was sent, if it may."""

    exit_code: int
    totals: Mapping[Status, int]
    under_way: bool
    summary: str
    folder: Path
    doubt: str | None = None


def status(campaign: Campaign, *, record: Path | None = None) -> Standing:
    """Where a run stands, while it runs or afterwards. Raises LedgerError without a record."""
    folder = folder_of(campaign, record)
    _recorded(folder)
    with read_record(folder.path) as found:
        under_way = found.under_way
        report = _report(folder, campaign, found.reading, live=under_way)
        doubt = found.doubt()
    return Standing(
        exit_code(report.tally.totals, campaign.tolerate),
        report.tally.totals,
        under_way,
        summary(report),
        folder.path,
        str(doubt) if doubt is not None and campaign.profile.delivers else None,
    )


def report(campaign: Campaign, form: str, out: TextIO, *, record: Path | None = None) -> int:
    """Write the record as "text", "csv" or "json" to `out`; returns the exit code of `status`.

    Raises CampaignError for another format.
    """
    if form not in FORMATS:
        raise CampaignError(f"no such format: {form}", hint=f"there are {', '.join(FORMATS)}")
    folder = folder_of(campaign, record)
    _recorded(folder)
    with read_record(folder.path) as found:
        report = _report(folder, campaign, found.reading, live=found.under_way)
        FORMATS[form].write(report, out)
    return exit_code(report.tally.totals, campaign.tolerate)


def resolve(
    campaign: Campaign,
    keys: Sequence[str],
    to: Status,
    *,
    record: Path | None = None,
    edge: Edge | None = None,
) -> None:
    """Settle recipients in doubt, or deferred by 5xx, by hand: as ACCEPTED, PENDING or REJECTED; the record
    says so.

    Raises CampaignError where one is neither (then none is changed), LockedError while a run is under way.
    """
    edge = edge or Edge()
    folder = folder_of(campaign, record)
    _recorded(folder)
    now = edge.clock.wall()
    without_log = not campaign.profile.delivers
    with open_record(
        folder.path, since="a moment ago", holder=edge.holder, without_log=without_log
    ) as opened:
        opened.recover(now)
        wrong = opened.resolve(all_spellings(keys) or [], to, now)
        if wrong:
            raise CampaignError(
                f"neither in doubt nor deferred by a 5xx: {', '.join(wrong)}; nothing was changed",
                hint="sendbatch status lists who is",
            )
        write_files(_report(folder, campaign, opened.reading), folder.path)


@own_loop
def probe(
    profile: str,
    *,
    folder: Path | None = None,
    told: Callable[[Step], None] = lambda step: None,
    stop: Stop | None = None,
    edge: Edge | None = None,
) -> bool:
    """Connect, secure, log in, and tell each step; sends nothing. Returns whether all went well.

    `folder` is where profiles.yaml is looked for, upward from there. Raises Interrupted once `stop` is asked.
    """
    from sendbatch.smtp.probe import probe as probe_server

    edge = edge or Edge()
    found = load_profile(profile, start=folder or Path.cwd())
    if found.name == "sandbox":
        raise CampaignError("the sandbox runs inside a run: there is nothing to probe")

    async def steps(commands: Commands) -> bool:
        well = True
        async for step in probe_server(
            server_of(found), lambda: read_credentials(found, edge.environ, commands=commands)
        ):
            told(step)
            well = well and step.ok
        return well

    with Loop() as loop, Commands() as commands:
        return loop.run(unless_stopped(steps(commands), stop or Stop()))


def schema(*, profiles: bool = False) -> dict[str, object]:
    """The JSON Schema of the campaign file, or of profiles.yaml."""
    from sendbatch.campaign.keys import CampaignKeys, ProfilesKeys
    from sendbatch.campaign.schema import schema_of

    if profiles:
        return schema_of(ProfilesKeys, "The SMTP profiles of sendbatch")
    return schema_of(CampaignKeys, "A sendbatch campaign")


def init(folder: Path) -> list[Path]:
    """Write a campaign that runs at once; returns the files. Raises CampaignError if one is there."""
    from sendbatch.campaign.starter import write_starter

    return write_starter(folder)


def _recorded(folder: RecordFolder) -> None:
    folder.refuse_links()
    if (gone := folder.lost()) is not None:
        raise gone
    if has_record(folder.path):
        return
    others = [one_line(edition, 80) or "(without a name)" for edition in folder.editions()]
    raise LedgerError(
        f"{shown(folder.path)}: there is no record here; nothing was sent yet",
        hint=f"there are records of: {', '.join(others)} (--run)" if others else None,
    )


def _report(
    folder: RecordFolder, campaign: Campaign, reading: Reading, *, live: bool = False
) -> Report:
    places = {"report": shown(folder.path / TABLE)}
    if (folder.path / OUTBOX).is_dir():
        places["mails"] = shown(folder.path / OUTBOX)
    tally = take(reading, live=live)
    return Report(reading, tally, campaign.name, campaign.run, places)
