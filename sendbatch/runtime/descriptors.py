"""The process's open files: whether there may be as many as its connections need, and that none of ours
takes the place of a standard stream."""

from __future__ import annotations

import os
import sys

from sendbatch.errors import ProfileError
from sendbatch.findings import Rule

SPARE = 32  # for the record, the state, the event loop, the reports, and the standard streams
A_WORKER = 2  # its pipes


def enough_files(connections: int, workers: int) -> None:
    """Raises ProfileError where the limit of open files is too low for so many connections."""
    if sys.platform == "win32":
        return
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + A_WORKER * workers + SPARE
    if most != resource.RLIM_INFINITY and most < needed:
        said = f"this process may open {most} files, and needs {needed} with {connections} connections"
        hint = "raise the limit (ulimit -n 1024), or give the profile fewer connections:"
        raise ProfileError(Rule.FILE_LIMIT.finding(said, hint=hint))


def open_closed_streams() -> None:
    """Where 0, 1 or 2 is closed, the next file or socket would get its number, and all that is said
    there. What takes the place of standard output cannot be written: a result that nobody gets is a
    fault."""
    for stream, way in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, way)  # gets the lowest number free: those below are open
