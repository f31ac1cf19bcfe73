"""Attachments: those everybody gets, encoded once, and those of one recipient, read when needed.

A recipient's values choose a file below the folder that the author wrote, never one outside it,
by whatever links lead there, and none that the campaign itself reads or writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sendbatch.campaign.model import Campaign
from sendbatch.campaign.paths import problem
from sendbatch.errors import Fault
from sendbatch.message.content import Content, OwnFile, SharedFile
from sendbatch.message.folders import inside, unsafe
from sendbatch.message.mime import attachment_part
from sendbatch.message.templates import Failed, Line

# A pipe that took a file's place must not be waited for, and a link not be followed.
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class _Own:
    file: OwnFile
    root: str  # the folder, links followed
    path: Line  # below the folder


class Attachments:
    """Those of one content, in the order declared."""

    def __init__(self, declared: Sequence[SharedFile | OwnFile]) -> None:
        self._parts: list[bytes | _Own] = [
            attachment_part(file.name, file.data)
            if isinstance(file, SharedFile)
            else _Own(file, os.path.realpath(file.folder), Line(_named(file), file.rest))
            for file in declared
        ]
        self.has_own = any(isinstance(part, _Own) for part in self._parts)

    def parts(self, variables: dict[str, object]) -> list[bytes]:
        """All as MIME parts. Raises Failed where one cannot be had."""
        if not self.has_own:
            return [part for part in self._parts if isinstance(part, bytes)]
        return [
            part if isinstance(part, bytes) else self._read(part, variables) for part in self._parts
        ]

    def survey(self, variables: dict[str, object]) -> list[tuple[Path, int]]:
        """The recipient's own files and their sizes in bytes. Raises Failed as `parts` does."""
        found = []
        for part in self._parts:
            if isinstance(part, _Own):
                path, written = _path(part, variables)
                found.append((path, _allowed(part, path, written, path.stat).st_size))
        return found

    def _read(self, own: _Own, variables: dict[str, object]) -> bytes:
        path, written = _path(own, variables)
        try:
            descriptor = os.open(path, _READING)
        except OSError as error:
            raise _unreadable(written, error) from None
        with os.fdopen(descriptor, "rb") as file:
            # Of the file that is open: another may have taken its place meanwhile.
            _allowed(own, path, written, lambda: os.fstat(descriptor))
            return attachment_part(written.rpartition("/")[2], file.read())


def _named(file: OwnFile) -> str:
    return f"attachment {file.pattern}"


def _path(own: _Own, variables: dict[str, object]) -> tuple[Path, str]:
    """The file, all links followed, and how it would be written in the campaign file."""
    rest = own.path.render(variables)
    if not rest.strip():
        raise Failed(f"{_named(own.file)}: what stands there is empty, and names no file")
    prefix = own.file.pattern[: len(own.file.pattern) - len(own.file.rest)]
    written = prefix + rest
    wrong = unsafe(rest)
    if wrong is None:
        real = inside(own.root, os.path.join(own.root, rest))
        wrong = "leads out of its folder by a link" if real is None else problem(real)
        if real is not None and wrong is None:
            return real, written
    raise Failed(f"attachment {written}: {wrong}")


def _allowed(
    own: _Own, path: Path, written: str, look: Callable[[], os.stat_result]
) -> os.stat_result:
    """What the system says of the file. Raises Failed where no value may lead to it."""
    try:
        status = look()
    except OSError as error:
        raise _unreadable(written, error) from None
    if (wrong := own.file.off_limits.why(own.root, str(path), status)) is not None:
        raise Failed(f"attachment {written}: {wrong}")
    return status


def advice(content: Content, campaign: Campaign) -> Iterator[Fault]:
    """A warning for each path that is a cell's word alone: any file beside the campaign's own would do."""
    for number, file in enumerate(content.attachments):
        if isinstance(file, OwnFile) and file.rest == file.pattern:
            place = campaign.places.get(f"attachments.{number}")
            said = (
                f"attachments: a cell may name any file beside {campaign.file.name}: {file.pattern}"
            )
            hint = f"put these files into a folder of their own, and write files/{file.pattern}"
            yield Fault(said, place, hint, severity="warning")


def _unreadable(written: str, error: OSError) -> Failed:
    return Failed(f"attachment {written}: cannot be read ({error.strerror})")
