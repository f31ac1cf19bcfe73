"""Bounds of a process in which an author's expressions are computed: memory, and time for each step."""

from __future__ import annotations

import contextlib
import resource
import signal
import sys


def bound_memory(most: int) -> None:
    """This process is to have no more than `most` bytes of its own: what asks for more raises MemoryError.

    Bytes of files that are mapped, as libraries are, do not count on Linux. macOS takes the limit and does
    not hold it; only those of `campaign.bounded` and of time remain there.
    """
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (most, hard))


def end_after(seconds: float) -> None:
    """The kernel ends this process then, also in the middle of a computation that never lets the
    interpreter look up; zero takes that back. To be told each time: the last word counts."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def heed_no_alarm() -> None:
    """Whatever this process inherited: the end that `end_after` brings cannot be put off."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
