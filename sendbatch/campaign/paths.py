"""Whether a path that somebody named leads to a file. Free of YAML and pydantic, for workers too."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def problem(path: Path) -> str | None:
    """Why there is no file to be read at `path`, None where there is one."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "no such file"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    if not stat.S_ISREG(mode):
        return "is not a regular file"
    return None if os.access(path, os.R_OK) else "cannot be read (Permission denied)"
