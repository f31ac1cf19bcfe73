"""Whether this process may open as many files as its connections need: said before, not met on the way."""

from __future__ import annotations

import sys

from sendbatch.errors import ProfileError

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
        raise ProfileError(
            f"this process may open {most} files, and needs {needed} with {connections} connections",
            hint="raise the limit (ulimit -n 1024), or give the profile fewer connections:",
        )
