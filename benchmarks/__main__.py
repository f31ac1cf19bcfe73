"""Runs all benchmarks and writes README.md and throughput.svg.  python -m benchmarks [NAME…]

--people N makes all of them small; --out DIR writes somewhere else than into this folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    alike,
    encrypted,
    kinds,
    live,
    memory,
    pacing,
    picture,
    planning,
    profile,
    readme,
    repository,
    resume,
    round_trip,
    shared,
    shared_planning,
    startup,
    throughput,
)
from benchmarks.figures import Result

SCRIPTS: dict[str, tuple[Callable[[int, int], Result], int]] = {
    "throughput": (throughput.measure, throughput.PEOPLE),
    "alike": (alike.measure, alike.PEOPLE),
    "encrypted": (encrypted.measure, encrypted.PEOPLE),
    "kinds": (kinds.measure, kinds.PEOPLE),
    "round_trip": (round_trip.measure, round_trip.PEOPLE),
    "planning": (planning.measure, planning.PEOPLE),
    "memory": (memory.measure, memory.PEOPLE),
    "resume": (resume.measure, resume.PEOPLE),
    "pacing": (pacing.measure, pacing.PEOPLE),
    "repository": (repository.measure, repository.PEOPLE),
    "shared": (shared.measure, shared.PEOPLE),
    "shared_planning": (shared_planning.measure, shared_planning.PEOPLE),
    "startup": (startup.measure, startup.PEOPLE),
    "live": (live.measure, live.PEOPLE),
    "profile": (profile.measure, profile.PEOPLE),
}


def main() -> int:
    given = _arguments()
    machine = readme.machine()
    results: list[Result] = []
    failed: list[str] = []
    for name in given.names or SCRIPTS:
        measure, people = SCRIPTS[name]
        print(f"{name}:", file=sys.stderr, flush=True)
        try:
            result = measure(min(people, given.people or people), given.runs)
        except SystemExit as why:  # the others are measured all the same
            failed.append(f"{name}: {str(why.code).splitlines()[-1]}")
            print(f"{name} failed: {why.code}", file=sys.stderr)
            continue
        result.show()
        results.append(result)
    given.out.mkdir(parents=True, exist_ok=True)
    bars = [bar for result in results for bar in result.bars]
    if bars:
        (given.out / picture.FILE).write_text(picture.draw(bars), encoding="utf-8")
    text = readme.text(
        machine, results, failed, small=given.people is not None, has_picture=bool(bars)
    )
    (given.out / "README.md").write_text(text, encoding="utf-8")
    print(f"\nwritten: {given.out / 'README.md'}", file=sys.stderr)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCRIPTS))
    parser.add_argument("--people", type=int, metavar="N", help="at most so many recipients")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    given = parser.parse_args()
    if unknown := set(given.names) - set(SCRIPTS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return given


if __name__ == "__main__":
    sys.exit(main())
