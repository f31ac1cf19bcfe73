"""Attachments: those everybody gets, encoded once, and those of one recipient, read or named when needed.

A recipient's values choose a file below the folder that the author wrote, never one outside it,
by whatever links lead there, and none that the campaign itself reads or writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sendbatch.campaign.language.bounded import undeclared
from sendbatch.campaign.language.environment import environment
from sendbatch.campaign.model import FAIL, REFUSE, SEND_WITHOUT
from sendbatch.errors import one_line
from sendbatch.message.content import OwnFile, SharedFile
from sendbatch.message.folders import inside, unsafe
from sendbatch.message.headers import one_line as in_header
from sendbatch.message.mime import attached
from sendbatch.message.parts import File
from sendbatch.message.quoted import base64_lines
from sendbatch.message.templates import Failed, LineTemplate
from sendbatch.runtime.paths import NO_SUCH_FILE, problem, spelled

# A pipe that took a file's place must not be waited for, and a link not be followed.
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Missing(Failed):
    """The recipient has no such file."""


class Unavailable(NamedTuple):
    """Why a recipient's file cannot be had. `is_missing`: it is not there; else it must not be attached, or
    cannot be read. `fails`: by that the row alone is to fail, and the plan is not refused."""

    reason: str
    is_missing: bool
    fails: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """A recipient's own attachments before they are read: `files` are (path, bytes), `size` the bytes of all
    attachments on the wire, `own` those of the recipient's own files among them. `goes_without`: the mail is
    sent without one of them. `fails_if_too_large`: the row alone is to fail where the server does not take
    so many bytes. `has_version`: the row leads to a version of the content; else `unavailable` says why it
    does not."""

    files: tuple[tuple[Path, int], ...] = ()
    size: int = 0
    unavailable: Unavailable | None = None
    goes_without: bool = False
    fails_if_too_large: bool = False
    own: int = 0
    has_version: bool = True


@dataclass(frozen=True, slots=True)
class _Own:
    """An OwnFile, its path compiled; `what` names it in reasons."""

    file: OwnFile
    root: str  # the folder, links followed
    path: LineTemplate  # below the folder
    names: tuple[str, ...]  # that the path depends on
    saved_as: LineTemplate | None
    what: str = "attachment"


@dataclass(frozen=True, slots=True)
class _Renamed:
    """A file that everybody gets, each under a name of their own."""

    file: SharedFile
    encoded: bytes  # in base64
    saved_as: LineTemplate


class Attachments:
    """Those of one content, in the order declared."""

    def __init__(self, declared: Sequence[SharedFile | OwnFile]) -> None:
        self._declared: list[File | _Own | _Renamed] = [
            _shared(file) if isinstance(file, SharedFile) else _own(file) for file in declared
        ]
        self.shared = [file for file in self._declared if isinstance(file, File)]
        self._shared_size = sum(
            len(file.encoded) for file in self._declared if not isinstance(file, _Own)
        )
        self.has_own = len(self.shared) < len(self._declared)

    def files(self, variables: dict[str, object]) -> Sequence[File]:
        """All, encoded. Raises Failed where one cannot be had, and is not to be left out."""
        found = []
        for file in self._declared:
            try:
                found.append(_file(file, variables))
            except Missing:
                if not isinstance(file, _Own) or file.file.missing != SEND_WITHOUT:
                    raise
        return found

    def survey(self, variables: dict[str, object]) -> Survey:
        """What the recipient's own files are, without reading them."""
        files: list[tuple[Path, int]] = []
        policies: list[str] = []  # of the files that are there
        unavailable: list[Unavailable] = []
        goes_without = False
        for own in self._declared:
            if isinstance(own, File):
                continue
            policy = own.file.missing if isinstance(own, _Own) else REFUSE
            try:
                if isinstance(own, _Own):
                    path, written = _path(own, variables)
                    files.append((path, _allowed(own, path, written, path.stat).st_size))
                    policies.append(policy)
                if own.saved_as is not None:
                    _name(own.saved_as, variables)
            except Failed as failed:
                is_missing = isinstance(failed, Missing)
                if is_missing and policy == SEND_WITHOUT:
                    goes_without = True
                else:
                    unavailable.append(Unavailable(str(failed), is_missing, policy == FAIL))
        own_size = sum(encoded(size) for _, size in files)
        return Survey(
            tuple(files),
            self._shared_size + own_size,
            _most_serious(unavailable),
            goes_without,
            fails_if_too_large=bool(policies) and set(policies) == {FAIL},
            own=own_size,
        )


class OwnFiles:
    """The files of one path with a template in it, to be read; `what` names them in reasons."""

    def __init__(self, file: OwnFile, what: str) -> None:
        self._own = _own(file, what)

    def look(self, variables: dict[str, object]) -> tuple[Path, int]:
        """The recipient's file and its bytes, without reading it. Raises Failed."""
        path, written = _path(self._own, variables)
        return path, _allowed(self._own, path, written, path.stat).st_size

    def read(self, variables: dict[str, object], most: int = -1) -> tuple[str, bytes]:
        """Its name, and what is in it, of which no more than `most` bytes are read. Raises Failed."""
        written, data = _data(self._own, variables, most)
        return written.rpartition("/")[2], data


def encoded(size: int) -> int:
    """Bytes on the wire for `size` bytes in base64, 76 characters a line (RFC 2045 §6.8)."""
    return -(-size // 57) * 78


def _most_serious(unavailable: Sequence[Unavailable]) -> Unavailable | None:
    """The first that refuses the plan comes before the first that only its row fails by."""
    return min(unavailable, key=lambda one: one.fails, default=None)


def _shared(file: SharedFile) -> File | _Renamed:
    saved_as = _saved_as(file.name, file.saved_as)
    if saved_as is None or saved_as.fixed is not None:
        return attached(file.name, file.data, file.saved_as, file.media_type)
    return _Renamed(file, base64_lines(file.data), saved_as)


def _own(file: OwnFile, what: str = "attachment") -> _Own:
    names = tuple(sorted(undeclared(environment().parse(file.rest))))
    path = LineTemplate(f"{what} {file.pattern}", file.rest)
    saved_as = _saved_as(file.pattern, file.saved_as)
    return _Own(file, os.path.realpath(spelled(file.folder)), path, names, saved_as, what)


def _saved_as(file: str, source: str | None) -> LineTemplate | None:
    return None if source is None else LineTemplate(f"the name of attachment {file}", source)


def _name(saved_as: LineTemplate, variables: dict[str, object]) -> str:
    """What a file is saved under. Raises Failed where that names nothing."""
    name = in_header(saved_as.render(variables))
    empty = _empty(sorted(saved_as.names), variables)
    if not name.strip(".") or (empty and name.startswith(".")):
        raise Failed(f"{saved_as.what}: {_emptiness(empty)}")
    return name


def _file(one: File | _Own | _Renamed, variables: dict[str, object]) -> File:
    if isinstance(one, File):
        return one
    if isinstance(one, _Own):
        return _read(one, variables)
    file, name = one.file, _name(one.saved_as, variables)
    return attached(file.name, file.data, name, file.media_type, one.encoded)


def _read(own: _Own, variables: dict[str, object]) -> File:
    written, data = _data(own, variables)
    name = None if own.saved_as is None else _name(own.saved_as, variables)
    return attached(written.rpartition("/")[2], data, name, own.file.media_type)


def _data(own: _Own, variables: dict[str, object], most: int = -1) -> tuple[str, bytes]:
    """How the file would be written in the campaign file, and what is in it, or the first `most` bytes."""
    path, written = _path(own, variables)
    try:
        descriptor = os.open(path, _READING)
    except OSError as error:
        raise _unreadable(own, written, error) from None
    with os.fdopen(descriptor, "rb") as file:
        # Of the file that is open: another may have taken its place meanwhile.
        _allowed(own, path, written, lambda: os.fstat(descriptor))
        return written, file.read(most)


def _path(own: _Own, variables: dict[str, object]) -> tuple[Path, str]:
    """The file, all links followed, and how it would be written in the campaign file."""
    rest = own.path.render(variables).strip()
    empty = _empty(own.names, variables)
    name = rest.rpartition("/")[2].strip()
    if not name or (empty and name.startswith(".")):
        raise Missing(f"{own.path.what}: {_emptiness(empty)}")
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
        also = f", and {_emptiness(empty)}" if empty else ""
        raise Missing(f"{own.what} {written}: {wrong}{also}")
    raise Failed(f"{own.what} {written}: {wrong}{_cells(own, variables)}")


def _empty(names: Sequence[str], variables: dict[str, object]) -> list[str]:
    return [name for name in names if not str(variables.get(name, "-")).strip()]


def _emptiness(names: Sequence[str]) -> str:
    if not names:
        return "what stands there is empty, and names no file"
    cells = "the cell of" if len(names) == 1 else "the cells of"
    return f"{cells} {' and '.join(names)} {'is' if len(names) == 1 else 'are'} empty"


def _cells(own: _Own, variables: dict[str, object]) -> str:
    """What a path was made of, for whoever looks for the cell at fault."""
    cells = [
        f"{name} is {one_line(str(variables[name]), 60)}"
        for name in own.names[:3]
        if isinstance(variables.get(name), str)
    ]
    return f" ({', '.join(cells)})" if cells else ""


def _allowed(
    own: _Own, path: Path, written: str, look: Callable[[], os.stat_result]
) -> os.stat_result:
    """What the system says of the file. Raises Failed where no value may lead to it."""
    try:
        status = look()
    except OSError as error:
        raise _unreadable(own, written, error) from None
    if (wrong := own.file.off_limits.why(own.root, str(path), status)) is not None:
        raise Failed(f"{own.what} {written}: {wrong}")
    return status


def _unreadable(own: _Own, written: str, error: OSError) -> Failed:
    if isinstance(error, FileNotFoundError):  # it was there a moment ago
        return Missing(f"{own.what} {written}: {NO_SUCH_FILE}")
    return Failed(f"{own.what} {written}: cannot be read ({error.strerror})")
