"""Walks one row from `run` to report.csv: which files it passes, in the command and in its worker.

    python -m benchmarks.journey [CHECKOUT]    says it, with the functions that are called
    python -m benchmarks.journey --write       writes the table in docs/architecture.md

A row passes a file when a function there is called for it: once more, at least, for each row more. What is
called for a run, a batch, a commit or a sample is left out. A change of file is a call of such a function in
another file than the call before it in the same thread. Both are told for one row: what a run over many has
more than one over few, for each row more.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.setting import ROOT, called
from benchmarks.sink import sink

FEW, MORE = 100, 400  # rows
PAGE = ROOT / "docs" / "architecture.md"
MARK = "<!-- journey -->\n"
# The rooms as a row comes to them; what they share is last.
ROOMS = (
    "audience",
    "rendering",
    "message",
    "delivery",
    "limits",
    "smtp",
    "ledger",
    "reports",
    "cli",
)

# Put where the interpreter looks for `sitecustomize`, of the command and of its worker.
HOOK = """\
import atexit, json, os, sys, threading, time

package, into, calls = {package!r}, {into!r}, []

def called(frame, event, argument):
    if event == "call" and (file := frame.f_code.co_filename).startswith(package):
        code = frame.f_code
        thread = f"{{os.getpid()}} {{threading.get_ident()}}"
        name = code.co_qualname
        calls.append((time.monotonic_ns(), thread, file[len(package):], name, code.co_firstlineno))

def write():
    sys.setprofile(None)
    with open(os.path.join(into, f"{{os.getpid()}}.json"), "w") as out:
        json.dump(calls[:], out)

def leave(code, leave=os._exit):  # a worker leaves so when its input ends
    write()
    leave(code)

atexit.register(write)
os._exit = leave
threading.setprofile(called)
sys.setprofile(called)
"""

CAMPAIGN = """\
name: journey
from: News <news@example.com>
subject: "{{ first_name }}, news"
recipients: {file: people.csv, name: "{{ first_name }}"}
templates: {html: letter.html, text: letter.txt}
smtp: server
"""

PROFILES = """\
profiles:
  server: {{host: 127.0.0.1, port: {port}, security: none, connections: 10, usage: usage.sqlite}}
"""


Function = tuple[str, str, int]


class Call(NamedTuple):
    """One call of a function of sendbatch; `at` is in nanoseconds of a clock that all processes share."""

    at: int
    thread: str
    file: str
    function: str
    line: int

    @property
    def called(self) -> Function:
        return self.file, self.function, self.line


def walked(checkout: Path, rows: int) -> list[Call]:
    """All calls of one run over so many rows, in the order of time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for inner in ("hook", "calls"):
            (folder / inner).mkdir()
        package = f"{checkout / 'sendbatch'}{os.sep}"
        hook = HOOK.format(package=package, into=str(folder / "calls"))
        (folder / "hook" / "sitecustomize.py").write_text(hook)
        (folder / "journey.yaml").write_text(CAMPAIGN)
        (folder / "letter.html").write_text("<p>Dear {{ first_name }}, here are our news.</p>\n")
        (folder / "letter.txt").write_text("Dear {{ first_name }}, here are our news.\n")
        people = "".join(f"person{number}@example.com,Jane\n" for number in range(rows))
        (folder / "people.csv").write_text(f"email,first_name\n{people}")
        with sink(own=True) as server:
            (folder / "profiles.yaml").write_text(PROFILES.format(port=server.port))
            _run(checkout, folder)
        found = (json.loads(file.read_text()) for file in (folder / "calls").iterdir())
        return sorted(Call(*call) for calls in found for call in calls)


def _run(checkout: Path, folder: Path) -> None:
    path = os.pathsep.join((str(folder / "hook"), str(checkout)))
    options = ("--yes", "--quiet", "--record", str(folder / "record"))
    command = [sys.executable, "-m", "sendbatch", "run", "journey.yaml", *options]
    called(command, cwd=folder, env={"PYTHONPATH": path})


def entered(way: list[Call]) -> Counter[str]:
    """How often each file is come to from another."""
    times: Counter[str] = Counter()
    last: dict[str, str] = {}
    for call in way:
        if last.get(call.thread) != call.file:
            times[call.file] += 1
        last[call.thread] = call.file
    return times


class Journey(NamedTuple):
    """What rows pass, in the order in which they come to it: the functions of each file, how often each row
    comes to the file from another, and how many calls are made for it."""

    functions: dict[str, list[str]]
    entries: dict[str, float]
    calls: float


def journey(few: list[Call], many: list[Call]) -> Journey:
    counts = [Counter(call.called for call in calls) for calls in (few, many)]
    passed = {one for one in counts[1] if counts[1][one] - counts[0][one] >= MORE - FEW}
    few, many = ([call for call in calls if call.called in passed] for calls in (few, many))
    before, after = entered(few), entered(many)
    functions: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for call in few:
        functions[call.file][call.function] = None
    entries = {file: (after[file] - before[file]) / (MORE - FEW) for file in functions}
    named = {file: list(names) for file, names in functions.items()}
    return Journey(named, entries, (len(many) - len(few)) / (MORE - FEW))


def summary(found: Journey) -> str:
    changes = sum(found.entries.values())
    return f"{len(found.functions)} files, {changes:.0f} changes of file, {found.calls:.0f} calls"


def report(found: Journey) -> Iterator[str]:
    for file, names in found.functions.items():
        yield f"{found.entries[file]:6.1f}  {file:32} {', '.join(names)}"
    yield summary(found)


def table(found: Journey) -> Iterator[str]:
    """The same for the page: a line for each room."""
    rooms: defaultdict[str, list[str]] = defaultdict(list)
    for file in found.functions:
        room, separator, _ = file.partition("/")
        rooms[room if separator else "beside them"].append(file)
    yield "| room | modules | times |"
    yield "|---|---|---|"
    for room in sorted(rooms, key=_turn):
        modules = ", ".join(f"`{file.removeprefix(room + '/')}`" for file in rooms[room])
        yield f"| {room} | {modules} | {sum(found.entries[file] for file in rooms[room]):.0f} |"
    yield ""
    yield f"In all {summary(found)} for one row."


def _turn(room: str) -> int:
    return ROOMS.index(room) if room in ROOMS else len(ROOMS)


def written(page: str, lines: Iterator[str]) -> str:
    """The page with the table behind its mark, which is the last thing on it."""
    return page[: page.index(MARK) + len(MARK)] + "\n".join(lines) + "\n"


def main() -> None:
    to_page = sys.argv[1:] == ["--write"]
    checkout = Path(sys.argv[1]).resolve() if sys.argv[1:] and not to_page else ROOT
    found = journey(walked(checkout, FEW), walked(checkout, MORE))
    if to_page:
        PAGE.write_text(written(PAGE.read_text("utf-8"), table(found)), "utf-8")
    else:
        print("\n".join(report(found)))


if __name__ == "__main__":
    main()
