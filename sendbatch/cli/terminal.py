"""What a person sees while it happens: lines on standard error, and one that changes where there is a
terminal."""

from __future__ import annotations

import math
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from sendbatch.cli import log
from sendbatch.cli.live import SAID_EVERY, Live
from sendbatch.cli.plan_document import document, headline
from sendbatch.cli.plan_text import MOST_FOUND, plan_text
from sendbatch.cli.progress import Progress
from sendbatch.cli.signals import asked, interruptible
from sendbatch.errors import Finding, inert, one_line
from sendbatch.runtime.ci import in_ci
from sendbatch.runtime.masking import finding_for_log, for_log
from sendbatch.runtime.observer import Limit, Observer, Wait
from sendbatch.values import Status

if TYPE_CHECKING:
    from sendbatch.session.overview import Overview
    from sendbatch.session.question import Question

LONG = 60.0  # seconds of a wait in which a person may want to leave


class Terminal(Observer):
    """Standard error, as text or as one JSON object a line, as `log` was told."""

    SAID_EVERY = SAID_EVERY

    def __init__(self, *, quiet: bool = False, progress: bool = True):
        self._quiet = quiet
        self._json = log.is_json()
        self._fancy = progress and not quiet and not self._json and _can_draw()
        self._live = Live(draws=self._fancy, tell=self._tell, every=self.SAID_EVERY)
        self._deferred = self._failed = 0  # by an earlier run
        self._limit, self._connections = Limit(None), (0, 0)
        self._has_reassured = False
        self._is_shared = False

    @property
    def is_quiet(self) -> bool:
        """Whether people are told only what is wrong."""
        return self._quiet and not self._json

    @property
    def tells_programs(self) -> bool:
        """Whether each line is an object."""
        return self._json

    def say(self, text: str) -> None:
        """A message for people; one line of JSON where that was asked for."""
        if not self._quiet:
            self._say(text, "info")

    def complain(self, text: str) -> None:
        """As `say`, even when quiet."""
        self._say(text, "error")

    def warn(self, finding: Finding) -> None:
        """What is wrong or doubtful, even when quiet."""
        self._write(log.finding(finding) if self._json else inert(str(finding_for_log(finding))))

    def tell(self, event: str, message: str, level: log.Level, **fields: object) -> None:
        """Of a log for programs alone: what people are told in other words."""
        if self._json and (level != "info" or not self._quiet):
            self._write(log.entry(event, message, level, fields))

    def planned(self, plan: Overview) -> None:
        self.finished()
        self._deferred = plan.totals.get(Status.DEFERRED, 0)
        self._failed = plan.totals.get(Status.FAILED, 0)
        self._is_shared = plan.is_shared
        if self._json:
            self.tell("plan", headline(plan), "info", **document(plan))
            for finding in plan.findings:
                if finding.severity != "hint" or not self._quiet:
                    self.warn(finding)
            for notice in plan.notices:
                self.say(notice)
        else:
            self.say(self._plan_text(plan))
            doubtful = [one for one in plan.warnings if one.severity == "warning"]
            most = MOST_FOUND if plan.rehearsal is None else len(doubtful)
            for finding in doubtful[:most] if self._quiet else ():
                self.warn(finding)

    def planning(self, rows: int) -> None:
        self._show("checking rows", rows, None)

    def checking(self, messages: int, total: int) -> None:
        self._show("building messages", messages, total)

    def sending(self, total: int) -> None:
        begun = Counter({Status.DEFERRED: self._deferred, Status.FAILED: self._failed})
        progress = Progress("sending", total, began=time.monotonic(), counts=begun)
        progress.limit, progress.connections = self._limit, self._connections
        progress.is_shared = self._is_shared
        self._open(progress)

    def moved(self, was: Status, now: Status) -> None:
        if (progress := self._live.progress) is not None:
            progress.moved(was, now)

    def others(self, done: int, counts: Mapping[Status, int]) -> None:
        """So many more are done by the runners that were started with this one."""
        if (progress := self._live.progress) is not None:
            progress.others, progress.others_counts = done, counts

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
        if not self._quiet:
            self._live.open(progress)

    def _tell(self, progress: Progress) -> None:
        """A sign of life where no line is drawn."""
        now, wall = time.monotonic(), time.time()
        said = progress.plain(now, wall)
        if self._json:
            self.tell("progress", said, "info", **_fields(progress, now, wall))
        else:
            self.say(said)

    def _say(self, text: str, level: log.Level) -> None:
        self._write(log.notice(text, level) if self._json else inert(for_log(text.rstrip("\n"))))

    def _write(self, said: str) -> None:
        if self._json:
            sys.stderr.write(f"{said}\n")
            sys.stderr.flush()
        else:
            self._live.say(said)


def _fields(progress: Progress, now: float, wall: float) -> dict[str, object]:
    wait, left = progress.waiting(now, wall), progress.seconds_left(now)
    return {
        "doing": progress.doing,
        "done": progress.reached,
        "total": progress.total,
        "rate": round(progress.speed, 3),
        "seconds_left": None if left is None else math.ceil(left),
        "deferred": max(progress.counts[Status.DEFERRED], 0),
        "not_sent": progress.trouble,
        "limit": progress.limit.rate,
        "limited_by": progress.limit.why or None,
        "limited_until": log.moment_or_none(progress.limit.until),
        "connections": progress.connections[0],
        "waiting_for": wait.why if wait is not None else None,
        "waiting_until": log.moment_or_none(wait.until) if wait is not None else None,
    }


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
