"""Seconds of `sendbatch --help`, beside a Python that does nothing. Here --people is unused."""

from __future__ import annotations

import sys
import time

from benchmarks.figures import Claim, Result, Series, arguments, figure, told
from benchmarks.setting import ROOT, SENDBATCH, called

TIMES = 20  # of each, alternating
MOST = 0.25  # seconds


def measure(people: int = 0, runs: int = 3) -> Result:
    """The median of 20, whatever `runs` is; `people` is there for the others' sake."""
    series = {
        "sendbatch --help": ([*SENDBATCH, "--help"], Series("sendbatch --help", "s")),
        "python -c pass": ([sys.executable, "-c", "pass"], Series("python -c pass", "s")),
    }
    told(0, 1, f"{TIMES} times each")
    for _ in range(TIMES):
        for command, one in series.values():
            began = time.perf_counter()
            called(command, cwd=ROOT)
            one.values.append(time.perf_counter() - began)
    shown = series["sendbatch --help"][1]
    rows = [("command", "s", "spread", "sendbatch is")]
    rows += [
        (one.name, figure(one.median), one.spread, f"{shown.median / one.median:.1f} ×")
        for _, one in series.values()
    ]
    claim = Claim("`sendbatch --help`", f"within {MOST} s", str(shown), shown.median <= MOST)
    return Result(f"Start-up: each command {TIMES} times, alternating", rows, [claim])


if __name__ == "__main__":
    given = arguments(__doc__, 1)
    measure(given.people, given.runs).show()
