"""Attachments: those everybody gets, encoded once, and those of one recipient, read when needed.

A recipient's values choose a file below the folder that the author wrote, never one outside it,
by whatever links lead there, and none that the campaign itself reads or writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sendbatch.campaign.language.bounded import undeclared
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.model import FAIL, SEND_WITHOUT, Campaign
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Content, OwnFile, SharedFile
from sendbatch.message.folders import inside, unsafe
from sendbatch.message.mime import attached
from sendbatch.message.parts import File
from sendbatch.message.templates import Failed, Line
from sendbatch.runtime.paths import NO_SUCH_FILE, problem, spelled

# A pipe that took a file's place must not be waited for, and a link not be followed.
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Missing(Failed):
    """The recipient has no such file."""


@dataclass(frozen=True, slots=True)
class Survey:
    """A recipient's own attachments before they are read. `files` are (path, bytes). `fault` is why one
    cannot be had, and `is_missing` says that it is not there; `fails` that the row alone is to fail by
    what is wrong; `lacks` that the mail goes without one. `size` are the bytes of all attachments
    on the wire, and `too_large_fails` says that the row alone is to fail where they are too many."""

    files: tuple[tuple[Path, int], ...] = ()
    size: int = 0
    fault: str | None = None
    is_missing: bool = False
    fails: bool = False
    lacks: bool = False
    too_large_fails: bool = False


_NO_FAULT = Survey()


@dataclass(frozen=True, slots=True)
class _Own:
    file: OwnFile
    root: str  # the folder, links followed
    path: Line  # below the folder
    names: tuple[str, ...]  # that the path depends on


class Attachments:
    """Those of one content, in the order declared."""

    def __init__(self, declared: Sequence[SharedFile | OwnFile]) -> None:
        self._declared: list[File | _Own] = [
            attached(file.name, file.data) if isinstance(file, SharedFile) else _own(file)
            for file in declared
        ]
        self._shared = [file for file in self._declared if isinstance(file, File)]
        self._shared_size = sum(len(file.encoded) for file in self._shared)
        self.has_own = len(self._shared) < len(self._declared)

    def files(self, variables: dict[str, object]) -> Sequence[File]:
        """All, encoded. Raises Failed where one cannot be had, and is not to be left out."""
        if not self.has_own:
            return self._shared
        found = []
        for file in self._declared:
            try:
                found.append(file if isinstance(file, File) else _read(file, variables))
            except Missing:
                if not isinstance(file, _Own) or file.file.missing != SEND_WITHOUT:
                    raise
        return found

    def survey(self, variables: dict[str, object]) -> Survey:
        """What the recipient's own files are, without reading them."""
        found = _NO_FAULT
        files: list[tuple[Path, int]] = []
        kept = []
        for own in self._declared:
            if not isinstance(own, _Own):
                continue
            try:
                path, written = _path(own, variables)
                files.append((path, _allowed(own, path, written, path.stat).st_size))
                kept.append(own.file.missing == FAIL)
            except Failed as failed:
                found = _with_fault(found, own, failed)
        size = self._shared_size + encoded(sum(size for _, size in files))
        all_fail = bool(kept) and all(kept)
        if found is _NO_FAULT:
            return Survey(tuple(files), size, too_large_fails=all_fail)
        return replace(found, files=tuple(files), size=size, too_large_fails=all_fail)


def encoded(size: int) -> int:
    """Bytes on the wire for `size` bytes in base64, 76 characters a line (RFC 2045 §6.8)."""
    return -(-size // 57) * 78


def _with_fault(found: Survey, own: _Own, failed: Failed) -> Survey:
    """The first fault is told; one that refuses comes before one that only its row fails by."""
    is_missing = isinstance(failed, Missing)
    if is_missing and own.file.missing == SEND_WITHOUT:
        return replace(found, lacks=True)
    fails = own.file.missing == FAIL
    if found.fault is not None and (fails or not found.fails):
        return found
    return replace(found, fault=str(failed), is_missing=is_missing, fails=fails)


def _own(file: OwnFile) -> _Own:
    names = tuple(sorted(undeclared(environment().parse(file.rest))))
    return _Own(file, os.path.realpath(spelled(file.folder)), Line(_named(file), file.rest), names)


def _read(own: _Own, variables: dict[str, object]) -> File:
    path, written = _path(own, variables)
    try:
        descriptor = os.open(path, _READING)
    except OSError as error:
        raise _unreadable(written, error) from None
    with os.fdopen(descriptor, "rb") as file:
        # Of the file that is open: another may have taken its place meanwhile.
        _allowed(own, path, written, lambda: os.fstat(descriptor))
        return attached(written.rpartition("/")[2], file.read())


def _named(file: OwnFile) -> str:
    return f"attachment {file.pattern}"


def _path(own: _Own, variables: dict[str, object]) -> tuple[Path, str]:
    """The file, all links followed, and how it would be written in the campaign file."""
    rest = own.path.render(variables).strip()
    empty = [name for name in own.names if not str(variables.get(name, "-")).strip()]
    name = rest.rpartition("/")[2].strip()
    if not name or (empty and name.startswith(".")):
        raise Missing(f"{_named(own.file)}: {_emptiness(empty)}")
    prefix = own.file.pattern[: len(own.file.pattern) - len(own.file.rest)]
    written = prefix + rest
    wrong = unsafe(rest)
    if wrong is None:
        path = os.path.join(own.root, rest)
        real = inside(own.root, path if path.isascii() else spelled(Path(path)))
        wrong = "leads out of its folder by a link" if real is None else problem(real)
        if real is not None and wrong is None:
            return real, written
    if wrong == NO_SUCH_FILE:
        raise Missing(f"attachment {written}: {wrong}{f', and {_emptiness(empty)}' * bool(empty)}")
    raise Failed(f"attachment {written}: {wrong}{_cells(own, variables)}")


def _emptiness(names: Sequence[str]) -> str:
    if not names:
        return "what stands there is empty, and names no file"
    cells = "the cell of" if len(names) == 1 else "the cells of"
    return f"{cells} {' and '.join(names)} {'is' if len(names) == 1 else 'are'} empty"


def _cells(own: _Own, variables: dict[str, object]) -> str:
    """What a path was made of, for whoever looks for the cell at fault."""
    told = [
        f"{name} is {one_line(str(variables[name]), 60)}"
        for name in own.names[:3]
        if isinstance(variables.get(name), str)
    ]
    return f" ({', '.join(told)})" if told else ""


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


def open_attachments(content: Content, campaign: Campaign) -> Iterator[Finding]:
    """A warning for each path that is a cell's word alone: any file beside the campaign's own would do."""
    for number, file in enumerate(content.attachments):
        if isinstance(file, OwnFile) and file.rest == file.pattern:
            place = campaign.places.get(f"attachments.{number}.file")
            said = (
                f"attachments: a cell may name any file beside {campaign.file.name}: {file.pattern}"
            )
            hint = f"put these files into a folder of their own, and write files/{file.pattern}"
            yield Rule.OPEN_ATTACHMENT.finding(said, place, hint)


def _unreadable(written: str, error: OSError) -> Failed:
    if isinstance(error, FileNotFoundError):  # it was there a moment ago
        return Missing(f"attachment {written}: {NO_SUCH_FILE}")
    return Failed(f"attachment {written}: cannot be read ({error.strerror})")
