"""How what is shown before anything is sent comes about: from a prepared plan, and a rehearsal."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.findings import Finding, Groups, Rule
from sendbatch.ledger.facts import NOBODY
from sendbatch.ledger.store import Draft
from sendbatch.limits.account import Allowance
from sendbatch.limits.declared import limits_of
from sendbatch.message.parts import Sample
from sendbatch.planning.approval import approve, write_approval
from sendbatch.planning.guards import confirmed, server_of
from sendbatch.planning.preparing import Prepared
from sendbatch.reasons import reason
from sendbatch.session.job import Job
from sendbatch.session.overview import Question, Rehearsal, Seen
from sendbatch.session.rehearsal import rehearse, samples
from sendbatch.values import Message, Recipient, Status

if TYPE_CHECKING:
    from sendbatch.preview.gallery import Entry

TYPED_ABOVE = 1000  # recipients
LONGEST_SUBJECT = 1000  # characters
_DIRECTION = re.compile("[\u200e\u200f\u061c\u2066-\u2069]")


def question(job: Job, prepared: Prepared, allowance: Allowance) -> Question:
    return Question(seen(job, prepared, allowance), prepared.sendable > TYPED_ABOVE)


def confirming(
    job: Job, *, yes: bool, ask: Callable[[Question], bool] | None
) -> Callable[[Prepared, Allowance], bool]:
    """What is called once a plan stands: shows it where there is something to tell, and asks. Returns
    whether a person was asked."""

    def confirm(prepared: Prepared, allowance: Allowance) -> bool:
        worth_telling = prepared.planned or prepared.notices or prepared.warnings
        if not (prepared.sendable or worth_telling):
            return False  # nothing to send, and nothing that a person should know
        asked = question(job, prepared, allowance)
        job.observer.planned(asked.plan)
        return bool(prepared.sendable) and confirmed(
            delivers=job.campaign.profile.delivers,
            yes=yes,
            approved=job.options.approval is not None,
            ask=None if ask is None else lambda: ask(asked),
        )

    return confirm


def seen(
    job: Job,
    prepared: Prepared,
    allowance: Allowance,
    *,
    digest: str | None = None,
    rehearsal: Rehearsal | None = None,
    invalid: Groups | None = None,
    duplicates: Groups | None = None,
) -> Seen:
    """The plan as it is shown, with the subjects of the first three messages."""
    campaign, planned, now = job.campaign, prepared.planned, job.edge.clock.wall()
    profile, limits = campaign.profile, limits_of(campaign, allowance, job.edge.clock)
    compared = planned is not None and not planned.difference.first
    difference = planned.difference if planned is not None and compared else None
    return Seen(
        name=campaign.name,
        run=campaign.run,
        server=server_of(profile)
        if profile.name == "sandbox"
        else f"{profile.host}:{profile.port}",
        account=allowance.shown_name,
        delivers=profile.delivers,
        totals=prepared.totals,
        holders=prepared.holders,
        sendable=prepared.sendable,
        left_over=prepared.left_over,
        subjects=tuple(
            _subject(sample)
            for _, sample in samples(prepared.pool, prepared.samples, now, job.stop)
        ),
        done_in=limits.gates.forecast(prepared.sendable, now),
        quotas=allowance.quotas(now),
        difference=(difference.added, difference.removed, difference.corrected)
        if difference is not None
        else None,
        moved=planned.difference.moved if planned is not None else (),
        twins=planned.twins.count if planned is not None else 0,
        twin_rows=planned.twins.rows if planned is not None else (),
        missing=prepared.held.missing if prepared.held is not None else None,
        in_doubt=prepared.in_doubt,
        notices=prepared.notices,
        warnings=(*prepared.warnings, *_leftovers(prepared, rehearsal)),
        tolerate=campaign.tolerate,
        csv=campaign.recipients.file,
        failing=planned.failing if planned is not None else NOBODY,
        without=planned.without if planned is not None else NOBODY,
        digest=digest,
        rehearsal=rehearsal,
        invalid=invalid or Groups(),
        duplicates=duplicates or Groups(),
    )


def _leftovers(prepared: Prepared, rehearsal: Rehearsal | None) -> Iterator[Finding]:
    """A warning for each placeholder of another tool. Where every message was built it is known how many
    have it, and one that none has is none."""
    counted = iter(rehearsal.having) if rehearsal is not None else repeat(None)
    messages = prepared.sendable or prepared.holders if rehearsal is None else rehearsal.built
    for one in prepared.placeholders:
        having = None if one.in_all else next(counted)
        if messages and having != 0:
            yield one.warning(messages, having)


def _subject(sample: Sample) -> str:
    """Its beginning. The marks of right-to-left text have no shape: in a terminal they would show as
    something amiss."""
    return _DIRECTION.sub("", sample.parts.subject[:LONGEST_SUBJECT])


def rehearsed(
    job: Job, draft: Draft, prepared: Prepared, allowance: Allowance, *, wanted: int = 0
) -> tuple[Seen, list[Entry]]:
    """Build everyone's message; returns the plan with what was found, and the first `wanted`."""
    now = job.edge.clock.wall()
    rehearsal = rehearse(
        prepared.pool,
        draft.people.holders(),
        prepared.holders,
        size_limit=job.campaign.profile.size_limit,
        now=now,
        observer=job.observer,
        stop=job.stop,
        placeholders=[one for one in prepared.placeholders if not one.in_all],
    )
    job.observer.finished()
    first = draft.samples(wanted) or list(islice(draft.people.holders(), wanted))
    shown = _entries(job, prepared, first, now)
    warnings = _warned_of_size(rehearsal, allowance.size_seen(now))
    invalid = _grouped(job, draft, Status.INVALID)
    duplicates = _grouped(job, draft, Status.DUPLICATE)
    found = seen(
        job, prepared, allowance, rehearsal=rehearsal, invalid=invalid, duplicates=duplicates
    )
    return replace(found, warnings=(*found.warnings, *warnings)), shown


def _entries(
    job: Job, prepared: Prepared, first: Sequence[Recipient], now: float
) -> list[Entry]:
    """What the gallery shows: those whose message can be built."""
    from sendbatch.preview.gallery import Entry

    found = samples(prepared.pool, first, now, job.stop)
    messages = prepared.pool.each([recipient for recipient, _ in found], now, job.stop.heed)
    return [
        Entry(recipient, sample, message)
        for (recipient, sample), (_, message) in zip(found, messages, strict=True)
        if isinstance(message, Message)
    ]


def _grouped(job: Job, draft: Draft, status: Status) -> Groups:
    found = Groups()
    for entry in job.stop.heeding(draft.people.entries({status})):
        said = reason(entry.why, entry.detail, entry.code, entry.row)
        found.add(said, entry.row, entry.email or entry.key or "(no address)")
    return found


def _warned_of_size(rehearsal: Rehearsal, size: int | None) -> tuple[Finding, ...]:
    """What the server lately said is no more than a warning: it may say otherwise by now."""
    if size is None or rehearsal.largest <= size:
        return ()
    said = f"the largest message has {rehearsal.largest:,} bytes; the server takes {size:,}"
    hint = "it said so within the last week; run asks it again"
    return (Rule.MESSAGE_LIKELY_TOO_LARGE.finding(said, hint=hint),)


def approved(job: Job, draft: Draft, prepared: Prepared, out: Path) -> str:
    """Write plan.json; returns its digest."""
    approval = approve(
        job.campaign.name,
        job.campaign.run,
        prepared.content.digest,
        server_of(job.campaign.profile),
        os.urandom(16),
        job.stop.heeding(draft.people.holders()),
    )
    return write_approval(approval, out)
