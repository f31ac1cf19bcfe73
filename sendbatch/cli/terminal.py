"""What a person sees while it happens: lines on standard error, a progress bar where there is one."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import typer

from sendbatch.cli.masking import for_log
from sendbatch.cli.plan_text import plan_text
from sendbatch.delivery.observer import Observer
from sendbatch.errors import Interrupted, SendbatchError, as_json, inert, one_line
from sendbatch.values import Status

if TYPE_CHECKING:
    from tqdm import tqdm

    from sendbatch.delivery.seen import Question, Seen
    from sendbatch.delivery.stopping import Stop

DONE = frozenset({Status.ACCEPTED, Status.REJECTED, Status.FAILED, Status.IN_DOUBT})
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TOLD_EVERY = 60.0  # seconds between lines where there is no bar


class Terminal(Observer):
    """Standard error, as text or as one JSON object a line."""

    def __init__(self, *, quiet: bool = False, progress: bool = True, log_format: str = "text"):
        self._quiet = quiet
        self._json = log_format == "json"
        fancy = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        self._bars = progress and fancy and not quiet and not self._json
        self._bar: tqdm[NoReturn] | None = None
        self._counts: Counter[Status] = Counter()
        self._doing = ""  # what the bar is about
        self._total = 0
        self._told_at = time.monotonic()

    def say(self, text: str, kind: str = "notice", **more: object) -> None:
        """A message for people; one line of JSON where that was asked for."""
        text = for_log(text)
        if self._json:
            line = {"at": round(time.time(), 3), "kind": kind, "text": text.rstrip("\n"), **more}
            _write(as_json(line))
        elif not self._quiet:
            self._above_bar(inert(text.rstrip("\n")))

    def complain(self, text: str, kind: str = "error", **more: object) -> None:
        """As `say`, even when quiet."""
        self._quiet, quiet = False, self._quiet
        self.say(text, kind, **more)
        self._quiet = quiet

    @contextmanager
    def telling(self) -> Iterator[None]:
        """A refusal inside is one more line of JSON, where those were asked for."""
        try:
            yield
        except SendbatchError as error:
            if not self._json:
                raise
            self.complain(str(error), exit_code=error.exit_code)
            raise typer.Exit(error.exit_code) from None

    def planned(self, plan: Seen) -> None:
        self.finished()
        self.say(plan_text(plan), "plan", totals=plan.totals, sendable=plan.sendable)
        if self._quiet and not self._json:
            for warning in plan.warnings:
                if warning.severity == "warning":
                    self.complain(str(warning))

    def planning(self, rows: int) -> None:
        self._show("checking rows", rows, None, "row")

    def checking(self, messages: int, total: int) -> None:
        self._show("building messages", messages, total, "message")

    def sending(self, total: int) -> None:
        self.finished()
        self._total = total
        self._told_at = time.monotonic()
        if self._bars:
            self._open("sending", total, "mail")

    def moved(self, was: Status, now: Status) -> None:
        self._counts[now] += 1
        if self._bar is not None:
            self._bar.update(now in DONE)
            if set(self._counts) - {Status.ACCEPTED}:
                self._bar.set_postfix(
                    {s.replace("_", " "): n for s, n in self._counts.items()}, refresh=False
                )
        elif time.monotonic() - self._told_at >= TOLD_EVERY:
            self._told_at = time.monotonic()
            done = sum(self._counts[status] for status in DONE)
            self.say(f"{done:,} of {self._total:,} done", "progress", done=done, total=self._total)

    def notice(self, text: str) -> None:
        self.say(one_line(text))

    def finished(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def ask(self, question: Question) -> bool:
        """Ask for a yes, or for the number; the plan stands above."""
        if self._quiet and not self._json:
            self.complain(plan_text(question.plan))  # nobody says yes to what they have not seen
        with _interruptible():
            if question.must_type:
                wanted = str(question.plan.sendable)
                typed = _asked(f"Type the number of recipients ({wanted}) to send: ")
                return typed.replace(",", "").strip() == wanted
            return _asked("Send it? [y/N] ").strip().lower() in ("y", "yes")

    def _show(self, what: str, done: int, total: int | None, unit: str) -> None:
        if not self._bars:
            return
        if self._bar is None or self._doing != what:
            self.finished()
            self._open(what, total, unit)
        assert self._bar is not None
        self._bar.update(done - self._bar.n)

    def _open(self, what: str, total: int | None, unit: str) -> None:
        from tqdm import tqdm

        self._doing = what
        self._bar = tqdm(
            desc=what, total=total, unit=f" {unit}", file=sys.stderr, leave=False,
            dynamic_ncols=True, mininterval=0.2,
        )  # fmt: skip

    def _above_bar(self, text: str) -> None:
        if self._bar is None:
            _write(text)
        else:
            self._bar.write(text, file=sys.stderr)


def person_is_there() -> bool:
    """Whether somebody can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


@contextmanager
def stoppable(stop: Stop, terminal: Terminal) -> Iterator[None]:
    """Ctrl-C, SIGTERM, and SIGHUP of a terminal that went away, stop soon, a second one at once. With a
    third the process ends there and then, whatever it does: the record is right after that too."""

    def asked(number: int, frame: FrameType | None) -> None:
        name = _name(number)
        if stop.is_now:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        if stop.is_soon:
            stop.now(name)
            return
        stop.soon(name)
        terminal.say("stopping: what is under way is completed; once more stops at once")

    with _handled(asked):
        yield


@contextmanager
def _interruptible() -> Iterator[None]:
    """While a question waits, the first signal ends it at once."""

    def left(number: int, frame: FrameType | None) -> None:
        sys.stderr.write("\n")
        raise Interrupted(f"{_name(number)}; nothing was sent")

    with _handled(left):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    heard = [number for number in STOPPING if not _is_ignored_hangup(number)]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, other in before.items():
            signal.signal(number, other)


def _is_ignored_hangup(number: signal.Signals) -> bool:
    """nohup asks to go on without the terminal."""
    return number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN


def _name(number: int) -> str:
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


def _asked(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    try:
        with _signals_waking() as heard:
            select.select([sys.stdin, heard], [], [])
        return sys.stdin.readline()
    except OSError:  # the terminal went away, and whoever sat at it
        return ""


@contextmanager
def _signals_waking() -> Iterator[int]:
    """A descriptor that becomes readable with a signal. One that comes just before a read begins would
    be handled only after it, when the answer is typed: `select` on this too misses none."""
    heard, told = os.pipe()
    os.set_blocking(told, False)
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    try:
        yield heard
    finally:
        signal.set_wakeup_fd(before)
        os.close(heard)
        os.close(told)


def _write(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
