"""A runner that joins the run that another has begun: it plans nothing, and goes by what stands in the
record."""

from __future__ import annotations

from itertools import islice

from sendbatch.errors import AudienceError, CampaignError, GuardError, shown
from sendbatch.ledger.facts import Joined
from sendbatch.ledger.states import sendable
from sendbatch.ledger.store import Backlog, Reading
from sendbatch.message.checks.placeholders import Leftovers
from sendbatch.message.tokens import Signer
from sendbatch.planning import guards, ownership, reaching
from sendbatch.planning.identity import salt_in
from sendbatch.planning.inputs import inputs_digest
from sendbatch.planning.preparing import Counts, Prepared
from sendbatch.planning.request import Means, Request
from sendbatch.planning.terms import hold_joined, terms_of
from sendbatch.planning.versions import NOT_SPREAD
from sendbatch.rendering.pool import Pool
from sendbatch.rendering.setup import Setup
from sendbatch.session.commands import CommandLines
from sendbatch.session.job import Job
from sendbatch.words import clock_time

SAMPLES = 3


def hold_shared(job: Job) -> None:
    """Raises CampaignError where a run is to be joined whose record nobody shares."""
    if job.options.join and job.record.database is None:
        raise CampaignError(
            "--join and --workers: only a record in a database is shared by several runners, and this one is "
            f"{_where(job)}; nothing was sent",
            hint='write at the top of profiles.yaml: record: "${DATABASE_URL}", or set SENDBATCH_RECORD',
        )


def hold_list(job: Job) -> None:
    """This runner has to plan, for which a list has to be there. Raises CampaignError."""
    campaign = job.campaign
    lists = (campaign.recipients.file, *(one.file for one in campaign.suppress))
    if job.options.join and (missing := [path for path in lists if not path.exists()]):
        raise CampaignError(
            f"{shown(missing[0])}: no such file, and there is no run under way that this one could join "
            "without it; nothing was sent",
            hint="who joins a run needs no list; begin the run where the list is, then join it from here",
        )


def too_late(job: Job, reading: Reading) -> str | None:
    """That a run which was to be joined has ended, or none was there: a limit then is another run's."""
    limit = job.options.limit
    if not job.options.join or limit is None or not reading.has_tried():
        return None
    return (
        f"no run is under way that this one could join: it begins another, to {limit:,} at most, beside those "
        "whom earlier runs have sent to"
    )


def prepared_by(
    job: Job, joined: Joined, reading: Reading, backlog: Backlog, request: Request, means: Means
) -> Prepared:
    """What the run that was joined is about, once this call has been held to it. Raises GuardError where
    something of it is another here, CampaignError."""
    campaign, content = request.campaign, request.content
    ownership.same_campaign(
        reading, campaign, job.options.moved_from, request.ways.again, is_shared=True
    )
    reaching.hold(reading, campaign, request.keeping.place)
    lines = CommandLines(campaign, job.record.given)
    hold_joined(joined, terms_of(campaign, content, job.options, request.held), lines.stop())
    plan = reading.plan()
    if plan is None:
        raise GuardError("the run that is under way has no plan; nothing was sent from here")
    everyone, holders = reading.census()
    if job.options.strict:
        guards.strictly(everyone)
    guards.as_expected(campaign.expect, holders)
    salt = salt_in(reading)
    signer = Signer(campaign.name) if content.signs_links else None
    totals = backlog.totals()
    counts = Counts(totals, sendable(totals), backlog.left_over(), holders, None)
    since = clock_time(joined.began_at)
    notices = [f"joins the run that is under way since {since}: whom it sends to stands in the record"]
    return Prepared(
        content=content,
        salt=salt,
        pool=Pool(Setup(content, None, plan.columns, salt), means.workers, signer),
        planned=None,
        counts=counts,
        samples=tuple(islice(reading.holders(), SAMPLES)),
        spread=NOT_SPREAD,
        notices=(*notices, *_other_list(job, joined, request, means)),
        warnings=(),
        placeholders=Leftovers(),
    )


def _other_list(job: Job, joined: Joined, request: Request, means: Means) -> list[str]:
    """That the list here is another than the one the run was planned from, which stays what it is."""
    try:
        inputs = inputs_digest(job.campaign, means.stop.heed, request.content)
    except AudienceError:
        return []  # there is none here, and none is needed
    if inputs == joined.inputs:
        return []
    return [
        f"{job.campaign.recipients.shown}, or what rows are checked by, differs from what the run was "
        "planned from: it is not read, and whoever it adds or leaves out is for a later run"
    ]


def _where(job: Job) -> str:
    return "in the repository" if job.record.repository is not None else "on this disk"
