"""now.json: what only the process that sends knows of its run at this moment, for who asks from elsewhere.

How fast it may go and why no faster, what it waits for and until when, its connections: these stand in no
record, and would not be worth a commit. So they go into a small file beside the lock's label, when they
change and at most twice a second. It is gone when the run ends; what a process that died has left is read by
nobody, for nobody holds the lock then, and the next run removes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.errors import one_line
from sendbatch.runtime.files import replacing
from sendbatch.runtime.observer import Limit, Observer, Wait

if TYPE_CHECKING:
    from sendbatch.runtime.clock import Clock
    from sendbatch.session.overview import Overview

FILE = "now.json"
MOMENT = 0.5  # seconds in which changes are gathered
LOOSE = 1.5  # times a limit that is sent: it is none
MOST_BYTES = 8192  # that are read of it
MOST_WORDS = 300  # characters of each reason


@dataclass(frozen=True, slots=True)
class Now:
    """A run that sends: since when (seconds since the epoch), to how many; `limit` as it was told last, and
    `wait` unless it is over; `connections` are (open, allowed)."""

    since: float
    total: int
    limit: Limit | None = None
    wait: Wait | None = None
    connections: tuple[int, int] | None = None

    def at(self, wall: float) -> Now:
        """What of it still holds at this time."""
        wait = self.wait
        over = wait is not None and (wait.until is None or wait.until <= wall)
        return replace(self, wait=None) if over else self

    def at_rate(self, rate: float) -> Now:
        """Without a limit that holds no more, as that of one domain after which others go: so much faster is
        sent by now."""
        limit = self.limit
        if limit is None or limit.rate is None or not limit.why or rate <= LOOSE * limit.rate:
            return self
        return replace(self, limit=None)


class Telling(Observer):
    """Stands before another observer, and writes down what it hears of the run as a whole."""

    def __init__(self, watching: Observer, file: Path, clock: Clock) -> None:
        self._watching = watching
        self._file = file
        self._clock = clock
        self._now: Now | None = None
        self._limit: Limit | None = None
        self._wait: Wait | None = None
        self._connections: tuple[int, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        # For each message, and nothing is done with it here: not even a call.
        self.moved = watching.moved  # type: ignore[method-assign]

    def planning(self, rows: int) -> None:
        self._watching.planning(rows)

    def checking(self, messages: int, total: int) -> None:
        self._watching.checking(messages, total)

    def planned(self, plan: Overview) -> None:
        self._watching.planned(plan)

    def sending(self, total: int) -> None:
        self._now = Now(self._clock.wall(), total)
        self._write()
        self._watching.sending(total)

    def waiting(self, wait: Wait) -> None:
        self._wait = wait
        self._changed()
        self._watching.waiting(wait)

    def limited(self, limit: Limit) -> None:
        self._limit = limit
        self._changed()
        self._watching.limited(limit)

    def connected(self, connections: int, allowed: int) -> None:
        self._connections = (connections, allowed)
        self._changed()
        self._watching.connected(connections, allowed)

    def notice(self, text: str) -> None:
        self._watching.notice(text)

    def finished(self) -> None:
        self.over()
        self._watching.finished()

    def over(self) -> None:
        """Nothing is sent any more."""
        self._now = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        with contextlib.suppress(OSError):
            self._file.unlink()

    def _changed(self) -> None:
        if self._now is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MOMENT, self._write)

    def _write(self) -> None:
        self._timer = None
        if self._now is None:
            return
        now = replace(
            self._now, limit=self._limit, wait=self._wait, connections=self._connections
        )
        # Whoever asks is told less, and the run goes on.
        with contextlib.suppress(OSError), replacing(self._file, durable=False) as file:
            file.write(json.dumps(asdict(now)).encode())


@contextlib.contextmanager
def telling(watching: Observer, folder: Path, clock: Clock) -> Iterator[Observer]:
    """An observer that tells `watching`, and others by a file in the record's folder, which this process
    holds."""
    told = Telling(watching, folder / FILE, clock)
    told.over()  # what another has left
    try:
        yield told
    finally:
        told.over()


def now_in(folder: Path) -> Now | None:
    """What the run that holds the record in this folder tells of itself; None where it does not send, or
    where that cannot be read."""
    try:
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return _read(json.loads(file.read(MOST_BYTES)))
    except (OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None


def _read(told: dict[str, object]) -> Now:
    """Raises ValueError, TypeError, KeyError."""
    limit, wait, connections = told["limit"], told["wait"], told["connections"]
    return Now(
        _number(told["since"]),
        int(_number(told["total"])),
        _limit(limit) if isinstance(limit, dict) else None,
        _wait(wait) if isinstance(wait, dict) else None,
        _connections(connections) if isinstance(connections, list) else None,
    )


def _limit(told: dict[str, object]) -> Limit:
    return Limit(_number_or_none(told["rate"]), _words(told["why"]), _number_or_none(told["until"]))


def _wait(told: dict[str, object]) -> Wait:
    return Wait(_words(told["whom"]), _words(told["why"]), _number_or_none(told["until"]))


def _connections(told: list[object]) -> tuple[int, int]:
    opened, allowed = told
    return int(_number(opened)), int(_number(allowed))


def _words(told: object) -> str:
    return one_line(str(told), MOST_WORDS)


def _number_or_none(told: object) -> float | None:
    return None if told is None else _number(told)


def _number(told: object) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told < 1e15:
        raise ValueError
    return float(told)
