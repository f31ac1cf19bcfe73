"""`run --workers N`: further runners on this machine, each a process of its own, told of in one line.

The first runner is this process: it plans, asks and sends. Once it sends, the others are started by the same
command with --join; they say what they do as a log for programs, which is read here. They end with their
standard input: so no end of this process leaves one behind. No secret is on their command line, for what is
refused there is refused here too.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from sendbatch.cli.terminal import Terminal
from sendbatch.errors import CampaignError, one_line
from sendbatch.values import Status
from sendbatch.words import count

if TYPE_CHECKING:
    from sendbatch.campaign.model import Campaign
    from sendbatch.runtime.observer import Wait
    from sendbatch.runtime.stop import Stop
    from sendbatch.session.overview import Overview

MARK = "SENDBATCH_WORKER"  # in the environment of those that are started
MOST = 64  # of one machine
LOOK_EVERY = 0.1  # seconds
LONGEST_LINE = 64 * 1024  # characters that one of them says at once
STOPPED = 3
SOON, NOW = "soon", "now"  # what begins a line that tells one to end
# What the first runner says for all, or what the others are told anew.
_OWN = frozenset({"file", "workers", "yes", "join", "quiet", "no_progress", "dry_run"})


def hold_number(workers: int | None, campaign: Campaign, *, dry_run: bool) -> None:
    """Raises CampaignError where so many are of no use here."""
    if workers is None or workers == 1:
        return
    if dry_run:
        raise CampaignError("--workers is about sending, and --dry-run sends nothing: leave one out")
    if workers > MOST:
        raise CampaignError(f"--workers {workers}: at most {MOST} are started on one machine")
    connections = campaign.profile.connections
    if workers > connections:
        raise CampaignError(
            f"--workers {workers}: the profile {campaign.profile.name} has "
            f"{count(connections, 'connection')}, which all runners share, and one without any sends nothing",
            hint=f"write --workers {connections}, or raise connections: where the server takes more",
        )


def is_worker() -> bool:
    """Whether this process is one of those that were started."""
    return bool(os.environ.get(MARK))


class WorkerTerminal(Terminal):
    """What such a process says to the one that has started it: no more than that needs."""

    SAID_EVERY = 0.5

    def planned(self, plan: Overview) -> None:
        """It was shown, and asked about, before."""

    def stopping(self) -> None:
        """So it was told to."""


@contextmanager
def ending_with_input(stop: Stop) -> Iterator[None]:
    """A process that was started ends with the one that has started it: then its standard input does."""

    def watch() -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in sys.stdin:  # how it is to end, and why
                word, _, why = line.strip().partition(" ")
                (stop.now if word == NOW else stop.soon)(why)
        stop.soon("the process that has started this one is gone")

    threading.Thread(target=watch, name="standard input", daemon=True).start()
    yield


class CrewTerminal(Terminal):
    """The terminal of the first runner. The others are started as soon as it sends."""

    crew: Crew | None = None

    def planned(self, plan: Overview) -> None:
        super().planned(replace(plan, is_shared=False))  # all of them are told of here

    def sending(self, total: int) -> None:
        super().sending(total)
        if self.crew is not None:
            self.crew.start()

    def finished(self) -> None:
        """The line stays until the others have ended, too."""
        if self.crew is None or not self.crew.is_alive:
            super().finished()

    def notice(self, text: str) -> None:
        if self.crew is None:
            super().notice(text)
        else:
            self.crew.once(text)

    def over(self) -> None:
        self.crew = None
        self.finished()

    def waiting(self, wait: Wait) -> None:
        """Others may go on meanwhile."""
        if self.crew is None or not self.crew.is_alive:
            super().waiting(wait)


class Crew:
    """The runners beside this one; a context manager, with which they end."""

    def __init__(self, words: Sequence[str], number: int, terminal: CrewTerminal, stop: Stop) -> None:
        self._words, self._number = words, number
        self._terminal, self._stop = terminal, stop
        self._processes: list[subprocess.Popen[str]] = []
        self._threads: list[threading.Thread] = []
        self._done: dict[int, tuple[int, Counter[Status]]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._said: set[str] = set()

    def __enter__(self) -> Crew:
        self._terminal.crew = self
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._end(SOON, "the runner that has started this one has ended")
        self.wait()
        self._over.set()
        self._terminal.over()

    @property
    def is_alive(self) -> bool:
        return any(one.poll() is None for one in self._processes)

    def start(self) -> None:
        """Once; they are waited for in `wait`."""
        if self._processes:
            return
        for number in range(2, self._number + 1):
            process = subprocess.Popen(  # noqa: S603  what this one was typed as
                self._words,
                env={**os.environ, MARK: "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # Ctrl-C is handed on: else one that waits would hear it twice
            )
            self._processes.append(process)
            reading = threading.Thread(
                target=self._read, args=(number, process), name=f"runner {number}", daemon=True
            )
            self._threads.append(reading)
            reading.start()
        watching = threading.Thread(target=self._hand_on, name="stopping runners", daemon=True)
        watching.start()

    def wait(self) -> int:
        """Until all have ended; returns the worst of their exit codes, 0 where none was started."""
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            assert process.stdin is not None
            with contextlib.suppress(OSError):
                process.stdin.close()
        codes = (process.wait() for process in self._processes)
        return max((code if code >= 0 else STOPPED for code in codes), default=0)

    def _hand_on(self) -> None:
        """What ends this runner ends the others: first what is under way is completed, then not."""
        told = 0
        while not self._over.wait(LOOK_EVERY):
            wanted = 2 if self._stop.is_now else 1 if self._stop.is_soon else 0
            while told < wanted:
                told += 1
                self._end(NOW if told > 1 else SOON, self._stop.reason)

    def _end(self, word: str, why: str) -> None:
        for process in self._processes:
            assert process.stdin is not None
            with contextlib.suppress(OSError, ValueError):  # it has ended
                process.stdin.write(f"{word} {one_line(why, 500)}\n")
                process.stdin.flush()

    def _read(self, number: int, process: subprocess.Popen[str]) -> None:
        """What one says, to its end."""
        assert process.stderr is not None
        with process.stderr as said:
            while line := said.readline(LONGEST_LINE):
                try:
                    self._heard(number, json.loads(line))
                except (ValueError, TypeError, AttributeError, RecursionError):
                    self._say(number, line)
        if (code := process.wait()) < 0:
            name = signal.Signals(-code).name
            self._say(number, f"ended by {name}: the others take over what it left", is_wrong=True)

    def _heard(self, number: int, told: dict[str, Any]) -> None:
        event, message = told.get("event"), str(told.get("message", ""))
        if event == "progress":
            self._counted(number, int(told.get("done", 0)), told.get("not_sent") or {})
        elif event == "error":
            self._say(number, message, is_wrong=True)
        elif event == "finding" or (event == "notice" and told.get("level") != "info"):
            self._say(number, message)
        elif event == "notice":
            self.once(message)
        elif event == "summary" and told.get("stopped_by"):
            self.once(f"a runner stopped early: {told['stopped_by']}")

    def _counted(self, number: int, done: int, not_sent: dict[str, Any]) -> None:
        counts = Counter({Status(status): int(some) for status, some in not_sent.items()})
        with self._lock:
            self._done[number] = done, counts
            total = sum(one for one, _ in self._done.values())
            together = sum((some for _, some in self._done.values()), Counter[Status]())
        self._terminal.others(total, together)

    def once(self, message: str) -> None:
        """What several of them say is said once."""
        with self._lock:
            is_new = message not in self._said
            self._said.add(message)
        if is_new and not self._stop.is_soon:
            self._terminal.say(one_line(message, 1000))

    def _say(self, number: int, message: str, *, is_wrong: bool = False) -> None:
        text = f"runner {number}: {one_line(message.strip(), 1000)}"
        (self._terminal.complain if is_wrong else self._terminal.say)(text)


def words_of(context: click.Context) -> list[str]:
    """The command of one that joins: as this one was typed."""
    words = [sys.executable, "-P", "-m", "sendbatch", "run", str(context.params["file"])]
    for parameter in context.command.params:
        name, value = parameter.name or "", context.params.get(parameter.name or "")
        source = context.get_parameter_source(name)
        if name in _OWN or source is not click.core.ParameterSource.COMMANDLINE:
            continue
        if not parameter.expose_value or isinstance(parameter, click.Argument):
            continue
        option = max(parameter.opts, key=len)
        if isinstance(value, bool):
            words += [option] if value else []
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words.append(f"{option}={one}")
    return [*words, "--join", "--yes", "--log-format=json"]
