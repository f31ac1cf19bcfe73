"""A disk that writes down what is done to it, and can be slow or bad: `disk.c`, preloaded into a process.

The trace holds every change of a file or name below the root, what was synchronised, and between them, in
the order in which it happened, every byte that the process wrote to a socket.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_suffix(".c")
NEEDED = "what a run does to its disk is watched by a library of C"


class CannotBeWatched(Exception):
    """There is no compiler, or the system has other ways; the words say which."""


@dataclass(frozen=True, slots=True)
class Fault:
    """From the `nth` call of a kind on, so many `times` (0: for ever), this happens: an `error` (its errno),
    a `pause` (seconds), a `kill`, or `kill-after` the call. The kinds are write and sync, each also with
    -main (ledger.sqlite) or -log (its write-ahead log) behind it, and dot: bytes for a socket that end a
    message; dot-second: where another has left since the log was synchronised."""

    what: str
    effect: str
    value: float = 0
    nth: int = 1
    times: int = 0

    def __str__(self) -> str:
        return f"{self.what} {self.nth} {self.times} {self.effect} {self.value}"


class Event(NamedTuple):
    """`kind` is one of the letters that disk.c explains, `at` is of time.monotonic_ns."""

    kind: str
    at: int
    file: int
    position: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Disk:
    """What is done below `root` is written to `trace`, which is not there yet; None: to nowhere."""

    root: Path
    trace: Path | None = None

    def environ(self, fault: Fault | None = None, armed: Path | None = None) -> dict[str, str]:
        """Variables of a process that works on it. A fault waits until the file `armed` is there, and counts
        from then on. Raises CannotBeWatched."""
        told = {
            "LD_PRELOAD": str(library()),
            "DISK_ROOT": str(self.root.resolve()),
        }
        if self.trace is not None:
            told["DISK_TRACE"] = str(self.trace)
        if fault is not None:
            told["DISK_FAULT"] = str(fault)
        if armed is not None:
            told["DISK_ARMED"] = str(armed)
        return told

    def events(self) -> Iterator[Event]:
        """All that was written down, by all processes."""
        if self.trace is None or not self.trace.exists():
            return
        with self.trace.open("rb") as file:
            while line := file.readline():
                kind, at, inode, position, size = line.split()
                data = file.read(int(size))
                yield Event(kind.decode(), int(at), int(inode), int(position), data)


@functools.cache
def library() -> Path:
    """disk.c, compiled. Raises CannotBeWatched."""
    if sys.platform != "linux":
        raise CannotBeWatched(f"{NEEDED}, which Linux alone preloads")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise CannotBeWatched(
            f"{NEEDED}, and no compiler is installed: apt-get install gcc libc6-dev"
        )
    folder = tempfile.TemporaryDirectory(prefix="sendbatch-disk-")
    _kept.append(folder)
    made = Path(folder.name) / "disk.so"
    told = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", made, SOURCE, "-ldl", "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        raise CannotBeWatched(f"{NEEDED}, and it cannot be compiled: {told.stderr.strip()}")
    return made


_kept: list[tempfile.TemporaryDirectory[str]] = []  # until the process ends
