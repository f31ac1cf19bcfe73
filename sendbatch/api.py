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
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, Unpack

from sendbatch.campaign.loading import load_campaign
from sendbatch.campaign.model import Campaign
from sendbatch.planning.options import Options
from sendbatch.runtime.edge import Edge
from sendbatch.runtime.loop import own_loop
from sendbatch.runtime.stop import Stop
from sendbatch.session.job import Around, folder_of, job_of
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview
    from sendbatch.session.proof import Proofed
    from sendbatch.session.question import Question
    from sendbatch.session.record import StatusResult
    from sendbatch.session.run import RunResult
    from sendbatch.session.token import Verified
    from sendbatch.smtp.probe import Step

# What one verb alone needs is imported there: `status` does without all that sends, which is a third of
# its time.


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
    from sendbatch.session.question import Consent
    from sendbatch.session.run import run as run_job

    return run_job(job_of(campaign, options, **around), Consent(yes, ask))


@own_loop
def plan(
    campaign: Campaign,
    *,
    options: Options | None = None,
    out: Path | None = None,
    **around: Unpack[Around],
) -> Overview:
    """What a run would do now; the record is left as it was.

    With `out`, the plan is written there for a later run to be held to. Raises GuardError where
    `expect` or --strict refuses, CampaignError, AudienceError.
    """
    from sendbatch.session import look

    return look.plan(job_of(campaign, options, **around), out)


@own_loop
def check(
    campaign: Campaign,
    *,
    options: Options | None = None,
    **around: Unpack[Around],
) -> Overview:
    """As `plan`, and every recipient's message is built; those that cannot be are in the result."""
    from sendbatch.session import look

    return look.check(job_of(campaign, options, **around))


@own_loop
def dry_run(
    campaign: Campaign,
    *,
    options: Options | None = None,
    **around: Unpack[Around],
) -> tuple[Overview, Path | None]:
    """As `check`, and the first ten messages are written as .eml files with a page to look at; none where the
    folder cannot be written, which the observer is told."""
    from sendbatch.session import look

    return look.dry_run(job_of(campaign, options, **around))


def outbox(campaign: Campaign, *, record: Path | None = None) -> Path | None:
    """The folder in which the built-in sandbox kept this campaign's mails, if it kept any."""
    from sendbatch.session.server import outbox_of

    return outbox_of(folder_of(campaign, record).path, campaign.profile)


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

    return send_proofs(job_of(campaign, options, **around), to, wanted=count, key=recipient)


def status(campaign: Campaign, *, record: Path | None = None) -> StatusResult:
    """Where a run stands, while it runs or afterwards. Raises LedgerError without a record."""
    from sendbatch.session import record as records

    return records.status(campaign, folder_of(campaign, record))


def report(campaign: Campaign, form: str, out: TextIO, *, record: Path | None = None) -> int:
    """Write the record as "text", "csv" or "json" to `out`; returns the exit code of `status`."""
    from sendbatch.session import record as records

    return records.write_report(campaign, folder_of(campaign, record), form, out)


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
    from sendbatch.session import record as records

    records.resolve(campaign, folder_of(campaign, record), keys, to, edge or Edge())


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
    from sendbatch.session.probe import probe as probe_profile

    start, stop, edge = folder or Path.cwd(), stop or Stop(), edge or Edge()
    return probe_profile(profile, start, told, stop=stop, edge=edge)


def verify_token(
    url: str, campaign: Campaign | None = None, *, edge: Edge | None = None
) -> Verified:
    """Whose link to unsubscribe it is, where a secret of the campaign signed it; without a campaign the
    secret is in UNSUBSCRIBE_SECRET. Raises CampaignError where the secrets cannot be read."""
    from sendbatch.session import token

    return token.verify_token(url, campaign, (edge or Edge()).environ)


def schema(*, profiles: bool = False) -> dict[str, object]:
    """The JSON Schema of the campaign file, or of profiles.yaml."""
    from sendbatch.campaign.keys.campaign import CampaignKeys
    from sendbatch.campaign.keys.profiles import ProfilesKeys
    from sendbatch.campaign.schema import schema_of

    if profiles:
        return schema_of(ProfilesKeys, "The SMTP profiles of sendbatch")
    return schema_of(CampaignKeys, "A sendbatch campaign")


def init(folder: Path, *, markdown: bool = False) -> list[Path]:
    """Write a campaign that runs at once, its letter in `markdown` or in HTML and text; returns the files.
    Raises CampaignError if one is there."""
    from sendbatch.campaign.starter import write_starter

    return write_starter(folder, markdown=markdown)
