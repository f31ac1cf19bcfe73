"""Whether a path that somebody named leads to a file. Free of YAML and pydantic, for workers too."""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path

NO_SUCH_FILE = "no such file"


def problem(path: Path) -> str | None:
    """Why there is no file to be read at `path`, None where there is one."""
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
