"""Another machine, as far as a runner can tell: a name, an address and a clock of its own.

Its network is a namespace with one cable to this machine; it ends with the process that holds it. Servers of
this machine are reached through a relay that listens at `here`, its own or that of any other such machine.
"""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.kit.tools import find_or_skip, skip_or_fail

REASON = "runners stand on machines of their own"
CLOCK = Path(__file__).with_name("clock.c")
BEGIN = 'hostname "$1" && ip link set lo up && echo ready && exec cat'
NETWORK = "198.18.0.0/16"  # RFC 2544 keeps it for tests
CABLES = 16384  # networks of four addresses in it


@dataclass(frozen=True)
class Machine:
    """`here` is this machine's address as it sees it, `there` its own; `words` stand before a command of its,
    and `environ` is more of what such a command is to be told."""

    name: str
    here: str
    there: str
    words: tuple[str, ...]
    environ: Mapping[str, str]
    holder: int | None = None  # the process whose network and name are its own

    def said(self, script: str, given: str = "") -> str:
        """What this script in Python says there."""
        ended = subprocess.run(
            [*self.words, sys.executable, "-c", script],
            input=given, capture_output=True, text=True, check=False,
            env=dict(os.environ) | dict(self.environ),
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()


@contextlib.contextmanager
def machine(name: str, *, clock: int = 0) -> Iterator[Machine]:
    """One, with a clock that is so many seconds off; skips where the tests may make none."""
    if os.getuid() != 0:
        skip_or_fail(f"only root can make networks: {REASON}")
    for tool in ("unshare", "nsenter", "ip"):
        find_or_skip(tool, REASON)
    with subprocess.Popen(
        ["unshare", "--net", "--uts", "sh", "-c", BEGIN, "sh", name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        if holder.stdout.readline() != "ready\n":
            _, said = holder.communicate()
            skip_or_fail(f"no machine of their own for the tests: {said.strip()}")
        inside = ("nsenter", "--target", str(holder.pid), "--net", "--uts")
        here, there = _cable(holder.pid, inside)
        try:
            yield Machine(name, here, there, inside, clocked(clock), holder.pid)
        finally:
            holder.communicate("")


def clocked(seconds: int) -> dict[str, str]:
    """Variables of a process whose clock is so many seconds off."""
    return {**with_any_clock(), "CLOCK_OFFSET": str(seconds)} if seconds else {}


def with_any_clock() -> dict[str, str]:
    """Of one that gives itself any such clock later."""
    return {"LD_PRELOAD": str(_clock())}


def _cable(holder: int, inside: tuple[str, ...]) -> tuple[str, str]:
    """The addresses of its two ends."""
    for number in range(os.getpid() % CABLES, 2 * CABLES):
        end = f"sb{number % CABLES}"
        words = ["ip", "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", str(holder)]
        made = subprocess.run(words, capture_output=True, text=True, check=False)
        if made.returncode == 0:
            break
        if "File exists" not in made.stderr:
            skip_or_fail(f"no cable to another machine: {made.stderr.strip()}")
    high, low = divmod(number % CABLES * 4, 256)
    here, there = (f"198.18.{high}.{low + n}" for n in (1, 2))
    for before, address, device in (((), here, end), (inside, there, "eth0")):
        for more in (
            ["addr", "add", f"{address}/30", "dev", device],
            ["link", "set", device, "up"],
        ):
            subprocess.run([*before, "ip", *more], check=True)
    subprocess.run([*inside, "ip", "route", "add", NETWORK, "via", here], check=True)
    return here, there


@functools.cache
def _clock() -> Path:
    """clock.c, compiled."""
    compiler = find_or_skip("cc", "a clock that is off is a library of C")
    folder = tempfile.TemporaryDirectory(prefix="sendbatch-clock-")
    _kept.append(folder)
    made = Path(folder.name) / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, CLOCK, "-ldl"], check=True)
    return made


_kept: list[tempfile.TemporaryDirectory[str]] = []  # until the process ends
