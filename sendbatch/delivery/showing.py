"""What is shown before anything is sent: the plan as values, the question, the rehearsal's findings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from itertools import islice
from pathlib import Path

from sendbatch.campaign.model import Rate, Tolerance
from sendbatch.delivery.account import Standing
from sendbatch.delivery.approval import approve, write_approval
from sendbatch.delivery.guards import server_of
from sendbatch.delivery.preparing import Prepared
from sendbatch.delivery.rehearsal import SHOWN, Rehearsal, build, rehearse
from sendbatch.delivery.running import Job
from sendbatch.errors import Fault
from sendbatch.ledger.sqlite import Ledger
from sendbatch.ledger.store import Entry
from sendbatch.values import Message, Recipient, Status

PERIODS = {1: "s", 60: "min", 3600: "h", 86400: "day"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A plan that was looked at. `done_in` is in seconds, None where nothing limits the rate;
    `quotas` are (limit, used); `digest` is that of the plan.json written, if one was;
    `warnings` what is odd about the suppression lists. `bad` are the first rows that are invalid
    or duplicates, looked for only where every message was built; `csv` is the file they stand in."""

    name: str
    run: str
    server: str
    account: str | None
    delivers: bool
    totals: Mapping[Status, int]
    holders: int
    sendable: int
    left_over: int
    subjects: tuple[str, ...]
    done_in: float | None
    quotas: tuple[tuple[Rate, int], ...]
    difference: tuple[int, int, int] | None
    moved: tuple[tuple[int, str, str], ...]
    twins: int
    twin_rows: tuple[tuple[int, int], ...]
    missing: int | None
    in_doubt: int
    notices: tuple[str, ...]
    warnings: tuple[Fault, ...]
    tolerate: Tolerance
    csv: Path
    digest: str | None = None
    rehearsal: Rehearsal | None = None
    bad: tuple[Entry, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 when all is well or tolerated, 1 with bad rows or messages that cannot be built."""
        bad = self.totals.get(Status.INVALID, 0)
        bad += self.rehearsal.failed if self.rehearsal is not None else 0
        share = self.tolerate.share
        allowed = self.tolerate.count if share is None else share * (self.holders + bad) + 1e-9
        return 0 if bad <= allowed else 1


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked before mail goes out. `must_type` means that the number of recipients
    has to be typed."""

    plan: Seen
    must_type: bool


TYPED_ABOVE = 1000  # recipients


def question(job: Job, prepared: Prepared, standing: Standing) -> Question:
    return Question(seen(job, prepared, standing), prepared.sendable > TYPED_ABOVE)


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
        account=standing.username,
        delivers=profile.delivers,
        totals=prepared.totals,
        holders=prepared.holders,
        sendable=prepared.sendable,
        left_over=prepared.left_over,
        subjects=tuple(_subject(m) for _, m in build(prepared.pool, prepared.samples, now)),
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
        warnings=planned.warnings if planned is not None else (),
        tolerate=campaign.tolerate,
        csv=campaign.recipients.file,
        digest=digest,
        rehearsal=rehearsal,
        bad=bad,
    )


def _subject(message: Message) -> str:
    head = message.data.partition(b"\r\n\r\n")[0]
    return str(message_from_bytes(head, policy=default)["Subject"])


def rehearsed(
    job: Job, ledger: Ledger, prepared: Prepared, standing: Standing, *, wanted: int = 0
) -> tuple[Seen, list[tuple[Recipient, Message]]]:
    """Build everyone's message; returns the plan with what was found, and the first `wanted`."""
    now = job.edge.clock.wall()
    rehearsal = rehearse(
        prepared.pool,
        ledger.reading.holders(),
        prepared.holders,
        size_limit=standing.size_limit(job.campaign.profile.size_limit),
        now=now,
        observer=job.observer,
        stop=job.stop,
    )
    job.observer.finished()
    first = ledger.sending.samples(wanted) or list(islice(ledger.reading.holders(), wanted))
    shown = build(prepared.pool, first, now)
    bad = tuple(islice(ledger.reading.entries({Status.INVALID, Status.DUPLICATE}), SHOWN))
    return seen(job, prepared, standing, rehearsal=rehearsal, bad=bad), shown


def approved(job: Job, ledger: Ledger, prepared: Prepared, out: Path) -> str:
    """Write plan.json; returns its digest."""
    approval = approve(
        job.campaign.name,
        job.campaign.run,
        prepared.content.digest,
        server_of(job.campaign.profile),
        os.urandom(16),
        ledger.reading.holders(),
    )
    return write_approval(approval, out)
