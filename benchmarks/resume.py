"""Seconds until a resumed run sends its first message, with half of a million done, CSV unchanged.

The record is made by a real plan and one real message; then the first half is marked as accepted,
by SQL, as if it had been sent. Each run is killed (SIGKILL) once the sink has its first message, which
is what the next one resumes from. Our own sink is used: it tells when a message came.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import sqlite3
import subprocess
import tempfile
import time

from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.setting import Desk, desk, environment
from benchmarks.sink import Sink, sink

PEOPLE = 1_000_000
MOST = 5.0  # seconds
PATIENCE = 300.0

MARK = """
INSERT INTO delivery SELECT r.id, r.key, r.email, done.status, NULL, 1, NULL, done.code, done.enhanced_code,
    done.reply, NULL, NULL, done.content, NULL, done.dated_at, done.first_attempt_at, done.finished_at, NULL
FROM plan_row AS r, delivery AS done WHERE r.id <> done.id ORDER BY r.id LIMIT ?
"""


def measure(people: int = PEOPLE, runs: int = 3) -> Result:
    first = Series("a first run", "s")
    resumed = Series("resumed, half of it done", "s")
    with desk(people) as main, sink(own=True) as server:
        main.through(server.port)
        told(0, 1, "plans and sends one message")
        first.values.append(_until_first_message(main, server, "--limit", "1", kill=False))
        _mark(main, people // 2)
        kept = main.folder / "half-done"
        shutil.copytree(main.record, kept)
        for number in range(runs):
            told(number, runs, "resume")
            main.forget()
            shutil.copytree(kept, main.record)
            resumed.values.append(_until_first_message(main, server))
    rows = [("until the sink has a message", "s", "spread", "resumed is")]
    rows += [
        (s.name, figure(s.median), s.spread, f"{resumed.median / s.median:.3f} ×")
        for s in (first, resumed)
    ]
    claim = Claim(
        f"first message of a resumed run with half of {people:,} done, CSV unchanged",
        f"within {MOST:.0f} s",
        str(resumed),
        resumed.median <= MOST,
    )
    return Result(f"Resuming: {people:,} recipients, {times(runs)}", rows, [claim])


def _mark(main: Desk, count: int) -> None:
    (file,) = main.record.glob("*/ledger.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as record, record:
        if record.execute(MARK, (count,)).rowcount != count:
            raise SystemExit(
                "the record is not what it was: half of it could not be marked as done"
            )


def _until_first_message(main: Desk, server: Sink, *words: str, kill: bool = True) -> float:
    """Seconds from the start of the command until the sink has a whole message."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        began = time.monotonic()
        process = subprocess.Popen(
            main.command("run", *words), cwd=main.folder, env=environment(),
            stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        )  # fmt: skip
        try:
            came = _first_message(server, process, began)
            if not kill:
                process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()
        if came is None:
            said.seek(0)
            raise SystemExit(f"the sink has seen no message:\n{said.read()[-2000:]}")
    return came - began


def _first_message(server: Sink, process: subprocess.Popen[bytes], began: float) -> float | None:
    """When the first since `began` came (CLOCK_MONOTONIC), None where the run ends without."""
    assert server.process.stdout is not None
    pipe = server.process.stdout.fileno()
    told_so_far = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while time.monotonic() < began + PATIENCE:
            if selector.select(0.5):
                told_so_far += os.read(pipe, 65536)
            elif process.poll() is not None:
                return None
            *lines, told_so_far = told_so_far.split(b"\n")
            times = [float(line.split()[1]) for line in lines if line.startswith(b"first ")]
            if came := [when for when in times if when > began]:
                return min(came)
    return None


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
