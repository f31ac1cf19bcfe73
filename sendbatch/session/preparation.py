"""What a run and a look begin with alike: the content, worker processes, and all that planning needs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from sendbatch.audience.deliverability import Deliverability
from sendbatch.campaign.dkim import key_paths
from sendbatch.campaign.secrets import read_signing_secrets
from sendbatch.errors import CampaignError, SendbatchError, shown
from sendbatch.ledger.git.place import KEY
from sendbatch.ledger.records import sent_to_by_others
from sendbatch.limits.account import Allowance
from sendbatch.message.content import Content
from sendbatch.message.reading import read_content
from sendbatch.message.tokens import Signer
from sendbatch.planning import guards
from sendbatch.planning.people import no_text
from sendbatch.planning.plan_file import plan_key, read_plan
from sendbatch.planning.request import HeldTo, Keeping, Means, Request
from sendbatch.rendering.batches import Staged
from sendbatch.rendering.workers import Workers
from sendbatch.runtime.clock import Onward
from sendbatch.session.job import Job
from sendbatch.smtp.idempotency import Keys


def hold_edition(job: Job) -> None:
    """Raises GuardError where it is not clear which edition is meant."""
    guards.edition_is_meant(job.record, given=job.campaign.run_given, command=job.ways.another)


def held_of(job: Job) -> HeldTo | None:
    """The plan.json that this call is held to, with those who approved it where that was asked for; None
    where none was named. Raises CampaignError where it is none or was changed, GuardError where nobody who
    is trusted has approved it."""
    path, options, environ = job.options.plan, job.options, job.edge.environ
    if path is None:
        if options.approved or options.allowed_signers is not None:
            option = "--approved" if options.approved else "--allowed-signers"
            raise CampaignError(f"{option} is about a plan: name it by --plan plan.json")
        return None
    if options.allowed_signers is not None and not options.approved:
        raise CampaignError("--allowed-signers is about approvals, and none is asked for: add --approved")
    plan, secret = read_plan(path), plan_key(environ)
    if not options.approved:
        return HeldTo(plan, secret)
    from sendbatch.planning.approval import hold_approved, trust_of  # few runs ask for it

    verified = hold_approved(plan, path, trust_of(environ, options.allowed_signers))
    for one in verified.others:
        job.observer.notice(f"an approval that does not count: {one}")
    return HeldTo(plan, secret, verified.approved)


@contextlib.contextmanager
def workers_of(job: Job) -> Iterator[Workers]:
    """The first process starts here, unless it did before: it loads while all else is made ready."""
    if job.workers is not None:
        yield job.workers
        return
    with Workers() as workers:
        yield workers


def content_of(job: Job) -> Content:
    """Raises CampaignError with what is wrong with it, and with files of recipients that are no text."""
    try:
        keys = key_paths(job.campaign, job.edge.environ)
        return read_content(job.campaign, (job.record.base, job.record.path), keys)
    except CampaignError as error:
        others = no_text(job.campaign, job.stop.heed)
        raise CampaignError([*error.findings, *others]) from None


def request_of(
    job: Job,
    allowance: Allowance,
    content: Content,
    *,
    held: HeldTo | None = None,
    looking: bool = False,
    to_be_held: bool = False,
    refused: SendbatchError | None = None,
) -> Request:
    """What planning is asked for, and the plan that it is `held` to. `looking`: nothing will be sent, and
    `to_be_held` that a run is to be held to what comes of it; `refused` is then what a run would say of the
    record."""
    place, database = shown(job.record.path), job.record.database
    return Request(
        campaign=job.campaign,
        content=content,
        options=job.options,
        ways=job.ways,
        keeping=Keeping(
            place,
            job.record.named,
            job.edge.environ,
            refused,
            lasts=not job.record.is_here,
            is_shared=database is not None,
            database=database.title if database is not None and job.record.is_read else "",
            others=lambda: () if database is None else sent_to_by_others(database),
            unread=_unread(job),
        ),
        announced_size=allowance.announced_size(job.now()),
        keys=_keys(job),
        looking=looking,
        to_be_held=to_be_held,
        held=held,
    )


def _unread(job: Job) -> str | None:
    repository, database = job.record.repository, job.record.database
    if database is not None and not job.record.unasked and database.missing:
        return f"the record in the database was not read, as {database.missing}: compared with nothing"
    if repository is None or repository.has_key or job.record.unasked:
        return None
    return f"the record in the repository was not read, as {KEY} is not set: compared with nothing"


def signer_of(job: Job) -> Signer | None:
    """What signs the links to unsubscribe, None where no secret is declared. Reads it: raises CampaignError
    where it cannot be had."""
    unsubscribe = job.campaign.unsubscribe
    if unsubscribe is None or not unsubscribe.sign:
        return None
    if job.profile.redirect_to is not None:
        return Signer(job.campaign.name)  # all links are made inert
    (secret,) = read_signing_secrets(job.campaign, unsubscribe.sign[:1], job.edge.environ)
    return Signer(job.campaign.name, secret)


def means_of(
    job: Job,
    workers: Workers,
    checked: Callable[[tuple[str, ...], Sequence[Staged]], None] | None = None,
) -> Means:
    return Means(workers, Deliverability, job.observer, job.stop, job.now, checked)


def _keys(job: Job) -> Keys | None:
    """None where the provider knows none, and where a person's word stands instead."""
    idempotency = job.profile.idempotency
    if idempotency is None or job.options.resend_in_doubt:
        return None
    return Keys(idempotency.holds, Onward(job.edge.clock))
