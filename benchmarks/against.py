"""This checkout against another, such as the last version: whole commands, one after the other, in turn.

    python -m benchmarks.against CHECKOUT [--rounds 5] [--people 20000] [--only check]

Each checkout has an environment of its own (`make .venv/.dev`) and is measured by its own setting.
A row says the median of each, with least and greatest; worse is what is so beyond both spreads.
A `check`, of 50,000 rows here, may take 1.3 times as long as it did before there were rules of content.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Series, told
from benchmarks.setting import ROOT

# Run in the folder of a checkout: one command, and what it took.
ONCE = """\
import json, resource, sys, time
from benchmarks.setting import desk
from benchmarks.sink import sink

verb, people = sys.argv[1], int(sys.argv[2])
with desk(people) as main, sink() as server:
    main.through(server.port)
    main.forget()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    main.call(verb)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps([wall, cpu]))
"""


class Taken(NamedTuple):
    """Seconds of one whole command: on the clock, and of the processor, its workers included."""

    wall: float
    cpu: float


def once(checkout: Path, verb: str, people: int) -> Taken:
    """One command of that checkout."""
    python = checkout / ".venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", ONCE, verb, str(people)], cwd=checkout, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{checkout}: sendbatch {verb} failed:\n{done.stderr[-2000:]}")
    return Taken(*json.loads(done.stdout.splitlines()[-1]))


def compared(other: Path, verb: str, people: int, rounds: int) -> str:
    """A line that says what both took, the other first."""
    series = {
        (checkout, unit): Series(f"{unit} s", "s") for checkout in (other, ROOT) for unit in Taken._fields
    }
    for number in range(rounds):
        told(number, rounds, f"{verb} {people:,}")
        for checkout in (other, ROOT) if number % 2 == 0 else (ROOT, other):
            for unit, value in once(checkout, verb, people)._asdict().items():
                series[checkout, unit].values.append(value)
    cells = []
    for unit in Taken._fields:
        old, new = series[other, unit], series[ROOT, unit]
        worse = " worse" if min(new.values) > max(old.values) else ""
        cells.append(f"{unit} {old.median:.2f} s ({old.spread}) → {new.median:.2f} s ({new.spread}){worse}")
    return f"{verb} {people:,}: {'; '.join(cells)}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--only", choices=("run", "plan", "check"), help="this verb alone")
    asked = parser.parse_args()
    for checkout in (asked.checkout, ROOT):  # else the one that was changed last is compiled anew each time
        subprocess.run([sys.executable, "-m", "compileall", "-q", checkout / "sendbatch"], check=True)
    people = asked.people
    for verb, rows in (("run", people), ("run", 100), ("plan", people * 10), ("check", people * 5 // 2)):
        if asked.only in (None, verb):
            print(compared(asked.checkout.resolve(), verb, rows, asked.rounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
