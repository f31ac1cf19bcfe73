"""One record in PostgreSQL, for one runner and for several: what it costs, and what more machines bring.

The database, the sink and all runners share this machine's cores. Where runners are counted the sink takes
50 ms a message, so that a connection sends 20 a second and the processor is not what limits; the rate is that
of the middle of the run, by the answers in the record. Runners are processes of their own (`--join`).
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from benchmarks.database import empty, postgres
from benchmarks.database import told as asked
from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.installing import LeftOut
from benchmarks.setting import Desk, called, desk, environment
from benchmarks.sink import sink

if TYPE_CHECKING:
    from tests.kit.postgres import Database, Postgres

PEOPLE = 20_000
TAKES = 0.05  # seconds a message
CONNECTIONS = 3  # of each runner where runners are counted: 60 messages a second; with 5, 2 cores limit it
COUNTS = (1, 2, 4)
EACH = 15  # seconds that such a run takes
LEAST_SHARE = 0.95  # of N times what one runner sends
LEASE = 10.0  # seconds
MOST_LEASES = 1.5
RATE, RUNNERS, OFF = 500, 4, 0.02
ITS_ID = "SELECT id FROM sendbatch.runner WHERE pid = {}"
MIDDLE = """
WITH done AS (
  SELECT {what} AS at, percent_rank() OVER (ORDER BY {what}) AS share
  FROM sendbatch.delivery WHERE status = 'accepted'
), middle AS (SELECT at FROM done WHERE share BETWEEN 0.3 AND 0.9)
SELECT (count(*) - 1) / (max(at) - min(at)) FROM middle
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """What all parts of this benchmark share."""

    main: Desk
    server: Postgres
    people: int
    runs: int


Part: TypeAlias = tuple[list[tuple[str, ...]], list[Claim]]


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    title = f"A record in PostgreSQL: {times(runs)}"
    rows: list[tuple[str, ...]] = [("", "", "spread", "")]
    try:
        with postgres() as server, desk(people) as main:
            setup = Setup(main, server, people, runs)
            parts = [part(setup) for part in (_alone, _counted, _rate_held, _taken_over)]
    except LeftOut as why:
        return Result(title, rows, [], [f"PostgreSQL: {why}"])
    rows += [row for more, _ in parts for row in more]
    return Result(title, rows, [claim for _, some in parts for claim in some])


def _alone(setup: Setup) -> Part:
    """One runner, beside the same with its record in SQLite."""
    here = Series("one runner, its record on this disk", "messages/s")
    there = Series("one runner, its record in PostgreSQL", "messages/s")
    main = setup.main
    with sink() as server:
        for number in range(setup.runs):
            main.forget()
            main.through(server.port)
            told(number, setup.runs, here.name)
            began = time.perf_counter()
            main.call("run")
            here.values.append(setup.people / (time.perf_counter() - began))
            declare(main, server.port)
            told(number, setup.runs, there.name)
            with fresh(setup.main, setup.server) as database:
                began = time.perf_counter()
                called(command(main), cwd=main.folder, env=known(database))
                there.values.append(setup.people / (time.perf_counter() - began))
    share = f"messages/s; {there.median / here.median:.2f} ×"
    return [_row(here, "messages/s"), _row(there, share)], []  # nothing is asked of it


def _counted(setup: Setup) -> Part:
    sent = {count: Series(f"{count} runners", "messages/s") for count in COUNTS}
    pace = CONNECTIONS / TAKES
    with sink(takes=TAKES) as server:
        for number in range(setup.runs):
            for count, series in sent.items():
                told(number, setup.runs, series.name)
                declare(setup.main, server.port, CONNECTIONS * count)  # they share them
                most = min(setup.people, round(pace * EACH) * count)
                with fresh(setup.main, setup.server) as database:
                    _together(setup.main, database, count, "--limit", str(most))
                    series.values.append(middle(database, "finished_at"))
    shares = {count: sent[count].median / (count * sent[1].median) for count in COUNTS}
    rows = [_row(sent[count], f"messages/s; {shares[count]:.2f} × {count}") for count in COUNTS]
    measured = ", ".join(f"{shares[count]:.2f} × {count}" for count in COUNTS[1:])
    what = f"{' and '.join(map(str, COUNTS[1:]))} runners, {TAKES * 1000:.0f} ms a message"
    met = min(shares.values()) >= LEAST_SHARE
    return rows, [Claim(what, f"{LEAST_SHARE} × N", measured, met)]


def _rate_held(setup: Setup) -> Part:
    held = Series(f"{RUNNERS} runners at {RATE}/s", "messages/s")
    most = ("--limit", str(min(setup.people, RATE * 20)))
    with sink() as server:
        declare(setup.main, server.port)
        for number in range(setup.runs):
            told(number, setup.runs, held.name)
            with fresh(setup.main, setup.server) as database:
                _together(setup.main, database, RUNNERS, "--rate", f"{RATE}/s", *most)
                held.values.append(middle(database, "first_attempt_at"))
    off = held.median / RATE - 1
    what = f"a rate of {RATE}/s over {RUNNERS} runners is held"
    claim = Claim(what, f"within {OFF:.0%}", f"off by {off:.2%}", abs(off) <= OFF)
    return [_row(held, f"messages/s; off by {off:.2%}")], [claim]


def _taken_over(setup: Setup) -> Part:
    """From the kill of one of two until nothing is its any more."""
    taken = Series("a killed runner's blocks are taken", "s")
    with sink(takes=TAKES) as server:
        declare(setup.main, server.port, CONNECTIONS)
        for number in range(setup.runs):
            told(number, setup.runs, taken.name)
            with fresh(setup.main, setup.server) as database, _runners(setup.main, database, 2) as both:
                taken.values.append(_until_taken(database, both[0]))
    most = MOST_LEASES * LEASE
    claim = Claim(taken.name, f"within {most:.0f} s", str(taken), taken.median <= most)
    return [_row(taken, f"s; a lease is {LEASE:.0f} s")], [claim]


def _row(series: Series, told: str) -> tuple[str, ...]:
    return series.name, figure(series.median), series.spread, told


def _until_taken(database: Database, victim: subprocess.Popen[str]) -> float:
    """Seconds. Raises SystemExit where it never happens."""
    of_it = f"SELECT count(*) FROM sendbatch.block WHERE owner IN ({ITS_ID.format(victim.pid)})"
    _wait_for(lambda: asked(database, of_it)[0] > 0, "a runner has a block")
    time.sleep(3)  # in the middle of it
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    began = time.monotonic()
    _wait_for(lambda: asked(database, of_it)[0] == 0, "its blocks are taken")
    return time.monotonic() - began


def _wait_for(happened: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 10 * LEASE
    while time.monotonic() < until:
        with contextlib.suppress(Exception):  # there is no table yet
            if happened():
                return
        time.sleep(0.05)
    raise SystemExit(f"in vain: {what}")


# runners


@contextlib.contextmanager
def fresh(main: Desk, server: Postgres) -> Iterator[Database]:
    """A database with nothing in it, of a campaign that was never sent."""
    shutil.rmtree(main.folder / "reports", ignore_errors=True)
    with empty(server) as database:
        yield database


def declare(main: Desk, port: int, connections: int | None = None) -> None:
    """The campaign goes through this server, and its record has a name."""
    if connections is None:
        main.through(port)
    else:
        main.through(port, connections)
    with (main.folder / "profiles.yaml").open("a", encoding="utf-8") as profiles:
        profiles.write("project: bench\n")


def known(database: Database) -> dict[str, str]:
    return {"SENDBATCH_RECORD": database.url}


def command(main: Desk, *words: str) -> list[str]:
    run = ("run", str(main.campaign), "--no-progress", "--yes")
    return [main.python, "-m", "sendbatch", *run, *words]


def middle(database: Database, what: str) -> float:
    """Messages a second in the middle of the run, when all runners are there."""
    return float(asked(database, MIDDLE.format(what=what))[0])


def _together(main: Desk, database: Database, count: int, *words: str) -> None:
    """So many runners, to the end. Raises SystemExit where one fails."""
    with _runners(main, database, count, *words) as processes:
        for process in processes:
            _, said = process.communicate()
            if process.returncode:
                raise SystemExit(f"a runner ended with {process.returncode}:\n{said[-2000:]}")


@contextlib.contextmanager
def _runners(
    main: Desk, database: Database, count: int, *words: str
) -> Iterator[list[subprocess.Popen[str]]]:
    joins = command(main, "--join", *words)
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    processes = [
        subprocess.Popen(
            joins, cwd=main.folder, env=environment(known(database)), text=True, **streams
        )
        for _ in range(count)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
