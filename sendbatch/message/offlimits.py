"""What no value of a recipient may attach, also within the folder that the author wrote: a cell that
says `.env` or `people.csv` must never mail it.

Files are known by their path and by their number on the disk, so that neither a link nor another
spelling on a file system that knows no case leads to them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LEDGER = "ledger.sqlite"  # what a folder that holds a record is known by


@dataclass(frozen=True, slots=True)
class OffLimits:
    """`files` are what the campaign itself reads, `folders` where its records are: real paths. `same`
    are the numbers (device, inode) of those there were."""

    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    same: frozenset[tuple[int, int]] = frozenset()

    def why(self, root: str, real: str, status: os.stat_result) -> str | None:
        """Why the file `real` below the author's folder `root` must not be attached, links followed
        in both; `status` is the file's."""
        if not stat.S_ISREG(status.st_mode):
            return "is not a regular file"
        if self.has(real, status):
            return "is what the campaign itself reads, and no cell may attach that"
        if f"{os.sep}." in real[len(root.rstrip(os.sep)) :]:
            return "is hidden by a dot, and no cell may attach that"
        if any(map(self._holds_a_record, _folders(root, real))):
            return "lies with the record, and no cell may attach that"
        return None

    def has(self, real: str, status: os.stat_result) -> bool:
        """Whether this is one of the files."""
        return real in self.files or (status.st_dev, status.st_ino) in self.same

    def leads_to(self, path: Path) -> bool:
        """As `has`, of a file by its name."""
        try:
            return self.has(os.path.realpath(path), path.stat())
        except OSError:
            return False

    def _holds_a_record(self, folder: str) -> bool:
        if folder in self.folders or os.path.lexists(os.path.join(folder, LEDGER)):
            return True
        return bool(self.same) and _number(folder) in self.same


NOTHING = OffLimits()


def off_limits(files: Iterable[Path], folders: Iterable[Path]) -> OffLimits:
    """From paths as they are named; those that are not there yet count too."""
    file_paths, folder_paths = _real(files), _real(folders)
    numbers = map(_number, file_paths | folder_paths)
    return OffLimits(file_paths, folder_paths, frozenset(n for n in numbers if n is not None))


def _real(paths: Iterable[Path]) -> frozenset[str]:
    return frozenset(os.path.realpath(path) for path in paths)


def _number(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _folders(root: str, real: str) -> Iterator[str]:
    """The folder of a file and those around it, below the author's own. His own counts only as one
    that holds a record: what he wrote out is where he means."""
    here = os.path.dirname(real)
    while len(here) > len(root):
        yield here
        here = os.path.dirname(here)
    if os.path.lexists(os.path.join(root, LEDGER)):
        yield root
