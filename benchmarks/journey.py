"""Walks one row from `run` to report.csv: which files it passes, in the command and in its worker.

    python -m benchmarks.journey [CHECKOUT]

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


def report(few: list[Call], many: list[Call]) -> Iterator[str]:
    """The files in the order in which rows come to them, how often each row does, and what is called."""
    counts = [Counter(call.called for call in calls) for calls in (few, many)]
    passed = {one for one in counts[1] if counts[1][one] - counts[0][one] >= MORE - FEW}
    few, many = ([call for call in calls if call.called in passed] for calls in (few, many))
    before, after = entered(few), entered(many)
    functions: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for call in few:
        functions[call.file][call.function] = None
    for file, names in functions.items():
        yield f"{(after[file] - before[file]) / (MORE - FEW):6.1f}  {file:32} {', '.join(names)}"
    changes = (after.total() - before.total()) / (MORE - FEW)
    calls = (len(many) - len(few)) / (MORE - FEW)
    yield f"{len(functions)} files, {changes:.0f} changes of file, {calls:.0f} calls"


def main() -> None:
    checkout = Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT
    for line in report(walked(checkout, FEW), walked(checkout, MORE)):
        print(line)


if __name__ == "__main__":
    main()
