"""The verbs of sendbatch for Python: load a campaign, plan it, run it, read its report.

Each takes a campaign, or the path of its file; each is synchronous, installs no signal handler and takes a
`stop` object; each result has the exit code that the command line ends with. Whatever a user can do wrong is
a `SendbatchError`.

    result = sendbatch.run("spring.yaml", yes=True)
    print(result.exit_code, result.totals)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Campaign
from sendbatch.campaign.profiles import SANDBOX
from sendbatch.errors import GuardError, SendbatchError, one_line
from sendbatch.ledger.folder import GIT, Recorded
from sendbatch.ledger.postgres.address import hold_folder
from sendbatch.planning.options import Options, retried
from sendbatch.rendering.workers import Workers
from sendbatch.runtime import arguments
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.loop import awaited, own_loop
from sendbatch.runtime.observer import Observer
from sendbatch.runtime.stop import Stop
from sendbatch.session.database import names_database
from sendbatch.session.job import Job, folder_of, job_of
from sendbatch.values import BREAKER, Status

if TYPE_CHECKING:
    from sendbatch.arrival.inspected import Inspected
    from sendbatch.arrival.reading import Arrived
    from sendbatch.audience.given import Frame
    from sendbatch.campaign.pipelines.beginning import Begun
    from sendbatch.reports.history import History
    from sendbatch.reports.traced import Trace
    from sendbatch.session.approving import ApprovedPlan
    from sendbatch.session.forgetting import Forgotten, ToForget
    from sendbatch.session.gallery import Gallery
    from sendbatch.session.live.serve import Live
    from sendbatch.session.moving import Moved
    from sendbatch.session.one import OneMessage
    from sendbatch.session.overview import Overview
    from sendbatch.session.proof import Proofed
    from sendbatch.session.question import Question
    from sendbatch.session.reporting import RecordReport
    from sendbatch.session.run import RunResult
    from sendbatch.session.standing import StatusResult
    from sendbatch.session.stopping import StopResult
    from sendbatch.session.token import Verified
    from sendbatch.smtp.probe import Step

# What one verb alone needs is imported there: `status` does without all that sends, which is a third of
# its time.

FilePath: TypeAlias = str | os.PathLike[str]

_TRUTHS = tuple(one.name for one in fields(Options) if isinstance(one.default, bool))


def load(
    file: FilePath,
    *,
    recipients: Iterable[Mapping[str, Any]] | Frame | None = None,
    run: str | None = None,
    settings: Mapping[str, str] | None = None,
    smtp: str | None = None,
    rate: str | None = None,
    expect: str | None = None,
    tolerate: str | None = None,
    join: bool = False,
) -> Campaign:
    """Read a campaign file and the profile it names; what is given here wins over the file.

    `run` is the edition ("" for the one without a name), `settings` are variables as --set gives them,
    `smtp` is the name of another profile, `rate` ("14/s"), `expect` ("900-1100") and `tolerate` ("1%") are
    written as in the file. With `join`, to be sent by `run(join=True)`, the lists of recipients and of those
    left out need not be on this machine.

    `recipients` are rows in place of the file's recipients.file: mappings of columns to cells, or a DataFrame
    of pandas or polars. They are read once, now, into a private file that lasts as long as the campaign, and
    a row's number is its place among them, from 1. The other keys of `recipients:` hold.

    Raises CampaignError or ProfileError with all that is wrong, AudienceError at a row that is none.
    """

    arguments.texts(run=run, smtp=smtp, rate=rate, expect=expect, tolerate=tolerate)
    arguments.flags(join=join)

    def read(people: Path | None = None) -> Campaign:
        return load_campaign(
            Path(file),
            run=run,
            settings=settings or {},
            smtp=smtp,
            rate=rate,
            expect=expect,
            tolerate=tolerate,
            people=people,
            join=join,
        )

    if recipients is None:
        return read()
    from sendbatch.session.given import with_rows

    return with_rows(recipients, read)


@own_loop
def run(
    campaign: Campaign | FilePath,
    *,
    yes: bool = False,
    ask: Callable[[Question], bool] | None = None,
    only: str | Iterable[str] | None = None,
    except_: FilePath | Iterable[FilePath] = (),
    limit: int | None = None,
    plan: FilePath | None = None,
    approved: bool = False,
    allowed_signers: FilePath | None = None,
    retry: str | Iterable[str] = (),
    in_doubt: Literal["hold", "resend"] = "hold",
    accept_changes: bool = False,
    strict: bool = False,
    no_wait: bool = False,
    stop_after: float | None = None,
    breaker: int = BREAKER,
    join: bool = False,
    first_run: date | None = None,
    without_log: bool = False,
    moved_from: FilePath | None = None,
    options: Options | None = None,
    record: FilePath | None = None,
    observer: Observer | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
    workers: Workers | None = None,
) -> RunResult:
    """Plan, ask where somebody is there to be asked, send, and write the report. Run again, it goes on
    where it stopped and mails nobody twice.

    Through a profile that delivers, one of three says that it may send: `yes=True`; `plan`, the path of a
    plan.json to be held to; or `ask`, which gets a Question and returns whether to go on. `approved` says
    that somebody who is trusted must have approved that plan: by the key in SENDBATCH_APPROVAL_KEY, or by
    an SSH key that `allowed_signers`, the path of a file, gives to their name.

    `only` are keys or addresses, `limit` takes so many of those who can be sent to. `except_` are files, logs
    or exports, that say who has the mail already: they count as accepted from now on. `retry` are also
    "rejected", "failed" or "deferred", with a glob on the reply's code where you like: "rejected:5.4.*".
    `in_doubt="resend"` sends to those in doubt again. `accept_changes` goes on with another text or server,
    `strict` refuses where a row is invalid or a message cannot be built. `no_wait` ends the run where it
    would wait for a quota or a retry, `stop_after` after so many seconds, `breaker` after so many permanent
    refusals in a row. With `join`, over a record in a database, a run that is under way is joined, wherever
    it was begun, and others may join this one. `first_run` is the day (UTC) on which a record may be begun in
    CI, `without_log` goes on though the record's log is lost, `moved_from` says where the campaign file of
    this record was.

    `options` has what is not said by name. `record` is the folder of records, by itself reports/ beside
    the campaign file; or "git"; or the address of a database, which nothing shows with its password.
    `observer` is told what happens, `stop` ends it, `edge` brings clock, chance and environment,
    `workers` build the messages.

    Raises a SendbatchError where nothing was sent: GuardError where nobody said yes or a guard refused,
    CampaignError, AudienceError, ProfileError, LedgerError, LockedError, SmtpError, Interrupted; and
    RecordStopped where the record could not be written any more.
    """
    from sendbatch.session.question import Consent
    from sendbatch.session.run import run as run_job

    if in_doubt not in ("hold", "resend"):
        raise SendbatchError(f"in_doubt={in_doubt!r}: write 'hold' or 'resend'")
    arguments.flags(yes=yes)
    arguments.functions(ask=ask)
    said = Options(
        only=_only(only),
        excepted=_paths(except_),
        limit=limit,
        plan=_path(plan),
        approved=approved,
        allowed_signers=_path(allowed_signers),
        retry=_retry(retry),
        resend_in_doubt=in_doubt == "resend",
        accept_changes=accept_changes,
        strict=strict,
        no_wait=no_wait,
        stop_after=stop_after,
        breaker=breaker,
        join=join,
        first_run=first_run,
        without_log=without_log,
        moved_from=None if moved_from is None else os.fspath(moved_from),
    )
    job = _job(campaign, _options(options, said), record, observer, stop, edge, workers)
    return run_job(job, Consent(yes, ask))


@own_loop
def plan(
    campaign: Campaign | FilePath,
    *,
    only: str | Iterable[str] | None = None,
    limit: int | None = None,
    strict: bool = False,
    accept_changes: bool = False,
    moved_from: FilePath | None = None,
    out: FilePath | None = None,
    options: Options | None = None,
    record: FilePath | None = None,
    observer: Observer | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
    workers: Workers | None = None,
) -> Overview:
    """What a run would do now; the record is left as it was. What may be given is as in `run`.

    With `out`, the plan is written there for a later run to be held to, `accept_changes` also of another text
    or server. Raises GuardError where `expect` or `strict` refuses, or with `out` where that run is sure to
    be refused; CampaignError, AudienceError.
    """
    from sendbatch.session import look

    chosen = _looking(options, only, limit, strict, moved_from, accept_changes=accept_changes)
    return look.plan(_job(campaign, chosen, record, observer, stop, edge, workers), _path(out))


def approve(
    plan: FilePath,
    *,
    by: str,
    ssh_key: FilePath | None = None,
    ask: Callable[[ApprovedPlan], bool] | None = None,
    edge: Edge | None = None,
) -> ApprovedPlan:
    """Sign a plan.json in the name of `by`, for runs with `approved=True`: by an SSH key (`ssh_key` is the
    path of a private key, or of the public one of a key that an agent holds), else by
    SENDBATCH_APPROVAL_KEY in the environment. `ask`, where it is given, gets what is approved, and returns
    whether to go on.

    Raises CampaignError where the file is no plan or was changed, GuardError where the answer is no,
    SendbatchError where there is nothing to sign with, or ssh-keygen does not do it.
    """
    from sendbatch.session.approving import approve as approve_plan

    arguments.texts(by=by)
    arguments.functions(ask=ask)
    return approve_plan(Path(plan), by, ssh_key=_path(ssh_key), ask=ask, edge=edge or Edge())


arun = awaited(run)
aplan = awaited(plan)


@own_loop
def check(
    campaign: Campaign | FilePath,
    *,
    only: str | Iterable[str] | None = None,
    limit: int | None = None,
    strict: bool = False,
    online: bool = False,
    fail_on: str = "error",
    moved_from: FilePath | None = None,
    options: Options | None = None,
    record: FilePath | None = None,
    observer: Observer | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
    workers: Workers | None = None,
) -> Overview:
    """As `plan`, and every recipient's message is built; those that cannot be are in the result. With
    `fail_on="warning"` each warning is an error, and the exit code 2. With `online`, the DNS is asked for
    SPF, DKIM and DMARC of who sends."""
    from sendbatch.session import look

    if fail_on not in ("error", "warning"):
        raise SendbatchError(f"fail_on={fail_on!r}: write 'error' or 'warning'")
    chosen = _looking(options, only, limit, strict, moved_from)
    job = _job(campaign, chosen, record, observer, stop, edge, workers)
    return replace(look.check(job, online=online), fails_on_warnings=fail_on == "warning")


@own_loop
def serve(
    load: Callable[[], Campaign],
    live: Live,
    *,
    port: int = 0,
    recipients: str | Iterable[str] = (),
    most: int | None = None,
    options: Options | None = None,
    record: FilePath | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
    workers: Workers | None = None,
) -> None:
    """The page of `gallery`, served on this machine and shown anew whenever a file of the campaign is saved
    (`preview --serve`), until `stop` is asked. `load` reads the campaign file as it is; `live` is told of
    the page's address, of what was saved and of what is wrong. Port 0 is any that is free.

    Raises SendbatchError where the port is in use, or the extra `preview` is not installed.
    """
    from sendbatch.session.live.serve import serve as serve_page
    from sendbatch.session.showing import Asked

    asked, chosen = Asked(tuple(_words(recipients)), most), options or Options()
    stop, edge = stop or Stop(), edge or Edge()

    def job() -> Job:
        return _job(load(), chosen, record, None, stop, edge, None)

    with nullcontext(workers) if workers is not None else Workers() as some:
        serve_page(job, live, asked, port=port, workers=some, stop=stop, edge=edge)


@own_loop
def dry_run(
    campaign: Campaign | FilePath,
    *,
    only: str | Iterable[str] | None = None,
    limit: int | None = None,
    strict: bool = False,
    moved_from: FilePath | None = None,
    options: Options | None = None,
    record: FilePath | None = None,
    observer: Observer | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
    workers: Workers | None = None,
) -> tuple[Overview, Path | None]:
    """As `check`, and a gallery is written as by `gallery`; None stands for its page where the folder
    cannot be written, which the observer is told."""
    from sendbatch.session import look

    chosen = _looking(options, only, limit, strict, moved_from)
    return look.dry_run(_job(campaign, chosen, record, observer, stop, edge, workers))


def outbox(
    campaign: Campaign | FilePath, *, proofs: bool = False, record: FilePath | None = None
) -> Path | None:
    """The folder in which the built-in sandbox kept this campaign's mails, or its `proofs`, if it did."""
    from sendbatch.session.server import outbox_of

    campaign = _loaded(campaign)
    return outbox_of(folder_of(campaign, _record(record)).path, campaign.profile, proofs=proofs)


@own_loop
def proof(
    campaign: Campaign | FilePath,
    *,
    to: str | Iterable[str],
    count: int = 3,
    recipient: str | None = None,
    inspect: str | None = None,
    moved_from: FilePath | None = None,
    options: Options | None = None,
    record: FilePath | None = None,
    observer: Observer | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
    workers: Workers | None = None,
) -> list[Proofed]:
    """Mail the first `count` recipients' messages, or that of `recipient` (a key or address), to each address
    of `to`. Nothing counts as delivered. `inspect` is the address of the one reviewer's mailbox
    (imaps://user@host/folder; its password is in IMAP_PASSWORD), where the first is waited for, five minutes
    at most, and read as it arrived. Raises as `run` does."""
    from sendbatch.session.proof import send_proofs

    arguments.numbers(count=count)
    arguments.texts(recipient=recipient, inspect=inspect)
    if not (reviewers := _words(to)):
        raise SendbatchError("to= names nobody: give the address of a reviewer, or several")
    chosen = _looking(options, None, None, False, moved_from)
    job = _job(campaign, chosen, record, observer, stop, edge, workers)
    return send_proofs(job, reviewers, wanted=count, key=recipient, inspect=inspect)


def status(campaign: Campaign | FilePath, *, record: FilePath | None = None) -> StatusResult:
    """Where a run stands, while it runs or afterwards, why it stopped, and until when. Raises LedgerError
    without a record."""
    from sendbatch.session import standing

    campaign = _loaded(campaign)
    return standing.status(campaign, folder_of(campaign, _record(record)), Edge())


def stop(
    campaign: Campaign | FilePath,
    *,
    wait: bool = True,
    record: FilePath | None = None,
    told: Callable[[int], None] = lambda asked: None,
    leave: Stop | None = None,
    edge: Edge | None = None,
) -> StopResult:
    """Ask all who send this campaign to end, as by Ctrl-C: wherever they are where the record is in a
    database, else on this machine. With `wait`, until all have ended, or `leave` is asked; `told` hears
    before how many they are. Raises LedgerError where they cannot be asked."""
    from sendbatch.session.stopping import stop_run

    arguments.flags(wait=wait)
    campaign, edge = _loaded(campaign), edge or Edge()
    folder = folder_of(campaign, _record(record), edge.environ)
    return stop_run(campaign, folder, edge, wait=wait, told=told, leave=leave or Stop())


def report(campaign: Campaign | FilePath, *, record: FilePath | None = None) -> RecordReport:
    """What the record tells: totals, a row a recipient, and all that the command writes. Raises LedgerError
    without a record."""
    from sendbatch.session.reporting import report_on

    campaign = _loaded(campaign)
    return report_on(campaign, folder_of(campaign, _record(record)))


def history(campaign: Campaign | FilePath, *, record: FilePath | None = None) -> History:
    """Every edition of the campaign that has a record, and each profile that keeps mail, with its figures.
    Raises LedgerError where the folder of the records cannot be read."""
    from sendbatch.session.history import history_of

    campaign = _loaded(campaign)
    return history_of(campaign, folder_of(campaign, _record(record)))


def trace(
    email: str,
    folder: FilePath | None = None,
    *,
    record: FilePath | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
) -> Trace:
    """What every record that can be seen tells of one person, by address or key, and which suppression lists
    leave them out: below `folder`, else below the root of the repository that this is in, and in `record`, a
    folder of records or a whole database. Takes no lock, and changes nothing; what cannot be read is in the
    trace.

    Raises CampaignError where nobody, or more than one, is named, or there is no such folder.
    """
    from sendbatch.session import tracing

    arguments.texts(email=email)
    place = tracing.where(_path(folder), _record(record))
    return tracing.trace(email, place, edge or Edge(), stop or Stop())


def forget(
    email: str,
    folder: FilePath | None = None,
    *,
    yes: bool = False,
    ask: Callable[[ToForget], bool] | None = None,
    record: FilePath | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
) -> Forgotten:
    """Blank one person, by address or key, in every record that `trace` would look in; a hash of their key
    stays, so that no later run mails them. Files that were made of a record and name them are removed, or
    made anew; all others that do are in the result.

    One of two says that it may be done: `yes=True`, or `ask`, which gets what is to be blanked, and returns
    whether to go on. Raises GuardError where nobody says yes, LockedError while a run has one of the records,
    CampaignError as `trace`; nothing was changed then.
    """
    from sendbatch.session import forgetting, tracing

    arguments.texts(email=email)
    arguments.flags(yes=yes)
    arguments.functions(ask=ask)
    if not yes and ask is None:
        raise GuardError("nobody is here to ask whether this person is to be forgotten", hint="say yes=True")
    place = tracing.where(_path(folder), _record(record))
    return forgetting.forget(email, place, None if yes else ask, edge or Edge(), stop or Stop())


def move_record(
    campaign: Campaign | FilePath,
    place: FilePath,
    *,
    comes: bool = False,
    takes_back: bool = False,
    record: FilePath | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
) -> Moved:
    """Move the campaign's record to `place`, a folder of records or a database; or, where it `comes`, from
    there to where the campaign has its record. What is left says where it went, and refuses. A call that was
    ended in the middle is ended by the same call; `takes_back` undoes one that did not arrive.

    Raises GuardError where a record is there already, or this one goes elsewhere, LockedError while a run has
    it, LedgerError where one of the places cannot be used; nothing was moved then.
    """
    from sendbatch.session.moving import move_record as move

    arguments.flags(comes=comes, takes_back=takes_back)
    other = _record(place)
    campaign, edge, stop = _loaded(campaign), edge or Edge(), stop or Stop()
    return move(campaign, other, _record(record), edge, stop, comes=comes, takes_back=takes_back)


def resolve(
    campaign: Campaign | FilePath,
    keys: str | Iterable[str],
    to: Status | Literal["accepted", "pending", "rejected"],
    *,
    record: FilePath | None = None,
    edge: Edge | None = None,
) -> None:
    """Settle recipients in doubt, or deferred by 5xx, by hand: as accepted, pending or rejected; the record
    says so.

    Raises CampaignError where one is neither (then none is changed), LockedError while a run is under way.
    """
    from sendbatch.session import record as records

    if to not in (Status.ACCEPTED, Status.PENDING, Status.REJECTED):
        raise SendbatchError(f"to={to!r}: write 'accepted', 'pending' or 'rejected'")
    campaign = _loaded(campaign)
    folder = folder_of(campaign, _record(record))
    records.resolve(campaign, folder, _words(keys), Status(to), edge or Edge())


@own_loop
def probe(
    profile: str,
    *,
    folder: FilePath | None = None,
    notify: Campaign | FilePath | None = None,
    sender: Campaign | FilePath | None = None,
    told: Callable[[Step], None] = lambda step: None,
    stop: Stop | None = None,
    edge: Edge | None = None,
) -> bool:
    """Connect, secure, log in, and tell each step; mails nobody. Returns whether all went well.

    `folder` is where profiles.yaml is looked for, upward from there. The webhooks of the campaign `notify`
    and those of the profile are posted a test. Of the campaign `sender`, the DNS is asked for SPF, DKIM and
    DMARC of who sends. Raises Interrupted once `stop` is asked.
    """
    from sendbatch.session.probe import probe as probe_profile

    start, stop, edge = _path(folder) or Path.cwd(), stop or Stop(), edge or Edge()

    def read(one: Campaign | FilePath | None) -> Campaign | None:
        return one if one is None or isinstance(one, Campaign) else load(one, smtp=profile)

    return probe_profile(
        profile, start, told, campaign=read(notify), sender=read(sender), stop=stop, edge=edge
    )


def inspect(mail: FilePath | bytes, *, sent: FilePath | bytes | None = None) -> Inspected:
    """What a mail tells that was saved as it arrived, or of which these are the bytes: whether it is believed
    to be from whom it says, what is signed in it, what a reader meets. With `sent`, the same mail as it left,
    also what was changed on the way. Asks no server. Raises CampaignError where one of them is no mail."""
    from sendbatch.arrival.inspected import inspected
    from sendbatch.arrival.reading import mail_of, read_mail

    def read(one: FilePath | bytes) -> Arrived:
        return mail_of(one, "<mail>") if isinstance(one, bytes) else read_mail(Path(one))

    return inspected(read(mail), None if sent is None else read(sent))


def verify_token(
    url: str, campaign: Campaign | FilePath | None = None, *, edge: Edge | None = None
) -> Verified:
    """Whose link to unsubscribe it is, where a secret of the campaign signed it; without a campaign the
    secret is in UNSUBSCRIBE_SECRET. Raises CampaignError where the secrets cannot be read."""
    from sendbatch.session import token

    loaded = None if campaign is None else _loaded(campaign)
    return token.verify_token(url, loaded, (edge or Edge()).environ)


def schema(*, profiles: bool = False) -> dict[str, object]:
    """The JSON Schema of the campaign file, or of profiles.yaml."""
    from sendbatch.campaign.editors import campaign_schema, profiles_schema

    return profiles_schema() if profiles else campaign_schema()


def init(folder: FilePath, *, markdown: bool = False) -> list[Path]:
    """Write a campaign that runs at once, its letter in `markdown` or in HTML and text; returns the files.
    Raises CampaignError if one is there."""
    from sendbatch.campaign.starter import write_starter

    return write_starter(Path(folder), markdown=markdown)


def init_ci(at: FilePath, ci: str, *, markdown: bool = False) -> Begun:
    """Write what has a campaign sent by "github": for the campaign file `at`, for the one in the folder `at`,
    or for a new one there. Raises CampaignError if a file is there already, then nothing is written."""
    from sendbatch.campaign.pipelines.beginning import begin

    return begin(Path(at), ci, markdown=markdown)


def _loaded(campaign: Campaign | FilePath) -> Campaign:
    return campaign if isinstance(campaign, Campaign) else load(campaign)


def _through_sandbox(campaign: Campaign | FilePath) -> Campaign:
    """What says how to fill the sandbox must never name a profile that delivers."""
    if not isinstance(campaign, Campaign):
        return load(campaign, smtp=SANDBOX)
    if campaign.profile.name != SANDBOX:
        name = one_line(repr(campaign.profile.name), 80)
        raise SendbatchError(
            f"the outbox is that of the built-in sandbox, and the campaign is loaded with smtp={name}: "
            f"give the path of its file, or load it with smtp={SANDBOX!r}"
        )
    return campaign


def _job(
    campaign: Campaign | FilePath,
    options: Options,
    record: FilePath | None,
    observer: Observer | None,
    stop: Stop | None,
    edge: Edge | None,
    workers: Workers | None,
) -> Job:
    return job_of(
        _loaded(campaign),
        options,
        record=_record(record),
        observer=observer,
        stop=stop,
        edge=edge,
        workers=workers,
    )


def _looking(
    options: Options | None,
    only: str | Iterable[str] | None,
    limit: int | None,
    strict: bool,
    moved_from: FilePath | None,
    *,
    accept_changes: bool = False,
) -> Options:
    """What verbs that only look ask for."""
    was = None if moved_from is None else os.fspath(moved_from)
    said = Options(
        only=_only(only),
        limit=limit,
        strict=strict,
        moved_from=was,
        accept_changes=accept_changes,
    )
    return _options(options, said)


def _options(options: Options | None, said: Options) -> Options:
    """`options` with what was said by name in its place."""
    for one in (said, options or said):
        arguments.flags(**{name: getattr(one, name) for name in _TRUTHS})
        arguments.numbers(breaker=one.breaker)
        if one.limit is not None:
            arguments.numbers(limit=one.limit)
        arguments.seconds(stop_after=one.stop_after)
        arguments.days(first_run=one.first_run)
    if options is None:
        return said
    silent = Options()
    each = ((one.name, getattr(said, one.name)) for one in fields(Options))
    named: dict[str, Any] = {name: value for name, value in each if value != getattr(silent, name)}
    return replace(options, **named)


def _record(record: FilePath | None) -> Recorded:
    """The text "git" is the repository; a folder of that name is Path("git"), or "./git". A text that is a
    database's address, or "${NAME}", is that."""
    if isinstance(record, str) and (record == GIT or names_database(record)):
        return record
    if record is not None:
        hold_folder(os.fsdecode(record))
    return _path(record)


def _path(path: FilePath | None) -> Path | None:
    return None if path is None else Path(path)


def _paths(paths: FilePath | Iterable[FilePath]) -> tuple[Path, ...]:
    return (Path(paths),) if isinstance(paths, (str, os.PathLike)) else tuple(map(Path, paths))


def _words(words: str | Iterable[str]) -> list[str]:
    """A text stands for itself, and not for its letters."""
    return [words] if isinstance(words, str) else list(words)


def _only(keys: str | Iterable[str] | None) -> tuple[str, ...] | None:
    return None if keys is None else tuple(_words(keys))


def _retry(words: str | Iterable[str]) -> frozenset[str]:
    listed = words.split(",") if isinstance(words, str) else words
    found = frozenset(word.strip() for word in listed if word.strip())
    retried(found)
    return found


@own_loop
def gallery(
    campaign: Campaign | FilePath,
    *,
    recipients: str | Iterable[str] = (),
    most: int | None = None,
    masked: bool = False,
    out: FilePath | None = None,
    only: str | Iterable[str] | None = None,
    limit: int | None = None,
    strict: bool = False,
    moved_from: FilePath | None = None,
    options: Options | None = None,
    record: FilePath | None = None,
    observer: Observer | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
    workers: Workers | None = None,
) -> Gallery:
    """As `check`, and a page is written that shows every kind of message that would be sent (`preview` on
    the command line): of `recipients` (keys or addresses) in any case, and of `most` others, 30 where it is
    not said.

    `masked` makes up cells, so that strangers may see it, and the page says of which something stays; `out`
    is where the page goes, by itself, instead of the record's folder.

    Raises CampaignError where one is unknown, or a letter that is to be masked is one person's own,
    LedgerError where the page cannot be written.
    """
    from sendbatch.session import look
    from sendbatch.session.showing import Asked

    arguments.flags(masked=masked)
    if most is not None:
        arguments.numbers(most=most)
    chosen = _looking(options, only, limit, strict, moved_from)
    job = _job(campaign, chosen, record, observer, stop, edge, workers)
    asked = Asked(tuple(_words(recipients)), most, masked)
    return look.preview(job, asked, _path(out))


@own_loop
def message_for(
    campaign: Campaign | FilePath,
    key: str,
    *,
    record: FilePath | None = None,
    stop: Stop | None = None,
    edge: Edge | None = None,
    workers: Workers | None = None,
) -> OneMessage:
    """The message of one recipient, by key or address, as a run would send it now; the record is left as it
    was. Raises CampaignError with a guess where nobody in the plan is meant, and as `plan` does."""
    from sendbatch.session.one import message_for as build

    if not isinstance(key, str):
        raise SendbatchError(f"key={one_line(repr(key), 80)}: write a key or an address")
    return build(_job(campaign, Options(), record, None, stop, edge, workers), key)


def outbox_page(
    campaign: Campaign | FilePath,
    *,
    out: FilePath | None = None,
    record: FilePath | None = None,
    edge: Edge | None = None,
) -> Path:
    """A page is written that shows the newest of what the built-in sandbox kept, and the proofs apart from it
    (`outbox` on the command line); returns its path: `out`, else in the record's folder. The file of a
    campaign is read as if it were sent through the sandbox, whatever it names.

    Raises CampaignError where it kept nothing yet or `out` is a file of another kind, LedgerError where the
    page cannot be written, SendbatchError for a campaign that was loaded with another profile.
    """
    from sendbatch.session import outbox

    job = _job(_through_sandbox(campaign), Options(), record, None, None, edge, None)
    return outbox.write(job, _path(out))
