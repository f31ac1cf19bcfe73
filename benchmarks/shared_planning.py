"""Planning into PostgreSQL: rows a second from the start of a run until it begins to send, and its memory.

The database shares this machine's cores; its own memory is not counted, only that of `sendbatch`. The run
sends one message, and writes its report.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.database import postgres
from benchmarks.database import told as asked
from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.installing import LeftOut
from benchmarks.memory import FEWER, MOST, peak_of
from benchmarks.setting import Desk, desk
from benchmarks.shared import command, declare, fresh, known
from benchmarks.sink import sink

if TYPE_CHECKING:
    from tests.kit.postgres import Postgres

PEOPLE = 1_000_000
LEAST = 30_000.0  # rows/s
# Seconds between two looks at the memory: twenty a second took a seventh of a core from what is timed.
EVERY = 0.5


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    title = f"Planning into PostgreSQL: {people:,} rows, {times(runs)}"
    rate = Series("run --limit 1, until it sends", "rows/s")
    sizes = (people, max(people // FEWER, 1))
    memory = {size: Series(f"{size:,} rows", "MB") for size in sizes}
    try:
        with postgres() as server, sink() as mail, desk(people) as large, desk(sizes[1]) as small:
            for one in (large, small):
                declare(one, mail.port)
            for number in range(runs):
                for size, one in zip(sizes, (large, small), strict=True):
                    told(number, runs, memory[size].name)
                    seconds, peak = _planned(one, server)
                    memory[size].values.append(peak)
                    if one is large:
                        rate.values.append(people / seconds)
    except LeftOut as why:
        return Result(title, [("", "", "spread")], [], [f"PostgreSQL: {why}"])
    rows = [("", "", "spread"), (rate.name, f"{figure(rate.median)} rows/s", rate.spread)]
    rows += [(f"memory, {one.name}", f"{one.median:.0f} MB", one.spread) for one in memory.values()]
    ratio = memory[sizes[0]].median / memory[sizes[1]].median
    what, most = f"planning {people:,} rows into PostgreSQL", f"at most {MOST} × that of {sizes[1]:,}"
    claims = [
        Claim(what, f"{LEAST:,.0f} rows/s", str(rate), rate.median >= LEAST),
        Claim(f"memory of {what}", most, f"{ratio:.2f} ×", ratio <= MOST),
    ]
    return Result(title, rows, claims)


def _planned(one: Desk, server: Postgres) -> tuple[float, float]:
    """Seconds until it began to send, and MB of all processes of the run."""
    with fresh(one, server) as database:
        started = time.time()
        peak = peak_of(command(one, "--limit", "1"), one.folder, known(database), every=EVERY)
        (began,) = asked(database, "SELECT began_at FROM sendbatch.run")
        return began - started, peak.rss / 1000


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
