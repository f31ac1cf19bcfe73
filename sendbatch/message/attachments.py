"""Attachments: those everybody gets, encoded once, and those of one recipient, read when needed.

A recipient's values choose a file below the folder that the author wrote, never one outside it,
by whatever links lead there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sendbatch.campaign.paths import problem
from sendbatch.message.content import OwnFile, SharedFile
from sendbatch.message.folders import inside, unsafe
from sendbatch.message.mime import attachment_part
from sendbatch.message.templates import Failed, Line


@dataclass(frozen=True, slots=True)
class _Own:
    file: OwnFile
    path: Line  # below the folder


class Attachments:
    """Those of one content, in the order declared."""

    def __init__(self, declared: Sequence[SharedFile | OwnFile]) -> None:
        self._parts: list[bytes | _Own] = [
            attachment_part(file.name, file.data)
            if isinstance(file, SharedFile)
            else _Own(file, Line(f"attachment {file.pattern}", file.rest))
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
                try:
                    found.append((path, path.stat().st_size))
                except OSError as error:
                    raise _unreadable(written, error) from None
        return found

    def _read(self, own: _Own, variables: dict[str, object]) -> bytes:
        path, written = _path(own, variables)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _unreadable(written, error) from None
        return attachment_part(written.rpartition("/")[2], data)


def _path(own: _Own, variables: dict[str, object]) -> tuple[Path, str]:
    """The file, all links followed, and how it would be written in the campaign file."""
    rest = own.path.render(variables)
    prefix = own.file.pattern[: len(own.file.pattern) - len(own.file.rest)]
    written = prefix + rest
    wrong = unsafe(rest)
    if wrong is None:
        path = own.file.folder / rest
        real = inside(own.file.folder, path)
        wrong = "leads out of its folder by a link" if real is None else problem(real)
        if real is not None and wrong is None:
            return real, written
    raise Failed(f"attachment {written}: {wrong}")


def _unreadable(written: str, error: OSError) -> Failed:
    return Failed(f"attachment {written}: cannot be read ({error.strerror})")
