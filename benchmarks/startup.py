"""Seconds of the shortest commands: a campaign of a hundred people, and `--help`.

`--people` says how many the campaign has. Beside them, a Python that does nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from benchmarks.figures import Claim, Result, Series, arguments, figure, told
from benchmarks.setting import ROOT, called, desk
from benchmarks.sink import sink

PEOPLE = 100
TIMES = 20  # of each, alternating
MOST = 0.6  # seconds of a whole run
MOST_HELP = 0.25


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    """The median of 20, whatever `runs` is."""
    run = Series(f"sendbatch run, {people:,} people", "s")
    shown = Series("sendbatch --help", "s")
    nothing = Series("python -c pass", "s")
    with desk(people) as main, sink() as server:
        main.through(server.port)
        told(0, 1, f"{TIMES} times each")
        for _ in range(TIMES):
            main.forget()
            _time(run, lambda: main.call("run"))
            _time(shown, lambda: called([sys.executable, "-m", "sendbatch", "--help"], cwd=ROOT))
            _time(nothing, lambda: called([sys.executable, "-c", "pass"], cwd=ROOT))
    rows = [("command", "s", "spread")]
    rows += [(one.name, figure(one.median), one.spread) for one in (run, shown, nothing)]
    claims = [
        _claim(f"a campaign of {people:,} people, whole command", MOST, run),
        _claim("`sendbatch --help`", MOST_HELP, shown),
    ]
    return Result(f"Start-up: each command {TIMES} times, alternating", rows, claims)


def _claim(what: str, most: float, series: Series) -> Claim:
    return Claim(what, f"within {most} s", str(series), series.median <= most)


def _time(series: Series, command: Callable[[], object]) -> None:
    began = time.perf_counter()
    command()
    series.values.append(time.perf_counter() - began)


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
