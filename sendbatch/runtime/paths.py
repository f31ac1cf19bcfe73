"""Paths: whether one that somebody named leads to a file, and the folders that a system keeps for a user."""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_config_path, user_state_path

from sendbatch.runtime.looked_at import LOOKED_FOR

NO_SUCH_FILE = "no such file"
NAME = "sendbatch"


# What the kernel shows as files is of this process, and of this machine: its environment has secrets in it.
_OF_THE_SYSTEM = ("/proc", "/sys", "/dev")
_MEMORY = "/dev/shm"  # noqa: S108 - people's own files, in memory
_OF_GIT = ".git"  # a token stands there, where a job has checked the repository out


def problem(path: Path) -> str | None:
    """Why there is no file to be read at `path`, None where there is one that a campaign may name."""
    return unreadable(path) or forbidden(path)


def forbidden(path: Path | str) -> str | None:
    """Why nothing that a campaign names may be read from there, wherever links lead."""
    parts = os.path.realpath(path).split(os.sep)
    if os.sep.join(parts[:2]) in _OF_THE_SYSTEM and os.sep.join(parts[:3]) != _MEMORY:
        return "is a file of the system, which no mail is made of"
    if any(part.lower() == _OF_GIT for part in parts):
        return "lies in a folder of git, which no mail is made of"
    return None


def unreadable(path: Path) -> str | None:
    """Why there is no file to be read at `path`, whatever it may be read for."""
    sys.audit(LOOKED_FOR, str(path))
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return NO_SUCH_FILE
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    if not stat.S_ISREG(mode):
        return "is not a regular file"
    return None if os.access(path, os.R_OK) else "cannot be read (Permission denied)"


def absolute(path: Path) -> Path:
    """The path from the root on, its folder's links followed, its own name kept."""
    return Path(os.path.realpath(path.parent)) / path.name


def spelled(path: Path) -> Path:
    """The same path with each name as it is on the disk, were it there in the other normal form: macOS
    and its archives write `ü` as two characters (NFD), people and most programs as one (NFC)."""
    if str(path).isascii() or os.path.lexists(path):
        return path
    here = Path(path.anchor)
    for part in path.parts[len(here.parts) :]:
        forms = (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part))
        here = next((here / form for form in forms if os.path.lexists(here / form)), here / part)
    return here


# A user of a container may have neither a home nor a name. Then there is no such folder, unless a variable
# names one (XDG Base Directory Specification); it is never guessed, nor made in the folder we are in.


def config_folder() -> Path | None:
    """Where profiles.yaml is looked for last, None for a user without a home."""
    return _of_user(user_config_path)


def state_folder() -> Path | None:
    """Where the use of quotas is kept, None for a user without a home."""
    return _of_user(user_state_path)


def _of_user(folder: Callable[[str], Path]) -> Path | None:
    try:
        found = folder(NAME)
    except RuntimeError:  # pathlib finds no home: no HOME, and no entry for this uid
        return None
    return found if found.is_absolute() else None
