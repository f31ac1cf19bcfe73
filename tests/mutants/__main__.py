"""`make mutants ARGS=ROOM`: which defects of one room do its tests not see?

A sample of small defects is made, one at a time, in a copy of the repository; for each the room's tests are
run until one fails, those that enter the function with the defect first. A defect that none sees is a
survivor, which wants a test, or an answer in tests/mutants/ANSWERS.md that says why it needs none. What was
found is kept in .mutants/, so that a run that was interrupted goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from queue import SimpleQueue
from random import Random
from typing import Any

from tests.mutants.making import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
ROOMS = ("smtp", "ledger", "limits", "delivery")
ANSWERS = Path(__file__).with_name("ANSWERS.md")
# What the tests of a mutant may take: so many seconds of the processor and on the clock, and so many times
# what they took without a defect. On a busy machine the clock says little.
LEAST_WORK, LEAST_TIME, FACTOR = 20.0, 120.0, 10.0
ONE_TEST = "--timeout=20"  # seconds for one of them: a defect that waits for ever is soon seen
SURVIVES = "SURVIVES"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a room: its sample, which tests enter which function, and what became of whom."""

    file: Path
    sample: list[Mutant]
    tests: dict[str, list[str]]
    seconds: dict[str, float]
    results: dict[str, str]

    def save(self) -> None:
        told = {
            "sample": [astuple(one) for one in self.sample],
            "tests": self.tests,
            "seconds": self.seconds,
            "results": self.results,
        }
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(told))
        part.replace(self.file)

    def entering(self, mutant: Mutant) -> list[str]:
        """The tests that enter its function, the quick ones first; all of them outside of any function."""
        place = f"{mutant.file}:{mutant.function}"
        tests = self.tests.get(place, []) if mutant.function else list(self.seconds)
        return sorted(tests, key=lambda test: self.seconds.get(test, 0.0))


def main() -> int:
    options = _options()
    work = ROOT / ".mutants" / options.room
    work.mkdir(parents=True, exist_ok=True)
    copies = [_copied(work / f"copy-{number}") for number in range(options.jobs)]
    known = _known(work, copies[0], options)
    if options.survivors:
        _forget_survivors(known)
    left = [one for one in known.sample if one.name not in known.results][: options.most]
    _try_all(known, left, copies)
    return _told(known)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants ARGS=…", description=__doc__)
    parser.add_argument("room", choices=ROOMS)
    parser.add_argument("--sample", type=int, default=200, help="so many defects in all (200)")
    parser.add_argument("--seed", type=int, default=14, help="another seed is another sample")
    parser.add_argument("--most", type=int, help="try so many now; a later call goes on")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--survivors",
        action="store_true",
        help="try them once more, with the tests as they now are",
    )
    parser.add_argument("--anew", action="store_true", help="forget what was found before")
    return parser.parse_args()


def _copied(to: Path) -> Path:
    """The repository as it stands, in a folder of its own: a defect never stands in a file of yours."""
    shutil.rmtree(to, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def _known(work: Path, copy: Path, options: argparse.Namespace) -> Known:
    """From the file of an earlier call; made anew where the room is another by now."""
    digest = hashlib.sha256(f"{options.sample} {options.seed}".encode())
    files = sorted((copy / "sendbatch" / options.room).rglob("*.py"))
    for path in files:
        digest.update(path.read_bytes())
    file = work / f"{digest.hexdigest()[:16]}.json"
    if file.exists() and not options.anew:
        told = json.loads(file.read_text())
        told["sample"] = [Mutant(*one) for one in told["sample"]]
        return Known(
            file, **told | (_covered(work, copy, options.room) if options.survivors else {})
        )
    covered = _covered(work, copy, options.room)
    everything = [
        mutant for path in files for mutant in mutants_of(copy, path.relative_to(copy).as_posix())
    ]
    sample = Random(options.seed).sample(everything, min(options.sample, len(everything)))
    known = Known(file, sample, covered["tests"], covered["seconds"], {})
    known.save()
    return known


def _forget_survivors(known: Known) -> None:
    for name in [name for name, result in known.results.items() if result == SURVIVES]:
        del known.results[name]


def _covered(work: Path, copy: Path, room: str) -> dict[str, Any]:
    """Which tests of the room enter which function, and how many seconds each takes."""
    print(f"looking which test of tests/{room} enters which function", flush=True)
    out = work / "covered.json"
    environ = {"MUTANTS_ROOT": f"{copy}/", "MUTANTS_OUT": str(out)}
    arguments = ["-p", "tests.mutants.covering", f"tests/{room}"]
    code = _tested(copy, arguments, 3600.0, 3600.0, **environ)
    assert code == 0, f"the tests of {room} fail without any defect (pytest exit {code})"
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def _try_all(known: Known, left: list[Mutant], copies: list[Path]) -> None:
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def attempt(mutant: Mutant) -> tuple[Mutant, str]:
        copy = free.get()
        try:
            return mutant, _tried(known, mutant, copy)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as threads:
        try:
            for number, (mutant, result) in enumerate(threads.map(attempt, left), 1):
                known.results[mutant.name] = result
                known.save()
                print(f"{number}/{len(left)} {result:8} {mutant.name}", flush=True)
        except KeyboardInterrupt:
            threads.shutdown(cancel_futures=True)


# Times for changed files, so that what Python compiled of another mutant is not taken for this one's.
_times = iter(range(1_000_000_000, 2_000_000_000))


def _tried(known: Known, mutant: Mutant, copy: Path) -> str:
    path = copy / mutant.file
    source = path.read_bytes()
    try:
        path.write_bytes(mutant.made_of(source))
        at = next(_times)
        os.utime(path, (at, at))
        # What a test starts in a process of its own is not seen to enter a function: the others come last.
        entering = known.entering(mutant)
        for tests in (entering, sorted(known.seconds.keys() - set(entering))):
            code = _run(known, tests, copy) if tests else 0
            if code != 0:
                return "killed" if code is not None else "hangs"
    finally:
        path.write_bytes(source)
    return SURVIVES


def _run(known: Known, tests: list[str], copy: Path) -> int | None:
    """As `_tested`, for these tests, until the first that fails."""
    seconds = FACTOR * sum(known.seconds.get(test, 0.0) for test in tests)
    named = copy / "named.txt"
    named.write_text("\n".join(tests))
    return _tested(copy, ["-x", ONE_TEST, f"@{named}"], LEAST_WORK + seconds, LEAST_TIME + seconds)


def _tested(
    copy: Path, arguments: list[str], work: float, limit: float, **environ: str
) -> int | None:
    """The exit code of pytest in this copy, None where it took longer than so many seconds, of the processor
    or on the clock."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "--no-header", *arguments],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "SENDBATCH_MUTANTS": "1"} | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(work), int(work) + 5)),
    )
    try:
        code = process.wait(limit)
        return None if code == -signal.SIGXCPU else code
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _told(known: Known) -> int:
    """Says what was found; the exit code is 1 where a defect survives that nobody has answered."""
    answers = ANSWERS.read_text("utf-8")
    survivors = [one for one in sorted(known.sample) if known.results.get(one.name) == SURVIVES]
    open_ones = [one for one in survivors if f"`{one.answer}`" not in answers]
    for one in open_ones:
        print(f"survives: {one.name}")
    print(
        f"{len(known.results)} of {len(known.sample)} tried, {len(survivors)} survive, "
        f"{len(survivors) - len(open_ones)} of them answered"
    )
    return 1 if open_ones else 0


if __name__ == "__main__":
    os.nice(3)
    sys.exit(main())
