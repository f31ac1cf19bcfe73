"""The edition before, which a plan is held against: what this record sent last, else the newest record of
this campaign beside it that has sent anything."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sendbatch.campaign.dkim import signed_by
from sendbatch.campaign.model import Campaign
from sendbatch.errors import SendbatchError, one_line
from sendbatch.ledger import letters
from sendbatch.ledger.ending import ended_of
from sendbatch.ledger.folder import RecordFolder
from sendbatch.ledger.records import all_in_database, has_record, read_record
from sendbatch.ledger.store import Draft, Reading
from sendbatch.message.content import Content
from sendbatch.message.remembered import letter_of, unpacked
from sendbatch.planning.comparing import (
    Comparison,
    files_changed,
    people_changed,
    texts_changed,
    variables_changed,
)
from sendbatch.planning.guards import SIGNED_BY, server_of
from sendbatch.planning.identity import salt_in
from sendbatch.planning.keys import other_key
from sendbatch.session.history import folders_of
from sendbatch.session.job import Job
from sendbatch.values import Status

MOST_LOOKED_AT = 50  # records, the newest by their files
IN_A_REPOSITORY = "a record in the repository keeps receipts alone, no texts and no lists"
NOT_REMEMBERED = "the record does not hold it"


def compared(job: Job, draft: Draft, content: Content) -> Comparison | None:
    """None where nothing was sent before, as far as the records here tell."""
    own = draft.reading
    if job.record.repository is not None:
        if not own.has_tried():
            return None
        return Comparison("what was sent before", 0, None, unknown=IN_A_REPOSITORY)
    digest = _sent_last(own)
    if digest is None and not job.profile.delivers:  # one that begins anew forgot whom it reached
        digest = next(reversed(letters.digests(own)), None)
    if digest is not None:
        return _comparison(job, draft, content, own, digest, is_own=True)
    for folder in _newest_first(job):
        try:
            with _read(folder) as then:
                digest = _sent_last(then)
                if digest is not None and _is_other(then, job.campaign, folder.path):
                    return _comparison(job, draft, content, then, digest, is_own=False)
        except SendbatchError as error:
            job.observer.notice(f"{one_line(folder.path.name, 200)} is not compared with: {error.message}")
    return None


def _sent_last(reading: Reading) -> str | None:
    """The digest of what somebody was sent last, "" where that is not known; None where nobody was."""
    if not reading.has_tried():
        return None
    contents = reading.contents()
    if contents:
        return contents[-1][0]
    return "" if reading.totals().get(Status.ACCEPTED) else None


def _newest_first(job: Job) -> Iterator[RecordFolder]:
    """Records beside this one, by when their last run ended; those whose files are oldest, and those whose
    editions come first by name in a database, are not looked at."""
    job.record.refuse_links()
    if not job.record.is_read:
        return
    if job.record.database is not None:
        near = [one for one in all_in_database(job.record) if one.path != job.record.path]
        near.sort(key=lambda one: one.run, reverse=True)
    else:
        there = folders_of(job.campaign.name, job.record.base)
        paths = sorted((path for path in there if path != job.record.path), key=_written, reverse=True)
        near = [RecordFolder(path.parent, path.name) for path in paths]
    yield from sorted(near[:MOST_LOOKED_AT], key=_ended, reverse=True)


@contextlib.contextmanager
def _read(folder: RecordFolder) -> Iterator[Reading]:
    """The record there. Raises LedgerError."""
    with read_record(folder) as record:
        assert record is not None  # it is in no repository
        yield record.reading


def _written(path: Path) -> float:
    try:
        return max(entry.stat().st_mtime for entry in os.scandir(path) if entry.name.startswith("ledger."))
    except (OSError, ValueError):
        return 0.0


def _ended(folder: RecordFolder) -> float:
    """0 of what is no record, or none that can be read: who comes to it is told why."""
    path = folder.path
    try:
        if (folder.is_here and path.is_symlink()) or not has_record(folder):
            return 0.0
        with _read(folder) as then:
            ended = ended_of(then)
            latest = 0.0 if folder.is_here else then.latest()
    except SendbatchError:
        return _written(path)
    return ended.at if ended is not None else latest or _written(path)


def _is_other(reading: Reading, campaign: Campaign, path: Path) -> bool:
    """Whether it is of this campaign, and of mail that was delivered: a rehearsal reached nobody. The folder
    `news@1.test` may be that of edition 1.test, or of 1 through a profile `test`: its record knows."""
    name, run = reading.meta("name"), reading.meta("run") or ""
    return name == campaign.name and path.name == (f"{name}@{run}" if run else name)


def _comparison(
    job: Job, draft: Draft, content: Content, then: Reading, digest: str, *, is_own: bool
) -> Comparison:
    """With what stands in this record; `digest` is of what it sent last."""
    campaign, told = job.campaign, then.meta
    found = Comparison(
        title=_title(told("run") or "", is_own=is_own),
        sent=then.totals().get(Status.ACCEPTED, 0),
        at=then.span()[1],
        is_same=digest == content.digest,
        server=_differing(told("server"), server_of(campaign.profile)),
        signed_by=_differing(told(SIGNED_BY), signed_by(campaign.profile)),
    )
    found = _with_people(found, job, draft, then, None if is_own else other_key(then, campaign))
    if found.is_same:
        return found
    kept = letters.letter_in(then, digest) if digest else None
    before = unpacked(kept) if kept is not None else None
    if before is None:
        return replace(found, unknown=NOT_REMEMBERED)
    now = letter_of(content, salt_in(then))
    return replace(
        found,
        texts=texts_changed(before, now),
        files=files_changed(before, now),
        variables=variables_changed(before, now),
    )


def _title(run: str, *, is_own: bool) -> str:
    named = f"edition {one_line(run, 200)}" if run else "the edition without a name"
    return "what was sent of it last" if is_own else named


def _differing(then: str | None, now: str) -> tuple[str, str] | None:
    """None where they are the same, or it is not known."""
    return None if then is None or then == now else (one_line(then, 200), now)


def _with_people(
    found: Comparison, job: Job, draft: Draft, then: Reading, keyed_by: str | None
) -> Comparison:
    if keyed_by is not None:
        return replace(found, incomparable=f"recipients.key was {keyed_by} then")
    heeding = job.stop.heeding
    before = (one.key for one in heeding(then.holders()))
    now = (one.key for one in heeding(draft.people.holders()))
    return replace(found, people=people_changed(before, now))
