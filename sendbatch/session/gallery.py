"""The gallery of a rehearsal, in the record's folder: written by a dry run, removed once it is outdated."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.errors import LedgerError
from sendbatch.ledger.facts import Plan
from sendbatch.ledger.store import Draft, Reading
from sendbatch.planning.preparing import Prepared
from sendbatch.session.job import Job
from sendbatch.session.rehearsal import samples
from sendbatch.values import Message, Recipient

if TYPE_CHECKING:
    from sendbatch.preview.gallery import Entry
    from sendbatch.preview.page import Made

# A run that finds no gallery imports nothing of that room: it begins that much sooner.

FOLDER = "preview"
SIZE = 10  # messages
MOST = 50  # of as many versions


def write(job: Job, draft: Draft, prepared: Prepared) -> Path | None:
    """The first messages; returns the page to look at, None where it cannot be written, which the observer
    is told."""
    from sendbatch.preview.gallery import write_gallery

    spread = prepared.spread
    first = (
        spread.few(max(SIZE, min(len(spread.first), MOST)))
        or draft.samples(SIZE)
        or list(islice(draft.people.holders(), SIZE))
    )
    entries = _entries(job, prepared, first)
    made = _made(job, draft.people.plan(), prepared.content.digest)
    try:
        job.record.make()
        return write_gallery(
            job.record.path / FOLDER,
            entries,
            job.campaign.title,
            made,
            prepared.content.all_pictures,
        )
    except LedgerError as unwritable:
        (found,) = unwritable.findings
        where = f"{found.place.file}: " if found.place is not None else ""
        job.observer.notice(f"the first messages are not written: {where}{found.message}")
        return None


def drop_outdated(job: Job, reading: Reading) -> None:
    """Remove a gallery of another text or list than the record has by now, and tell the observer."""
    folder = job.record.path / FOLDER
    if not folder.is_dir():
        return
    from sendbatch.preview.gallery import drop_unless_of

    if drop_unless_of(folder, _made(job, reading.plan(), reading.meta("content") or "")):
        job.observer.notice("the gallery was of another text or list than this run: it is removed")


def _entries(job: Job, prepared: Prepared, first: Sequence[Recipient]) -> list[Entry]:
    """Those whose message can be built."""
    from sendbatch.preview.gallery import Entry

    now, heed = job.now(), job.stop.heed
    found = samples(prepared.pool, first, now, job.stop)
    versions = dict(prepared.spread.names)
    messages = prepared.pool.each([recipient for recipient, _ in found], now, heed)
    return [
        Entry(recipient, sample, message, versions.get(recipient.id, ""))
        for (recipient, sample), (_, message) in zip(found, messages, strict=True)
        if isinstance(message, Message)
    ]


def _made(job: Job, plan: Plan | None, content: str) -> Made:
    """What a gallery is of."""
    from sendbatch.preview.page import Made

    return Made(job.now(), content, plan.inputs if plan is not None else "")
