"""The verbs that only look: what a run would do now, worked out on a copy of the record."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sendbatch.errors import SendbatchError
from sendbatch.ledger.records import is_under_way, open_copy_of_record, twin_of
from sendbatch.ledger.store import Draft, Record
from sendbatch.limits.account import Allowance
from sendbatch.limits.quota import quotas_of
from sendbatch.message.content import Content
from sendbatch.planning.guards import said_of
from sendbatch.planning.plan_file import Sealing, marks_of, plan_key, sealing, write_plan
from sendbatch.planning.preparing import Prepared, prepare
from sendbatch.rendering.batches import Staged
from sendbatch.session import gallery
from sendbatch.session.elsewhere import refusal
from sendbatch.session.job import Job
from sendbatch.session.overview import Overview, overview_of
from sendbatch.session.preparation import (
    content_of,
    held_of,
    hold_edition,
    means_of,
    request_of,
    workers_of,
)
from sendbatch.session.rehearsal import Told, rehearse
from sendbatch.session.sharing import looking_allowance, tell_shared

if TYPE_CHECKING:  # what shows messages is loaded where they are shown
    from sendbatch.session.showing import Asked

SALT = 16  # bytes
T = TypeVar("T")


def plan(job: Job, out: Path | None = None) -> Overview:
    """Compared with the edition before. With `out`, the plan is written there for a later run to be held
    to.

    Raises GuardError where that run is sure to be refused, so that nobody is asked to approve it.
    """
    from sendbatch.session.last_edition import compared

    elsewhere: SendbatchError | None = refusal(job)
    if out is not None:
        elsewhere = elsewhere or _refused(job)
        if elsewhere is not None:
            raise elsewhere

    sealed = sealing(os.urandom(SALT), plan_key(job.edge.environ)) if out is not None else None

    def see(draft: Draft, prepared: Prepared, allowance: Allowance) -> Overview:
        digest = None
        if out is not None and sealed is not None:
            digest = _written(job, draft, prepared, out, sealed)
        found = compared(job, draft, prepared.content)
        return replace(overview_of(job, prepared, allowance), digest=digest, compared=found)

    return look(job, see, refused=elsewhere, to_be_held=out is not None)


def check(job: Job, *, online: bool = False) -> Overview:
    """As `plan`, and every recipient's message is built; `online`, the DNS is asked about who sends. A record
    in a repository is not asked for: a check needs no key."""
    job = replace(job, record=job.record.left_unread())
    overview = look(job, lambda *made: rehearsed(job, *made))
    if not online:
        return overview
    from sendbatch.published.asking import Asking
    from sendbatch.session.online import found_online

    found = found_online(job.campaign, job.edge.environ, job.stop.heed, Asking())
    return replace(overview, doubts=(*overview.doubts, *found))


def dry_run(job: Job) -> tuple[Overview, Path | None]:
    """As `check`, and a gallery is written; returns its page too, None where it cannot be written."""
    from sendbatch.session.showing import Asked, Showing

    def see(
        draft: Draft, prepared: Prepared, allowance: Allowance
    ) -> tuple[Overview, Path | None]:
        showing = Showing(job, draft, prepared, Asked())
        overview = rehearsed(job, draft, prepared, allowance, showing.told)
        return overview, gallery.write_if_possible(job, showing, overview)

    return look(job, see)


def preview(job: Job, asked: Asked, out: Path | None = None) -> gallery.Gallery:
    """As `dry_run`, of the recipients that are asked for; `out` is where the page goes instead of the
    record's folder. Raises CampaignError where a recipient is unknown or another file is there, LedgerError
    where the page cannot be written."""
    from sendbatch.session.showing import Showing

    gallery.hold_out(out)

    def see(draft: Draft, prepared: Prepared, allowance: Allowance) -> gallery.Gallery:
        showing = Showing(job, draft, prepared, asked)
        overview = rehearsed(job, draft, prepared, allowance, showing.told)
        return gallery.Gallery(gallery.write(job, showing, overview, out), overview)

    return look(job, see)


def look(
    job: Job,
    see: Callable[[Draft, Prepared, Allowance], T],
    *,
    spending: bool = False,
    refused: SendbatchError | None = None,
    to_be_held: bool = False,
    content: Content | None = None,
    checked: Callable[[tuple[str, ...], Sequence[Staged]], None] | None = None,
) -> T:
    """Prepare on a copy of the record, and let `see` look at it before the copy is thrown away. `spending`
    says that it spends the account's quota; `refused` is what a run would say, where
    that is known by now, and `to_be_held` that a run is to be held to what is planned; `content` is there
    where it was read before, and `checked` is as in `Means`.

    Raises as a run does, but for changes of content or server, which are among the notices unless a run is
    `to_be_held` to them.
    """
    job.record.refuse_links()
    if job.record.is_read:
        hold_edition(job)
    held = held_of(job)
    if is_under_way(job.record):
        job.observer.notice(
            "a run is under way: whom it sends to at this moment is among those in doubt here, and waits for "
            "its reply; nothing is to be settled before that run ends"
        )
    with (
        workers_of(job) as workers,
        open_copy_of_record(job.record, job.now()) as record,
        looking_allowance(job, spending=spending) as allowance,
    ):
        _tell_of_use(job, allowance, looking=not spending)
        content = content or content_of(job)
        request = request_of(
            job,
            allowance,
            content,
            held=held,
            looking=True,
            to_be_held=to_be_held,
            refused=refused or _doubt(job, record),
        )
        record.recover(job.now())
        with record.draft(job.stop.heed) as draft:
            return see(draft, prepare(draft, request, means_of(job, workers, checked)), allowance)


def _tell_of_use(job: Job, allowance: Allowance, *, looking: bool) -> None:
    """Whose the limits are, and what is not known of their use."""
    tell_shared(job, allowance)
    if allowance.unread is not None and _has_quotas(allowance):
        why = allowance.unread.message
        job.observer.notice(f"how much of the quota is used is not known: {why}")
    elif looking and allowance.usage is None and job.record.repository is not None and _has_quotas(allowance):
        job.observer.notice(
            "how much of the quota is used is kept where it was sent from, and nothing is known here; a run "
            "counts what this campaign's record has"
        )


def _has_quotas(allowance: Allowance) -> bool:
    return bool(quotas_of(allowance.rates))


def _doubt(job: Job, record: Record) -> SendbatchError | None:
    """Why a run would refuse the record, if it would: it is lost, another on this disk knows people that it
    does not, or it may know less than was sent."""
    refused = _refused(job)
    if refused is not None or not job.profile.mails_the_list:
        return refused
    return record.doubt()


def _refused(job: Job) -> SendbatchError | None:
    """By what lies on this disk, or in the database."""
    record = job.record
    return record.beside() or record.lost() or record.behind() or twin_of(record)


def rehearsed(
    job: Job,
    draft: Draft,
    prepared: Prepared,
    allowance: Allowance,
    told: Told | None = None,
) -> Overview:
    """The plan, with what came of building every message."""
    rehearsal = rehearse(job, draft, prepared, told)
    overview = overview_of(job, prepared, allowance, rehearsal)
    size = rehearsal.warn_of_size(allowance.announced_size(job.now()))
    return replace(overview, doubts=(*overview.doubts, *size))


def _written(job: Job, draft: Draft, prepared: Prepared, out: Path, sealed: Sealing) -> str:
    """Write plan.json; returns its digest."""
    marks = marks_of(sealed, job.stop.heeding(draft.people.holders()))
    made_at = f"{datetime.fromtimestamp(job.now(), UTC):%Y-%m-%dT%H:%M:%SZ}"
    return write_plan(out, said_of(job.campaign, prepared.content, made_at), sealed, marks)
