"""Where the processor time of a run goes, in microseconds a message, and how many Python calls it takes.

All processes of a run are looked at on every tick of their processor time, and a share of what was seen,
times the processor time of a run that nobody looks at, is what a room takes. That costs a large function
as much as a small one, where a tracing profiler makes the small ones dearer. Calls are counted in the
sending process alone, by a run of its own under cProfile.
"""

from __future__ import annotations

import marshal
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Claim, Result, Series, figure, options, times, told
from benchmarks.installing import LeftOut
from benchmarks.senders import LENGTH, constant, cpu_of_children
from benchmarks.setting import ROOT, Desk, called, desk
from benchmarks.sink import sink

PEOPLE = 20_000
PACKAGE = "/sendbatch/"
HOOKS = ROOT / "benchmarks" / "hook"

# A file belongs to the first whose part its path contains. What is in none belongs to its caller.
PLACES = (
    ("<frozen importlib", "start-up"),
    ("/sendbatch/audience/", "validate"),
    ("/sendbatch/planning/", "validate"),
    ("/email_validator/", "validate"),
    ("/idna/", "validate"),
    ("/jinja2/", "render"),
    ("/markupsafe/", "render"),
    ("<template>", "render"),
    ("/letter.", "render"),
    ("/layouts/", "render"),
    ("/sendbatch/message/templates.py", "render"),
    ("/sendbatch/message/markdown/", "Markdown"),
    ("/sendbatch/message/styles", "inline CSS"),
    ("/sendbatch/message/plaintext/", "text part"),
    ("/sendbatch/message/pictures/", "pictures"),
    ("/sendbatch/message/dkim/", "signing"),
    ("/cryptography/", "signing"),
    ("/sendbatch/message/", "compose"),
    ("/sendbatch/smtp/", "hand over"),
    ("/sendbatch/ledger/", "record"),
    ("/sendbatch/rendering/", "between processes"),
    ("/sendbatch/delivery/", "steer"),
    ("/sendbatch/limits/", "steer"),
    ("/sendbatch/runtime/loop.py", "sockets and the loop"),
    ("/asyncio/", "sockets and the loop"),
    ("/sendbatch/runtime/observer.py", "steer"),
    ("/sendbatch/campaign/language/", "compose"),
    ("/sendbatch/reports/", "report"),
    ("/sendbatch/preview/", "report"),
    ("/sendbatch/", "start-up"),
)
# What several steps are made with belongs to the step.
SHARED = ("/sendbatch/message/markup.py",)
# Whatever is done within these is theirs: what the record does between turns, and all that is imported.
WITHIN = {"tidy": "record, in bulk", "fold": "record, in bulk", "_find_and_load": "start-up"}
REST = "other"
ROOMS = ("validate", "render", "Markdown", "inline CSS", "text part", "pictures", "compose", "signing",
         "hand over", "sockets and the loop", "steer", "record", "record, in bulk",
         "between processes", "start-up", "report", REST)  # fmt: skip

Frame = tuple[str, str]  # function, file
SENDING, WORKERS = "sending", "worker"  # processes


@dataclass(frozen=True, slots=True)
class Seen:
    """Seconds of the processor in one kind of process: by room, and by its functions of ours."""

    rooms: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)

    def add(self, frames: Sequence[Frame], seconds: float) -> None:
        room = _room(frames)
        ours = next(
            (f"{file.partition(PACKAGE)[2]} {name}" for name, file in frames if PACKAGE in file), ""
        )
        self.rooms[room] += seconds
        self.functions[f"{room}: {ours}"] += seconds


def nothing_seen() -> dict[str, Seen]:
    """By kind of process."""
    return {SENDING: Seen(), WORKERS: Seen()}


def measure(people: int = PEOPLE, runs: int = 3, functions: int = 0) -> Result:
    """`functions` is of how many functions of the sending process the time is told too."""
    cpu, wall, limit = Series("", "µs"), Series("", "µs"), Series("", "µs")
    seen = nothing_seen()
    left_out: list[str] = []
    with desk(people) as main, sink() as server:
        main.through(server.port)
        for number in range(runs):
            told(number, runs, "by itself")
            _timed(main, people, cpu, wall)
            _constant_message(server.port, people, limit, left_out)
            told(number, runs, "looked at")
            look(main, seen)
        told(0, 1, "calls counted")
        calls = _calls(main)
    scale = min(cpu.values) / sum(one.rooms.total() for one in seen.values())
    rows = [("microseconds a message", "the sending process", "workers", "Python calls a message")]
    for room in ROOMS:
        costs = [one.rooms[room] * scale for one in seen.values()]
        row = (*(figure(cost) if cost >= 0.05 else "" for cost in costs), _per(calls[room], people))
        if any(row):
            rows.append((room, *row))
    totals = [figure(one.rooms.total() * scale) for one in seen.values()]
    rows.append(("all of it", *totals, _per(calls.total(), people)))
    rows.append(("CPU time, all processes", figure(min(cpu.values)), "", ""))
    rows.append(("time on the clock, whole command", figure(wall.median), "", ""))
    if limit.values:
        rows.append(("smtp-source as long, time on the clock", figure(limit.median), "", ""))
    for function, seconds in seen[SENDING].functions.most_common(functions):
        rows.append((function, figure(seconds * scale), "", ""))
    title = f"Profile: {people:,} recipients to {server.name}, {times(runs)}"
    claims: list[Claim] = []
    return Result(title, rows, claims, left_out[:1])


def _per(count: int, people: int) -> str:
    return f"{count / people:.1f}" if count >= people / 20 else ""


def _timed(main: Desk, people: int, cpu: Series, wall: Series) -> None:
    main.forget()
    began, spent = time.perf_counter(), cpu_of_children()
    main.call("run")
    wall.values.append((time.perf_counter() - began) / people * 1e6)
    cpu.values.append((cpu_of_children() - spent) / people * 1e6)


def _constant_message(port: int, people: int, limit: Series, left_out: list[str]) -> None:
    """What the sink and the loopback take by themselves."""
    try:
        limit.values.append(1e6 / constant(port, people, LENGTH)().rate)
    except LeftOut as reason:
        left_out.append(f"smtp-source: {reason}")


def look(main: Desk, seen: Mapping[str, Seen]) -> None:
    """A run that is looked at; what was seen is added."""
    with _hooked(main, "looks") as files:
        for file in files:
            process = seen[file.suffixes[0].removeprefix(".")]
            for frames, seconds in marshal.loads(file.read_bytes()).items():
                process.add(frames, seconds)


def _calls(main: Desk) -> Counter[str]:
    """How often the sending process called functions written in Python, by room."""
    found: Counter[str] = Counter()
    with _hooked(main, "calls") as files:
        for file in files:
            for (path, _, name), (_, count, *_) in marshal.loads(file.read_bytes()).items():
                if path != "~":  # those are written in C
                    found[_room([(name, path)])] += count
    return found


@contextmanager
def _hooked(main: Desk, hook: str) -> Iterator[Iterable[Path]]:
    """A run with one of the hooks; gives the files that it left. Of all variables, a worker is given the path
    alone: the hook lies there, and what it finds is written beside it."""
    main.forget()
    with tempfile.TemporaryDirectory(dir=main.folder) as into:
        shutil.copy(HOOKS / f"{hook}.py", Path(into) / "sitecustomize.py")
        env = {"BENCH_FIRST": "1", "PYTHONPATH": f"{into}:{ROOT}"}
        called(main.command("run"), cwd=main.folder, env=env)
        yield Path(into).glob(f"*.{hook}")


def _room(frames: Iterable[Frame]) -> str:
    """The room of a stack, given from its innermost function on."""
    for function, _ in frames:
        if room := WITHIN.get(function.rpartition(".")[2]):
            return room
    own = (file for _, file in frames if not any(shared in file for shared in SHARED))
    rooms = (room for file in own for part, room in PLACES if part in file)
    return next(rooms, REST)


if __name__ == "__main__":
    parser = options(__doc__, PEOPLE)
    parser.add_argument(
        "--functions", type=int, default=0, metavar="N", help="tell the dearest N too"
    )
    given = parser.parse_args()
    measure(given.people, given.runs, given.functions).show()
