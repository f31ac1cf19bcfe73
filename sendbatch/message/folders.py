"""Where files may be read from: template folders for includes, the author's own folder for
attachments. The one place of this room that decides whether a path is inside.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from sendbatch.campaign.names import guess_file
from sendbatch.runtime.paths import NO_SUCH_FILE, problem, spelled

OUTSIDE = "outside the campaign's and templates' folders"

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_MOST_NAMES = 2000  # files looked at for a guess


def inside(folder: Path | str, path: Path | str) -> Path | None:
    """The file that `path` leads to, links followed, if that lies within `folder`."""
    real, root = os.path.realpath(path), os.path.realpath(folder)
    below = real == root or real.startswith(root.rstrip(os.sep) + os.sep)
    return Path(real) if below else None


class Refused(Exception):
    """Why a file that an author names is not read: it may not be, or cannot be. The words do not name it."""


def file_named(name: str, folders: Iterable[Path], allowed: Sequence[Path]) -> Path | None:
    """The file of that name below the first of `folders` that has one; None where none has. Raises Refused
    where it lies in none of the `allowed` folders, or cannot be read."""
    if "\0" in name or os.path.isabs(name):
        raise Refused(OUTSIDE)
    for folder in folders:
        path = spelled(folder / name)
        wrong = problem(path)
        if wrong == NO_SUCH_FILE:
            continue
        if not any(inside(root, path) for root in allowed):
            raise Refused(OUTSIDE)
        if wrong is not None:
            raise Refused(wrong)
        return path
    return None


def unsafe(part: str) -> str | None:
    """Why a path made of a recipient's values may not be put behind a folder, if so."""
    if _CONTROLS.search(part):
        return "has control characters in its path"
    if _SURROGATES.search(part):
        return "has characters in its path that are none (a lone surrogate)"
    if os.path.isabs(part):
        return "is an absolute path"
    if ".." in PurePosixPath(part.replace("\\", "/")).parts:
        return "leads out of its folder with .."
    if "\\" in part:
        return "has a backslash in its path"
    if part.lstrip().startswith("~"):
        return "begins with ~"
    if part.endswith("/"):
        return "is a folder, not a file"
    if part.rstrip(". ") != part:
        return "ends with a dot or a blank"
    if any(map(_is_hidden, part.split("/"))):
        return "is hidden by a dot, and no cell may attach that"
    return None


def _is_hidden(name: str) -> bool:
    """Whether a part of a path begins with a dot, as some file system may read it: without what
    nobody sees, in any width."""
    seen = "".join(c for c in name if unicodedata.category(c) != "Cf")
    return name != "." and unicodedata.normalize("NFKC", seen).lstrip().startswith(".")


def near_name(wanted: str, folders: Iterable[Path], but: str = "") -> str | None:
    """The file below `folders` whose name is most like the one wanted, as it would be written; never
    `but`, a template that would include itself."""
    names = {name for folder in folders for name in _below(folder)} - {but}
    same = [name for name in names if PurePosixPath(name).name == PurePosixPath(wanted).name]
    return min(same, key=len) if same else guess_file(wanted, sorted(names))


def _below(folder: Path) -> Iterator[str]:
    left = _MOST_NAMES
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files)[:left]:
            yield Path(here, name).relative_to(folder).as_posix()
        left -= len(files)
        if left <= 0:
            return
