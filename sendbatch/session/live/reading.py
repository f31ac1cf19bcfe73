"""The campaign and what everybody gets, read again, with what is to be watched from then on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sendbatch.campaign.model import Campaign
from sendbatch.errors import SendbatchError
from sendbatch.message.content import Content, OwnFile
from sendbatch.preview.live.watching import Watched
from sendbatch.runtime.looked_at import LookedAt, looked_at
from sendbatch.session.job import Job
from sendbatch.session.preparation import content_of

MOST_FOLDERS = 500  # where rows have files of their own, and where versions of a letter lie


@dataclass(frozen=True, slots=True)
class Read:
    """What could be read; `content` is None where something is wrong, which `error` says. `watched` are all
    files that were read or looked for, up to the fault too."""

    job: Job | None
    content: Content | None
    error: SendbatchError | None
    watched: Watched


def read(job_of_now: Callable[[], Job], apart: Iterable[Path] = ()) -> Read:
    """Reads the campaign file, and all that its messages are made of. Nothing in a folder of `apart` is
    watched, nor in that of its records."""
    job = content = error = None
    with looked_at() as found:
        try:
            job = _without_look_ups(job_of_now())
            content = content_of(job)
        except SendbatchError as raised:
            error = raised
    return Read(job, content, error, _watched(found, job, content, apart))


def _without_look_ups(job: Job) -> Job:
    """A row whose domain takes no mail is a matter of `check`: nobody waits for that at each save."""
    recipients = replace(job.campaign.recipients, check_deliverability=False)
    return replace(job, campaign=replace(job.campaign, recipients=recipients))


def _watched(
    found: LookedAt, job: Job | None, content: Content | None, apart: Iterable[Path]
) -> Watched:
    beside = [os.path.realpath(one) for one in apart]
    paths, folders = set(found.files), set[str]()
    open_folders: set[str] = set()
    if job is not None:
        beside.append(os.path.realpath(job.record.base))
        paths.update(map(str, _besides(job.campaign)))
        if job.campaign.templates.by_row:
            folders.update(sorted(found.folders)[:MOST_FOLDERS])
    if content is not None:
        open_folders = {*map(os.path.realpath, _of_rows(content))}
    files = {_named(path) for path in paths} | {os.path.realpath(path) for path in paths}
    folders = {os.path.realpath(folder) for folder in folders} | open_folders
    folders |= {_nearest(os.path.dirname(path)) for path in files}
    return Watched(
        frozenset(file for file in files if not _is_below(file, beside)),
        frozenset(folder for folder in folders if not _is_below(folder, beside)),
        frozenset(open_folders),
        tuple(beside),
    )


def _besides(campaign: Campaign) -> Iterable[Path]:
    """What is read elsewhere: rows, lists, and secrets, of which nothing is shown."""
    yield campaign.recipients.file
    yield from (one.file for one in campaign.suppress)
    yield campaign.folder / ".env"
    if campaign.profile.source is not None:
        yield campaign.profile.source.parent / ".env"


def _of_rows(content: Content) -> Iterable[Path]:
    """Where rows have files of their own: the author's part of their paths, and what is below it as far as
    the rest says."""
    own = [one for one in (*content.attachments, content.invite) if isinstance(one, OwnFile)]
    depths = [(one.folder, one.rest.count("/")) for one in own]
    depths += [(one.folder, 1) for texts in content.texts for one in texts.own_pictures]
    found: dict[Path, None] = {}
    for folder, depth in depths:
        level = [folder]
        for _ in range(depth + 1):
            found |= dict.fromkeys(level)
            if len(found) > MOST_FOLDERS:
                return [*found][:MOST_FOLDERS]
            level = [below for one in level for below in _below(one)]
    return [*found]


def _below(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(one.path) for one in entries if one.is_dir() and one.name[0] != "."]
    except OSError:
        return []


def _named(path: str) -> str:
    """Its folder's links followed, its own name kept: so the operating system tells of it."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.realpath(folder), name)


def _nearest(folder: str) -> str:
    """The folder, or the next one above that is there."""
    while not os.path.isdir(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return folder


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path == one or path.startswith(one.rstrip(os.sep) + os.sep) for one in folders)
