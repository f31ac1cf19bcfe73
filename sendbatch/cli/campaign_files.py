"""The campaign files of a folder: the one that is meant where none is typed, and those to choose from."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sendbatch.errors import SendbatchError, shell_line

DEFAULT = Path("campaign.yaml")
_ENDINGS = (".yaml", ".yml")
_MOST_LOOKED_AT = 200  # entries of a folder that end so
_LONGEST = 64 * 1024  # bytes of a file in which its keys are looked for
_NAMED = 5  # in an error
# Every campaign has both of these keys, and nothing else that lies in a repository does.
_KEYS = (re.compile(rb"^recipients\s*:", re.M), re.compile(rb"^templates\s*:", re.M))


def the_one_here(verb: str) -> Path:
    """`campaign.yaml` of this folder. Raises SendbatchError where there is none, with what to write."""
    if os.path.lexists(DEFAULT):
        return DEFAULT
    found = islice(filter(_can_be_typed, campaigns_in(Path())), _NAMED)
    lines = [f"\n    {shell_line('sendbatch', verb, str(path))}" for path in found]
    hint = f"write sendbatch {verb} FILE; sendbatch init writes a campaign that runs at once"
    if lines:
        hint = f"write{' one of these' if len(lines) > 1 else ''}:{''.join(lines)}"
    said = f"no campaign file is named, and there is no {DEFAULT} in this folder"
    raise SendbatchError(said, hint=hint)


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


def _can_be_typed(path: Path) -> bool:
    return str(path).isprintable() and not str(path).startswith("-")


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
