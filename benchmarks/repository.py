"""What a record in the repository costs: pushes, and seconds, at a pace that many servers ask for.

A bare repository on this disk stands for the host's. Each push takes two seconds more there than it would, as
over a network to a host that is busy; a hook counts them.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from benchmarks.figures import Claim, Result, Series, arguments, figure, times, told
from benchmarks.setting import Desk, called, desk
from benchmarks.sink import sink

PEOPLE = 5_000
RATE = 50  # messages a second
PUSH = 2.0  # seconds
MOST_PUSHES, MOST_SECONDS = 30, 180.0
KEY = {"SENDBATCH_RECEIPT_KEY": "0123456789abcdef0123456789abcdef"}


def measure(people: int = PEOPLE, runs: int = 1) -> Result:
    pushes, seconds = Series("pushes", ""), Series("whole command", "s")
    with desk(people) as main, sink() as server:
        main.through(server.port)
        for number in range(min(runs, 2)):  # each takes minutes
            told(number, min(runs, 2), "sends with the record in the repository")
            log = _repository(main, f"host{number}")
            began = time.monotonic()
            command = [
                main.python, "-m", "sendbatch", "run", str(main.campaign), "--record", "git",
                "--rate", f"{RATE}/s", "--no-progress", "--yes",
            ]  # fmt: skip
            called(command, cwd=main.folder, env=KEY)
            seconds.values.append(time.monotonic() - began)
            pushes.values.append(len(log.read_text().splitlines()))
    rows = [("", "", "spread")]
    rows += [(one.name, f"{figure(one.median)} {one.unit}", one.spread) for one in (pushes, seconds)]
    rows.append(("of it sending, at the pace", f"{people / RATE:.0f} s", ""))
    claim = Claim(
        f"{people:,} people at {RATE}/s, the record in the repository, {PUSH:.0f} s a push",
        f"at most {MOST_PUSHES} pushes, {MOST_SECONDS:.0f} s",
        f"{pushes.median:.0f} pushes, {figure(seconds.median)} s",
        pushes.median <= MOST_PUSHES and seconds.median <= MOST_SECONDS,
    )
    title = f"A record in the repository: {people:,} recipients at {RATE}/s, {times(len(seconds.values))}"
    return Result(title, rows, [claim])


def _repository(main: Desk, name: str) -> Path:
    """Make the folder a repository with an origin; returns where the hook writes a line for each push."""
    host, log = main.folder / name, main.folder / f"{name}.log"
    _git(main.folder, "init", "-q", "--bare", str(host))
    if not (main.folder / ".git").exists():
        _git(main.folder, "init", "-q")
        with (main.folder / "profiles.yaml").open("a", encoding="utf-8") as profiles:
            profiles.write("project: bench\n")
    else:
        _git(main.folder, "remote", "remove", "origin")
    _git(main.folder, "remote", "add", "origin", str(host))
    hook = host / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ncat >/dev/null\necho push >>'{log}'\nsleep {PUSH}\n", encoding="utf-8")
    hook.chmod(0o755)
    return log


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True)


if __name__ == "__main__":
    given = arguments(__doc__, PEOPLE)
    measure(given.people, given.runs).show()
