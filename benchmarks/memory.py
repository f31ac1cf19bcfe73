"""Resident memory of all processes of a run, with many recipients and with a hundredth of them.

While `sendbatch run` plans all of them and sends to the first 20,000, /proc is read twenty times a
second. RSS counts pages that processes share once for each of them, PSS once in all. Linux only.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.setting import Desk, desk, environment
from benchmarks.sink import sink

PEOPLE = 1_000_000
FEWER = 100  # so many times fewer in the other run
SENT = 20_000
MOST = 1.2
EVERY = 0.05  # seconds between two looks
PROC = Path("/proc")


@dataclass(slots=True)
class Peak:
    """The greatest sums over all processes at any one moment, in kB."""

    rss: int = 0
    pss: int = 0


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    title = f"Memory: {people:,} recipients against {people // FEWER:,}"
    what = f"resident memory with {people:,} recipients, all processes"
    asked = f"at most {MOST} × that with {people // FEWER:,}"
    if not (PROC / "self" / "smaps_rollup").exists():
        claim = Claim(what, asked, "not measured: there is no /proc/PID/smaps_rollup here", None)
        return Result(title, [("recipients", "RSS, MB", "PSS, MB")], [claim])
    sizes = (people, max(people // FEWER, 1))
    rss = {size: Series(f"{size:,}", "MB") for size in sizes}
    pss = {size: Series(f"{size:,}", "MB") for size in sizes}
    with sink() as server, desk(sizes[0]) as large, desk(sizes[1]) as small:
        for number in range(runs):
            for size, one in zip(sizes, (large, small), strict=True):
                told(number, runs, f"{size:,} recipients")
                one.through(server.port)
                peak = _peak(one)
                rss[size].values.append(peak.rss / 1000)
                pss[size].values.append(peak.pss / 1000)
    rows = [("recipients", "RSS, MB", "spread", "PSS, MB", "spread")]
    for size in sizes:
        first, second = rss[size], pss[size]
        rows.append(
            (first.name, figure(first.median), first.spread, figure(second.median), second.spread)
        )
    ratios = [kind[sizes[0]].median / kind[sizes[1]].median for kind in (rss, pss)]
    rows.append(("ratio", f"{ratios[0]:.2f} ×", "", f"{ratios[1]:.2f} ×", ""))
    measured = f"{ratios[0]:.2f} × ({rss[sizes[0]].median:.0f} MB; PSS {ratios[1]:.2f} ×)"
    return Result(
        f"{title}, {times(runs)}", rows, [Claim(what, asked, measured, ratios[0] <= MOST)]
    )


def _peak(one: Desk) -> Peak:
    """Run once and watch. Raises SystemExit where the run fails."""
    one.forget()
    return peak_of(one.command("run", "--limit", str(SENT)), one.folder)


def peak_of(
    command: list[str], folder: Path, env: dict[str, str] | None = None, *, every: float = EVERY
) -> Peak:
    """Of a command and all below it, while it runs, looked at `every` so many seconds. Raises SystemExit
    where it fails."""
    peak = Peak()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(env),
            stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        )  # fmt: skip
        while process.poll() is None:
            _look(process.pid, peak)
            time.sleep(every)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{command[3]}: exit {process.returncode}:\n{said.read()[-2000:]}")
    return peak


def _look(root: int, peak: Peak) -> None:
    family = _family(root)
    sums = [0, 0]
    for pid in family:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            text = (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii")
            sums[0] += _kilobytes(text, "Rss:")
            sums[1] += _kilobytes(text, "Pss:")
    peak.rss, peak.pss = max(peak.rss, sums[0]), max(peak.pss, sums[1])


def _family(root: int) -> list[int]:
    """A process and all below it."""
    found = [root]
    for pid in found:
        for file in (PROC / str(pid) / "task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(child) for child in file.read_text(encoding="ascii").split()]
    return found


def _kilobytes(text: str, name: str) -> int:
    line = next((line for line in text.splitlines() if line.startswith(name)), f"{name} 0 kB")
    return int(line.split()[1])


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
