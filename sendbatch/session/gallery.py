"""The gallery as files: written in the record's folder or elsewhere, and removed once it is outdated."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.errors import CampaignError, LedgerError, shown
from sendbatch.findings import Rule
from sendbatch.ledger.facts import Plan
from sendbatch.session.job import Job

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview
    from sendbatch.session.showing import Showing

# A run that finds no gallery imports nothing of that room: it begins that much sooner.

FOLDER = "preview"


@dataclass(frozen=True, slots=True)
class Gallery:
    """A page that was written, and the plan whose messages it shows."""

    page: Path
    plan: Overview

    @property
    def exit_code(self) -> int:
        """As that of the plan."""
        return self.plan.exit_code


def write(job: Job, showing: Showing, overview: Overview, out: Path | None = None) -> Path:
    """The page's path: in the record's folder with each mail beside it, or the page alone as `out`. Raises
    LedgerError where it cannot be written."""
    from sendbatch.preview.gallery import write_gallery, write_page

    document, messages = showing.shown(showing.choice(), overview)
    if showing.stays:
        job.observer.notice(f"masked: {showing.stays}")
    if out is not None:
        write_page(out, document)
        return out
    job.record.make()
    return write_gallery(job.record.path / FOLDER, document, messages)


def write_if_possible(job: Job, showing: Showing, overview: Overview) -> Path | None:
    """As `write`; None where it cannot be written, which the observer is told."""
    try:
        return write(job, showing, overview)
    except LedgerError as unwritable:
        (found,) = unwritable.findings
        where = f"{found.place.file}: " if found.place is not None else ""
        job.observer.notice(f"the gallery is not written: {where}{found.message}")
        return None


def hold_out(out: Path | None) -> None:
    """Before anything is made for it. Raises CampaignError where the file is there and is no page of ours,
    or its folder cannot be written, or what is meant is no file."""
    from sendbatch.preview.gallery import is_gallery

    if out is None:
        return
    if out == Path("-"):
        said = "--out -: the page is written to a file, and not to the standard output"
        raise CampaignError(Rule.WRONG_USAGE.finding(said, hint="name a file: --out page.html"))
    if not os.access(out.parent, os.W_OK | os.X_OK):
        wrong = "cannot be written" if out.parent.is_dir() else "is not there"
        said = f"--out {shown(out)}: its folder {wrong}"
        raise CampaignError(Rule.WRONG_USAGE.finding(said, hint="name a file in another folder"))
    if not is_gallery(out):
        said = f"--out {shown(out)}: this file is there, and it is no gallery"
        raise CampaignError(Rule.WRONG_USAGE.finding(said, hint="name another file, or remove that one"))


def drop_outdated(job: Job, plan: Plan | None, content: str) -> None:
    """Remove a gallery of another text or list than the record is about to have, and tell the observer:
    however the run ends, no older page lies beside it."""
    folder = job.record.path / FOLDER
    if not folder.is_dir():
        return
    from sendbatch.preview.document import Made
    from sendbatch.preview.gallery import drop_unless_of

    made = Made(job.now(), content, plan.inputs if plan is not None else "")
    if drop_unless_of(folder, made):
        job.observer.notice("the gallery is not known to be of this run's text and list: it is removed")
