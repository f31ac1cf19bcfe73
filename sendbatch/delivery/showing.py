"""How what is shown before anything is sent comes about: from a prepared plan, and a rehearsal."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import compat32, default
from itertools import islice
from pathlib import Path

from sendbatch.delivery.account import Standing
from sendbatch.delivery.approval import approve, write_approval
from sendbatch.delivery.guards import confirmed, server_of
from sendbatch.delivery.jobs import Job
from sendbatch.delivery.preparing import Prepared
from sendbatch.delivery.rehearsal import SHOWN, build, rehearse
from sendbatch.delivery.seen import Question, Rehearsal, Seen
from sendbatch.errors import Fault
from sendbatch.ledger.sqlite import Ledger
from sendbatch.ledger.store import Entry
from sendbatch.values import Message, Recipient, Status

TYPED_ABOVE = 1000  # recipients
READ = 1000  # characters of a subject


def question(job: Job, prepared: Prepared, standing: Standing) -> Question:
    return Question(seen(job, prepared, standing), prepared.sendable > TYPED_ABOVE)


def confirming(
    job: Job, *, yes: bool, ask: Callable[[Question], bool] | None
) -> Callable[[Prepared, Standing], bool]:
    """What is called once a plan stands: shows it where there is something to tell, and asks. Returns
    whether a person was asked."""

    def confirm(prepared: Prepared, standing: Standing) -> bool:
        worth_telling = prepared.planned or prepared.notices or prepared.warnings
        if not (prepared.sendable or worth_telling):
            return False  # nothing to send, and nothing that a person should know
        asked = question(job, prepared, standing)
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
    standing: Standing,
    *,
    digest: str | None = None,
    rehearsal: Rehearsal | None = None,
    bad: tuple[Entry, ...] = (),
) -> Seen:
    """The plan as it is shown, with the subjects of the first three messages."""
    campaign, planned, now = job.campaign, prepared.planned, job.edge.clock.wall()
    profile = campaign.profile
    compared = planned is not None and not planned.difference.first
    difference = planned.difference if planned is not None and compared else None
    return Seen(
        name=campaign.name,
        run=campaign.run,
        server=server_of(profile)
        if profile.name == "sandbox"
        else f"{profile.host}:{profile.port}",
        account=standing.shown_name,
        delivers=profile.delivers,
        totals=prepared.totals,
        holders=prepared.holders,
        sendable=prepared.sendable,
        left_over=prepared.left_over,
        subjects=tuple(
            _subject(m) for _, m in build(prepared.pool, prepared.samples, now, job.stop)
        ),
        done_in=standing.seconds_needed(prepared.sendable, now),
        quotas=standing.quotas(now),
        difference=(difference.added, difference.removed, difference.corrected)
        if difference is not None
        else None,
        moved=planned.difference.moved if planned is not None else (),
        twins=planned.twins.count if planned is not None else 0,
        twin_rows=planned.twins.rows if planned is not None else (),
        missing=prepared.held.missing if prepared.held is not None else None,
        in_doubt=prepared.in_doubt,
        notices=prepared.notices,
        warnings=prepared.warnings,
        tolerate=campaign.tolerate,
        csv=campaign.recipients.file,
        digest=digest,
        rehearsal=rehearsal,
        bad=bad,
    )


def _subject(message: Message) -> str:
    """Its beginning: a parser of headers takes the longer for each word the more words there are."""
    head = message.data.partition(b"\r\n\r\n")[0]
    raw = str(message_from_bytes(head, policy=compat32)["Subject"])
    if len(raw) > READ:
        raw = raw[: max(raw.rfind("\n", 0, READ), 0) or READ]  # no encoded word is cut in two
    return str(default.header_fetch_parse("Subject", raw))


def rehearsed(
    job: Job, ledger: Ledger, prepared: Prepared, standing: Standing, *, wanted: int = 0
) -> tuple[Seen, list[tuple[Recipient, Message]]]:
    """Build everyone's message; returns the plan with what was found, and the first `wanted`."""
    now = job.edge.clock.wall()
    rehearsal = rehearse(
        prepared.pool,
        ledger.reading.holders(),
        prepared.holders,
        size_limit=job.campaign.profile.size_limit,
        now=now,
        observer=job.observer,
        stop=job.stop,
    )
    job.observer.finished()
    first = ledger.sending.samples(wanted) or list(islice(ledger.reading.holders(), wanted))
    shown = build(prepared.pool, first, now, job.stop)
    warnings = _warned_of_size(rehearsal, standing.size_seen(now))
    bad = tuple(islice(ledger.reading.entries({Status.INVALID, Status.DUPLICATE}), SHOWN))
    found = seen(job, prepared, standing, rehearsal=rehearsal, bad=bad)
    return replace(found, warnings=(*found.warnings, *warnings)), shown


def _warned_of_size(rehearsal: Rehearsal, size: int | None) -> tuple[Fault, ...]:
    """What the server lately said is no more than a warning: it may say otherwise by now."""
    if size is None or rehearsal.largest <= size:
        return ()
    said = f"the largest message has {rehearsal.largest:,} bytes; the server takes {size:,}"
    hint = "it said so within the last week; run asks it again"
    return (Fault(said, hint=hint, severity="warning"),)


def approved(job: Job, ledger: Ledger, prepared: Prepared, out: Path) -> str:
    """Write plan.json; returns its digest."""
    approval = approve(
        job.campaign.name,
        job.campaign.run,
        prepared.content.digest,
        server_of(job.campaign.profile),
        os.urandom(16),
        job.stop.heeding(ledger.reading.holders()),
    )
    return write_approval(approval, out)
