"""What a person sees while it happens: lines on standard error, and one that changes where there is a
terminal."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from click.exceptions import Exit

from sendbatch.cli.live import Live
from sendbatch.cli.masking import for_log
from sendbatch.cli.plan_text import plan_text
from sendbatch.cli.progress import Progress
from sendbatch.cli.signals import asked, interruptible
from sendbatch.errors import SendbatchError, as_json, inert, one_line
from sendbatch.runtime.ci import in_ci
from sendbatch.runtime.observer import Limit, Observer, Wait
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview
    from sendbatch.session.question import Question

LONG = 60.0  # seconds of a wait in which a person may want to leave


class Terminal(Observer):
    """Standard error, as text or as one JSON object a line."""

    def __init__(self, *, quiet: bool = False, progress: bool = True, log_format: str = "text"):
        self._quiet = quiet
        self._json = log_format == "json"
        self._fancy = progress and not quiet and not self._json and _can_draw()
        self._live = Live(draws=self._fancy, tell=self._tell)
        self._deferred = self._failed = 0  # by an earlier run
        self._limit, self._connections = Limit(None), (0, 0)
        self._has_reassured = False

    @property
    def is_quiet(self) -> bool:
        return self._quiet and not self._json

    def say(self, text: str, kind: str = "notice", **more: object) -> None:
        """A message for people; one line of JSON where that was asked for."""
        text = for_log(text)
        if self._json:
            line = {"at": round(time.time(), 3), "kind": kind, "text": text.rstrip("\n"), **more}
            _write(as_json(line))
        elif not self._quiet:
            self._live.say(inert(text.rstrip("\n")))

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
            raise Exit(error.exit_code) from None

    def planned(self, plan: Overview) -> None:
        self.finished()
        self._deferred = plan.totals.get(Status.DEFERRED, 0)
        self._failed = plan.totals.get(Status.FAILED, 0)
        self.say(self._plan_text(plan), "plan", totals=plan.totals, sendable=plan.sendable)
        if self._quiet and not self._json:
            for warning in plan.warnings:
                if warning.severity == "warning":
                    self.complain(str(warning))

    def planning(self, rows: int) -> None:
        self._show("checking rows", rows, None)

    def checking(self, messages: int, total: int) -> None:
        self._show("building messages", messages, total)

    def sending(self, total: int) -> None:
        begun = Counter({Status.DEFERRED: self._deferred, Status.FAILED: self._failed})
        progress = Progress("sending", total, began=time.monotonic(), counts=begun)
        progress.limit, progress.connections = self._limit, self._connections
        self._open(progress)

    def moved(self, was: Status, now: Status) -> None:
        if (progress := self._live.progress) is not None:
            progress.moved(was, now)

    def waiting(self, wait: Wait) -> None:
        if self._live.progress is None:
            self._open(Progress("connecting", began=time.monotonic()))
        if (progress := self._live.progress) is not None:
            progress.waits(wait, time.monotonic())
        if self._fancy and not self._has_reassured and _is_long(wait):
            self._has_reassured = True
            self.say("Ctrl-C is safe at any time: the same command goes on where this one ended")

    def limited(self, limit: Limit) -> None:
        self._limit = limit
        if (progress := self._live.progress) is not None:
            progress.limit = limit

    def connected(self, connections: int, allowed: int) -> None:
        self._connections = connections, allowed
        if (progress := self._live.progress) is not None:
            progress.connections = self._connections

    def stopping(self) -> None:
        """A person, or whoever ends processes, asked for the end: what is under way is completed."""
        if (progress := self._live.progress) is not None:
            progress.is_stopping = True
        self.say("stopping: what is under way is completed; once more stops at once")

    def notice(self, text: str) -> None:
        self.say(one_line(text))

    def finished(self) -> None:
        self._live.close()

    def ask(self, question: Question) -> bool:
        """Ask for a yes, or for the number; the plan stands above."""
        if self._quiet and not self._json:
            self.complain(self._plan_text(question.plan))  # nobody says yes to what they have not seen
        with interruptible():
            elsewhere = question.plan.campaign.profile.redirect_to
            to = f", all of it to {one_line(elsewhere, 320)}" if elsewhere is not None else ""
            if question.must_type:
                wanted = str(question.plan.sendable)
                what = "messages" if to else "recipients"
                typed = asked(f"Type the number of {what} ({wanted}) to send{to}: ")
                return typed.replace(",", "").strip() == wanted
            return asked(f"Send it{to}? [y/N] ").strip().lower() in ("y", "yes")

    def _plan_text(self, plan: Overview) -> str:
        return plan_text(plan, for_person=not self._json and is_for_person(sys.stderr))

    def _show(self, what: str, done: int, total: int | None) -> None:
        if self._live.progress is None or self._live.progress.doing != what:
            self._open(Progress(what, total, began=time.monotonic()))
        if (progress := self._live.progress) is not None:
            progress.done = done

    def _open(self, progress: Progress) -> None:
        if not self.is_quiet:
            self._live.open(progress)

    def _tell(self, progress: Progress) -> None:
        """A sign of life where no line is drawn."""
        now, wall = time.monotonic(), time.time()
        wait = progress.waiting(now, wall)
        self.say(
            progress.plain(now, wall),
            "progress",
            doing=progress.doing,
            done=progress.done,
            total=progress.total,
            rate=round(progress.speed, 3),
            limit=progress.limit.rate,
            limited_by=progress.limit.why or None,
            limited_until=progress.limit.until,
            connections=progress.connections[0],
            not_sent=progress.trouble,
            waiting_for=wait.why if wait is not None else None,
            waiting_until=wait.until if wait is not None else None,
        )


def _can_draw() -> bool:
    """Whether standard error is a terminal that can move its cursor, and that may be used."""
    dumb = os.environ.get("TERM", "") in ("", "dumb", "unknown")
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ and not dumb


def _is_long(wait: Wait) -> bool:
    return wait.until is not None and wait.until - time.time() >= LONG


def is_for_person(stream: TextIO) -> bool:
    """Whether what is written there is seen by the person at the terminal, and stands in no log."""
    return stream.isatty() and not in_ci(os.environ)


def person_is_there() -> bool:
    """Whether somebody can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _write(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
