"""Where the time of a run goes, by share: validate, render, encode, hand over, record, and the rest.

A run under cProfile, workers and threads included, gives the shares of CPU time; a run without it,
its CPU time a message. One times the other is the microseconds of each. A profiler makes small
functions look dearer than they are: the shares point at where to look, and prove nothing.
"""

from __future__ import annotations

import pstats
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks import installing
from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.installing import LeftOut
from benchmarks.senders import cpu_of_children
from benchmarks.setting import ROOT, Desk, called, desk
from benchmarks.sink import sink

PEOPLE = 20_000
HOOK = ROOT / "benchmarks" / "hook"

REST = "other"
ROOMS = ("validate", "render", "encode", "hand over", "record", "between processes", "steer",
         "start-up", "report", REST)  # fmt: skip
# The first that a file's path contains. What is in none of them belongs to whoever called it.
PLACES = (
    ("<frozen importlib", "start-up"),
    ("/sendbatch/audience/", "validate"),
    ("/email_validator/", "validate"),
    ("/idna/", "validate"),
    ("/sendbatch/message/templates.py", "render"),
    ("/jinja2/", "render"),
    ("/markupsafe/", "render"),
    ("<template>", "render"),
    ("/letter.", "render"),
    ("/sendbatch/message/", "encode"),
    ("/sendbatch/smtp/", "hand over"),
    ("/aiosmtplib/", "hand over"),
    ("/sendbatch/ledger/", "record"),
    ("/sendbatch/rendering/", "between processes"),
    ("/sendbatch/delivery/", "steer"),
    ("/sendbatch/limits/", "steer"),
    ("/sendbatch/planning/", "validate"),
    ("/sendbatch/session/", "start-up"),
    ("/sendbatch/runtime/", "start-up"),
    ("/asyncio/", "steer"),
    ("/sendbatch/reports/", "report"),
    ("/sendbatch/preview/", "report"),
    ("/sendbatch/cli/", "start-up"),
    ("/sendbatch/campaign/", "start-up"),
)

Function = tuple[str, int, str]
# Calls without recursion, calls, own seconds, seconds with what it called.
Counts = tuple[int, int, float, float]
Stats = dict[Function, tuple[int, int, float, float, dict[Function, Counts]]]


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    cpu, wall = Series("CPU time", "µs"), Series("time", "µs")
    limit = Series("smtp-source, time", "µs")
    shares: defaultdict[str, list[float]] = defaultdict(list)
    left_out: list[str] = []
    with desk(people) as main, sink() as server:
        main.through(server.port)
        for number in range(runs):
            told(number, runs, "without the profiler")
            _timed(main, people, cpu, wall)
            _constant_message(main, server.port, people, limit, left_out)
            told(number, runs, "with it")
            for room, share in _profiled(main).items():
                shares[room].append(share)
    rows = [("microseconds a message", "share of CPU", "µs")]
    for room in ROOMS:
        share = Series(room, "", shares[room] or [0.0]).median
        rows.append((room, f"{share:.1%}", figure(share * cpu.median)))
    rows.append(("CPU time, all processes", "", figure(cpu.median)))
    rows.append(("time on the clock, whole command", "", figure(wall.median)))
    if limit.values:
        rows.append((f"{limit.name} on the clock", "", figure(limit.median)))
    claims: list[Claim] = []
    title = f"Profile: {people:,} recipients to {server.name}, {times(runs)}"
    return Result(title, rows, claims, left_out[:1])


def _timed(main: Desk, people: int, cpu: Series, wall: Series) -> None:
    main.forget()
    began, spent = time.perf_counter(), cpu_of_children()
    main.call("run")
    wall.values.append((time.perf_counter() - began) / people * 1e6)
    cpu.values.append((cpu_of_children() - spent) / people * 1e6)


def _constant_message(
    main: Desk, port: int, people: int, limit: Series, left_out: list[str]
) -> None:
    """What the sink and the loopback take by themselves."""
    try:
        program = installing.smtp_source()
    except LeftOut as reason:
        left_out.append(f"smtp-source: {reason}")
        return
    began = time.perf_counter()
    called([program, "-d", "-s", "8", "-m", str(people), f"127.0.0.1:{port}"], cwd=main.folder)
    limit.values.append((time.perf_counter() - began) / people * 1e6)


def _profiled(main: Desk) -> dict[str, float]:
    """Each room's share of the CPU time of a run under the profiler."""
    main.forget()
    with tempfile.TemporaryDirectory(dir=main.folder) as into:
        env = {"BENCH_PROFILE": into, "PYTHONPATH": f"{HOOK}:{ROOT}"}
        called(main.command("run"), cwd=main.folder, env=env)
        totals: Counter[str] = Counter()
        for file in Path(into).glob("*.prof"):
            stats: Stats = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
            totals.update(_by_room(stats))
    whole = sum(totals.values())
    return {room: seconds / whole for room, seconds in totals.items()}


def _by_room(stats: Stats) -> dict[str, float]:
    found: defaultdict[str, float] = defaultdict(float)
    known: dict[Function, dict[str, float]] = {}
    for function, (_, _, own, _, _) in stats.items():
        for room, share in _owners(function, stats, known).items():
            found[room] += own * share
    return dict(found)


def _owners(
    function: Function, stats: Stats, known: dict[Function, dict[str, float]]
) -> dict[str, float]:
    """The rooms that a function works for, by share."""
    if function in known:
        return known[function]
    known[function] = {REST: 1.0}  # for callers in a circle
    if room := _room(function):
        known[function] = {room: 1.0}
    elif function in stats and (callers := stats[function][4]):
        weights = {caller: counts[3] + 1e-9 for caller, counts in callers.items()}
        whole = sum(weights.values())
        shares: defaultdict[str, float] = defaultdict(float)
        for caller, weight in weights.items():
            for owner, share in _owners(caller, stats, known).items():
                shares[owner] += share * weight / whole
        known[function] = dict(shares)
    return known[function]


def _room(function: Function) -> str | None:
    file, _, name = function
    if name == "<module>":
        return "start-up"
    if "uvloop" in name or "uvloop" in file:
        return "steer"
    return next((room for part, room in PLACES if part in file), None)


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
