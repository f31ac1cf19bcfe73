"""What the sandbox kept, on one page: the newest of the mails, and the proofs apart from them.

The files lie in a folder of the user's, who may have put others there, or changed them: what is no whole mail
is shown as a fault in its place.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from email.utils import parseaddr
from heapq import nlargest
from pathlib import Path

from sendbatch.errors import CampaignError, LedgerError, Place, one_line, shown
from sendbatch.findings import Rule
from sendbatch.preview.album import Album
from sendbatch.preview.document import Document, Entry, Group, Known, Made, entry_of, fault_of
from sendbatch.preview.gallery import write_page
from sendbatch.sandbox import MOST_BYTES, NUMBERED
from sendbatch.session.commands import CommandLines
from sendbatch.session.gallery import hold_out
from sendbatch.session.job import Job
from sendbatch.session.server import OUTBOX, PAGE, PROOFS
from sendbatch.words import count, listed

MOST_SHOWN = {"send": 200, "proof": 100}
MOST_READ = 64 * 1024 * 1024  # bytes of all mails on a page


@dataclass(frozen=True, slots=True)
class _Kept:
    """Mails of one kind: the newest of them, and how many there are in all."""

    group: Group
    folder: Path
    newest: Sequence[str]
    number: int

    @property
    def last(self) -> float:
        """When the newest came, in seconds since the epoch."""
        try:
            return (self.folder / self.newest[0]).lstat().st_mtime
        except (OSError, IndexError):
            return 0.0


def write(job: Job, out: Path | None) -> Path:
    """Write the page; returns its path. Raises CampaignError where nothing was kept yet, or `out` is a file
    of another kind, LedgerError."""
    hold_out(out)
    job.record.refuse_links()
    folder = job.record.path / OUTBOX
    kept = [_kept("send", folder), _kept("proof", folder / PROOFS)]
    if not any(one.number for one in kept):
        raise _nothing(job, folder)
    kept.sort(key=lambda one: one.last, reverse=True)
    page = out or job.record.path / PAGE
    write_page(page, _document(job, kept, None if out else job.record.path))
    return page


def _kept(group: Group, folder: Path) -> _Kept:
    """Raises LedgerError where the folder cannot be read, or is a link that nobody named."""
    if folder.is_symlink():
        said = "a symbolic link stands where the outbox belongs, and nothing is read through one"
        raise LedgerError(f"{shown(folder)}: {said}")
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if NUMBERED.fullmatch(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        names = []
    except OSError as error:
        raise LedgerError(f"{shown(folder)}: cannot be read: {error.strerror}") from None
    newest = nlargest(MOST_SHOWN[group], names, key=lambda name: int(name.removesuffix(".eml")))
    return _Kept(group, folder, newest, len(names))


def _nothing(job: Job, folder: Path) -> CampaignError:
    said = f"{shown(folder)}: the sandbox has kept no mail of this campaign yet"
    line = CommandLines(job.campaign, job.record.given).run()
    lines = f"this run keeps every mail there and delivers none:\n    {line}"
    editions = [one_line(one, 80) or "(without a name)" for one in job.record.editions()]
    if editions:
        lines += f"\n  there are mails of other editions (--run): {listed(editions, 10)}"
    return CampaignError(said, hint=lines)


def _document(job: Job, kept: Sequence[_Kept], beside: Path | None) -> Document:
    """`beside` is the folder that the page lies in, if the mails lie below it."""
    album, entries, left = Album(), [], MOST_READ
    for one in kept:
        for name in one.newest:
            if left <= 0:
                break
            entry = _entry(one, name, album, beside)
            entries.append(entry)
            left -= entry.size
    in_all = sum(one.number for one in kept)
    made = Made(job.now())
    note = [*_said(kept, entries)]
    return Document("outbox", job.campaign.title, made, entries, album, in_all, note=note)


def _said(kept: Sequence[_Kept], entries: Sequence[Entry]) -> Iterator[str]:
    yield "The sandbox kept these mails and delivered none of them."
    for one in kept:
        here = sum(entry.group == one.group for entry in entries)
        if here < one.number:
            what = "proof" if one.group == "proof" else "mail"
            where = shown(one.folder)
            yield f"The newest {here:,} of {count(one.number, what)} are shown; all of them are in {where}."


def _entry(kept: _Kept, name: str, album: Album, beside: Path | None) -> Entry:
    path = kept.folder / name
    file = path.relative_to(beside).as_posix() if beside is not None else ""
    number = name.removesuffix(".eml")
    known = Known(name, group=kept.group, file=file, id=f"{kept.group}-{number}")
    try:
        data = _read(path)
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        said = "is a symbolic link, and is not followed" if is_link else error.strerror or str(error)
        return fault_of(Rule.UNREADABLE_FILE.finding(said, Place(shown(path))), replace(known, file=""))
    if (wrong := _no_mail(data)) is not None:
        return fault_of(Rule.UNREADABLE_FILE.finding(wrong, Place(shown(path))), known)
    entry = entry_of(data, known, album)
    return replace(entry, email=parseaddr(entry.to)[1] or entry.to or name)


def _read(path: Path) -> bytes:
    """Raises OSError, also where a link or no file stands there."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "is no file")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MOST_BYTES + 1)


def _no_mail(data: bytes) -> str | None:
    """Why this is nothing that the sandbox kept: it writes each mail as it came, to its end."""
    if len(data) > MOST_BYTES:
        return "is larger than any mail that the sandbox takes"
    if not data.endswith(b"\r\n") or b"\r\n\r\n" not in data:
        return "is no whole mail: its end is missing, or it was changed"
    return None
