"""Rows a second of a whole `sendbatch plan`: every address validated, every row staged and counted.

Beside it, the floor: one process that only reads the CSV and asks email-validator about each address.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.setting import called, desk

PEOPLE = 1_000_000
LEAST = 40_000.0  # rows/s
CHECKED = 20  # the floor looks at a 20th of the rows
FLOOR = """\
import csv, itertools, sys
from email_validator import validate_email
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    for row in itertools.islice(csv.DictReader(file), int(sys.argv[2])):
        validate_email(row["email"], check_deliverability=False)
"""


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    plan = Series("sendbatch plan", "rows/s")
    floor = Series("csv and email-validator, one process", "rows/s")
    few = min(people, max(people // CHECKED, 1000))
    with desk(people) as main:
        command = [sys.executable, "-c", FLOOR, str(main.people), str(few)]
        for number in range(runs):
            told(number, runs, plan.name)
            plan.values.append(people / _seconds(lambda: main.call("plan")))
            told(number, runs, floor.name)
            floor.values.append(few / _seconds(lambda: called(command, cwd=main.folder)))
    rows = [("what", "rows/s", "spread", "sendbatch is")]
    rows += [
        (s.name, figure(s.median), s.spread, f"{plan.median / s.median:.2f} ×")
        for s in (plan, floor)
    ]
    claim = Claim(
        f"planning {people:,} rows", f"{LEAST:,.0f} rows/s", str(plan), plan.median >= LEAST
    )
    return Result(f"Planning: {people:,} rows, {times(runs)}", rows, [claim])


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
