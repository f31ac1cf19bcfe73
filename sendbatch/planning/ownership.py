"""Whose record it is: of one project, and of one campaign file in it.

A second checkout of the project goes on with it. The same name from another path, or from another
project, is refused: it would take this record's people for its own, and what it has not reached for new.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from sendbatch.campaign.model import Belonging, Campaign
from sendbatch.campaign.project import belonging
from sendbatch.errors import GuardError, one_line, shell_line
from sendbatch.ledger.store import Draft, Reading
from sendbatch.words import count

PROJECT, PATH = "project", "path"  # meta; a record of version 1 has an absolute path alone
PLAIN = re.compile(r"[A-Za-z][\w./-]*")  # needs no quotes in YAML


@dataclass(frozen=True, slots=True)
class _Known:
    """What the record says. The path is relative to the project's root, absolute without a project."""

    project: str
    path: str

    def file(self, current: Belonging) -> Path:
        return (current.root if self.project else Path("/")) / self.path


def same_campaign(
    reading: Reading,
    campaign: Campaign,
    moved_from: str | None,
    command: str,
    *,
    is_shared: bool = False,
) -> str | None:
    """Hold the record to its project and path. Returns a notice where the file moved.

    `moved_from` is where it was, by a person's word; `command` the line that runs it again. A record that
    `is_shared` is of machines, too, on which other files are than here: that one is gone here says nothing.
    Raises GuardError.
    """
    path, current = reading.meta(PATH), campaign.belongs
    if path is None:
        if moved_from is not None:
            raise GuardError(
                f"--moved-from {moved_from}: there is no record of {campaign.name} here to go on with",
                hint="name the folder that holds it: --record DIR",
            )
        return None
    known = _Known(reading.meta(PROJECT) or "", path)
    if known.project and known.project.casefold() != current.project.casefold():
        raise _foreign(reading, campaign, known)
    if _is_the_same(known, campaign):
        return None if moved_from is None else "--moved-from: the record is of this file already"
    if moved_from is not None and not _names(moved_from, known, current):
        raise GuardError(
            f"--moved-from {moved_from}: the record of {campaign.name} belongs to {known.path}"
        )
    if moved_from is None and (is_shared or not _is_gone(known.file(current))):
        raise _elsewhere(reading, campaign, known, command)
    return f"the campaign file moved: {known.path} is now {current.path}"


def hold_project(reading: Reading, campaign: Campaign) -> None:
    """Raises GuardError where the record is another project's: nobody would find it where this one's is."""
    known = _Known(reading.meta(PROJECT) or "", reading.meta(PATH) or "")
    if known.project and known.project.casefold() != campaign.belongs.project.casefold():
        raise _foreign(reading, campaign, known)


def remember(draft: Draft, campaign: Campaign) -> None:
    """Write down what `same_campaign` compares with."""
    draft.remember(PROJECT, campaign.belongs.project)
    draft.remember(PATH, campaign.belongs.path)


def _is_the_same(known: _Known, campaign: Campaign) -> bool:
    current, old = campaign.belongs, known.file(campaign.belongs)
    if known.project and known.path == current.path:
        return True
    if _real(old) == _real(campaign.file):
        return True
    if known.project or not current.project or _is_gone(old):
        return False
    # Written before there was a project: the other file may be this one in another checkout.
    other = belonging(old)
    return (other.project.casefold(), other.path) == (current.project.casefold(), current.path)


def _names(typed: str, known: _Known, current: Belonging) -> bool:
    return typed == known.path or _real(Path(typed)) == _real(known.file(current))


def _real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:  # a NUL, which a record of somebody else's making may hold
        return ""


def _is_gone(path: Path) -> bool:
    """Seen to be gone: a file that may not be looked at is taken to be there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError:
        return False
    return False


def _elsewhere(reading: Reading, campaign: Campaign, known: _Known, command: str) -> GuardError:
    is_gone = _is_gone(known.file(campaign.belongs))
    where = "which may be on another machine" if is_gone else "which is still there"
    return GuardError(
        f"the record of {campaign.name} belongs to another file: {one_line(known.path, 300)}, "
        f"{where}, not to {campaign.belongs.path}",
        hint=f"if it moved here, go on with the record:  {command} "
        f"{shell_line('--moved-from', known.path)}\n  {_another_name(reading)}",
    )


def _foreign(reading: Reading, campaign: Campaign, known: _Known) -> GuardError:
    current = campaign.belongs.project
    whose = f"this file to {current}" if current else "nothing says that this file does"
    project = one_line(known.project, 300)
    written = project if PLAIN.fullmatch(project) else json.dumps(project, ensure_ascii=False)
    return GuardError(
        f"the record of {campaign.name} belongs to another project: {project} "
        f"({one_line(known.path, 300)}), and {whose}",
        hint="if it is the same under another name, or a copy without its repository, write at the top "
        f"of profiles.yaml:  project: {written}\n  {_another_name(reading)}",
    )


def _another_name(reading: Reading) -> str:
    """What to do where it is another campaign, and what that would do to whom this one reached."""
    reached = sum(number for _, number in reading.contents())
    again = (
        f", and would mail the {count(reached, 'recipient')} of this one again who are on its list"
        if reached
        else ""
    )
    return f"if it is another campaign, give it another name: its record then knows nobody{again}"
