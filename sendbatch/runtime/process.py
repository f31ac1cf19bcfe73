"""A process in which an author's expressions are computed: how it is begun, its bounds of memory and time."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

# Of the environment: where the interpreter finds its files, and how it reads text and time.
NEEDED = frozenset({
    "PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    "PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE",
})  # fmt: skip

# With -P nothing is imported from the folder we are in: it is a campaign's, and may have a csv.py. The
# package is then to be found where this process has it from.
_HOME = str(Path(__file__).resolve().parents[2])
_BOOT = """
import sys
if sys.argv[1] not in sys.path:
    sys.path.insert(0, sys.argv[1])
"""


def python_running(code: str, *arguments: str) -> list[str]:
    """The command of another interpreter of this kind, which runs `code` of ours; it finds the arguments
    from `sys.argv[2]`."""
    return [sys.executable, "-P", "-c", _BOOT + code, _HOME, *arguments]


def bare_environment() -> dict[str, str]:
    """What an interpreter needs, and nothing else that this process was given: no secret is among it."""
    return {name: value for name, value in os.environ.items() if _is_needed(name)}


def _is_needed(name: str) -> bool:
    return name in NEEDED or name.startswith("LC_")


def bound_memory(most: int) -> None:
    """This process is to have no more than `most` bytes of its own: what asks for more raises MemoryError.

    Bytes of files that are mapped, as libraries are, do not count on Linux. macOS takes the limit and does
    not hold it; only those of `campaign.language.bounded` and of time remain there.
    """
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (most, hard))


def end_after(seconds: float) -> None:
    """The kernel ends this process then, also in the middle of a computation that never lets the
    interpreter look up; zero takes that back. Each call replaces the one before."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def ending_after(seconds: float) -> Callable[[], object]:
    """`end_after` with so many seconds, to be called before each of many."""
    return partial(signal.setitimer, signal.ITIMER_REAL, seconds)


def heed_no_alarm() -> None:
    """Whatever this process inherited: the end that `end_after` brings cannot be put off."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
