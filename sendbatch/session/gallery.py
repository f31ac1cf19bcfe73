"""The gallery of a rehearsal, in the record's folder: written by a dry run, removed once it is outdated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.errors import LedgerError
from sendbatch.findings import Rule
from sendbatch.ledger.facts import Plan
from sendbatch.ledger.store import Draft, Reading
from sendbatch.planning.preparing import Prepared
from sendbatch.session.job import Job
from sendbatch.values import Message, Recipient

if TYPE_CHECKING:
    from sendbatch.preview.document import Document, Made

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
    made = _made(job, draft.people.plan(), prepared.content.digest)
    document, messages = _shown(job, prepared, first, made)
    try:
        job.record.make()
        return write_gallery(job.record.path / FOLDER, document, messages)
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


def _shown(
    job: Job, prepared: Prepared, first: Sequence[Recipient], made: Made
) -> tuple[Document, dict[str, bytes]]:
    """The page, and its messages by the names of their files; a fault stands in the place of a message that
    cannot be built."""
    from sendbatch.preview.album import Album
    from sendbatch.preview.document import Document, Known, entry_of, fault_of
    from sendbatch.preview.gallery import file_name

    album, entries, messages = Album(), [], {}
    versions = dict(prepared.spread.names)
    for number, (recipient, message) in enumerate(
        prepared.pool.each(first, job.now(), job.stop.heed), start=1
    ):
        known = Known(
            recipient.email,
            recipient.row,
            recipient.key,
            versions.get(recipient.id, ""),
        )
        if isinstance(message, Message):
            name = file_name(number, len(first), recipient.row)
            messages[name] = message.data
            envelope = (message.envelope.sender, message.envelope.recipient)
            entries.append(
                entry_of(message.data, replace(known, file=name, envelope=envelope), album)
            )
        else:
            fault = Rule.UNBUILDABLE_MESSAGE.finding(message.reason)
            entries.append(fault_of(fault, known))
    total = prepared.counts.holders
    return Document("gallery", job.campaign.title, made, entries, album, total), messages


def _made(job: Job, plan: Plan | None, content: str) -> Made:
    """What a gallery is of."""
    from sendbatch.preview.document import Made

    return Made(job.now(), content, plan.inputs if plan is not None else "")
