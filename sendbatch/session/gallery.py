"""The gallery of a rehearsal, in the record's folder: written by a dry run, removed once it is outdated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.errors import LedgerError
from sendbatch.ledger.sqlite import Ledger
from sendbatch.session.job import Job
from sendbatch.values import Message, Recipient

if TYPE_CHECKING:
    from sendbatch.preview.page import Made

# A run that finds no gallery imports nothing of that room: it begins that much sooner.

FOLDER = "preview"
SIZE = 10  # messages


def write(job: Job, ledger: Ledger, messages: Sequence[tuple[Recipient, Message]]) -> Path | None:
    """Returns the page to look at; None where it cannot be written, which the observer is told."""
    from sendbatch.preview.gallery import write_gallery

    try:
        job.record.make()
        return write_gallery(job.record.path / FOLDER, messages, job.campaign.title, _made(job, ledger))
    except LedgerError as unwritable:
        (found,) = unwritable.findings
        where = f"{found.place.file}: " if found.place is not None else ""
        job.observer.notice(f"the first messages are not written: {where}{found.message}")
        return None


def drop_outdated(job: Job, ledger: Ledger) -> None:
    """Remove a gallery of another text or list than the record has by now, and tell the observer."""
    folder = job.record.path / FOLDER
    if not folder.is_dir():
        return
    from sendbatch.preview.gallery import drop_unless_of

    if drop_unless_of(folder, _made(job, ledger)):
        job.observer.notice("the gallery was of another text or list than this run: it is removed")


def _made(job: Job, ledger: Ledger) -> Made:
    from sendbatch.preview.page import Made

    plan = ledger.reading.plan()
    inputs = plan.inputs if plan is not None else ""
    return Made(job.now(), ledger.reading.meta("content") or "", inputs)
