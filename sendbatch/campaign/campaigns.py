"""The campaign files of a folder, known by their keys."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

_ENDINGS = (".yaml", ".yml")
_MOST_LOOKED_AT = 200  # entries of a folder that end so
_LONGEST = 64 * 1024  # bytes of a file in which its keys are looked for
# Every campaign has both of these keys, and nothing else that lies in a repository does.
_KEYS = (re.compile(rb"^recipients\s*:", re.M), re.compile(rb"^templates\s*:", re.M))


def campaigns_in(folder: Path) -> Iterator[Path]:
    """The campaign files there, by name; none where the folder cannot be read. No more than some of its files
    are looked at, and of each its beginning."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(_ENDINGS))
    except OSError:
        return
    for name in names[:_MOST_LOOKED_AT]:
        if _is_campaign(folder / name):
            yield folder / name


def _is_campaign(path: Path) -> bool:
    try:
        descriptor = os.open(
            path, os.O_RDONLY | os.O_NONBLOCK
        )  # a pipe by that name holds nobody up
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return False
            beginning = file.read(_LONGEST)
    except OSError:
        return False
    return all(key.search(beginning) for key in _KEYS)
