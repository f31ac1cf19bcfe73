"""The one line of a terminal that changes, and what stands instead of it where there is no terminal.

Notices go above the line, in one write with it. It is drawn by time, in a thread of its own, and not for each
message: a run is no slower for being watched. Without a terminal a plain line comes every ten seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from threading import Event, RLock, Thread

from sendbatch.cli import colour
from sendbatch.cli.progress import Progress
from sendbatch.cli.streams import is_behind
from sendbatch.cli.wrapping import columns_of, fitted
from sendbatch.words import width

DRAWN_EVERY = 0.2  # seconds
USUAL = 80  # columns of a terminal that does not say how many it has
# Columns left free: some terminals go on to the next line once the last is filled, and they echo Ctrl-C.
SPARE = 3
SAID_EVERY = 10.0  # seconds between two plain lines
STILL = 60.0  # seconds in which nothing has changed; from then on one comes as seldom


class Live:
    """`draws` says that there is a terminal to draw on; else `tell(progress)` is called now and then, at most
    `every` so many seconds, for a plain line. All but the drawing comes from one thread."""

    def __init__(
        self, *, draws: bool, tell: Callable[[Progress], None], every: float = SAID_EVERY
    ) -> None:
        self._every = every
        self._draws = draws
        self._tell = tell
        self._lock = RLock()  # a signal's handler may write in the middle of a write
        self._drawn = ""
        self._over = Event()
        self._thread: Thread | None = None
        self.progress: Progress | None = None

    def open(self, progress: Progress) -> None:
        """Show this from now on, until `close`."""
        self.close()
        self.progress = progress
        self._beat = Beat(progress.began, self._every)
        self._over.clear()
        if progress.is_sending:
            self.tick(progress, progress.began, time.time())
        self._thread = Thread(target=self._watch, args=(progress,), name="progress", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Nothing is shown any more, and nothing of it is left."""
        if self._thread is None:
            return
        self._over.set()
        self._thread.join()
        self._thread = self.progress = None
        with self._lock:
            if self._drawn:
                _write(self._cleared(columns_of(sys.stderr) or USUAL))
                self._drawn = ""

    def say(self, text: str) -> None:
        """A text of its own, above the line."""
        text = fitted(text, sys.stderr)
        with self._lock:
            if not self._drawn:
                _write(text + "\n")
                return
            columns = columns_of(sys.stderr) or USUAL
            _write(f"{self._cleared(columns)}{text}\n{_coloured(self._drawn)}")

    def tick(self, progress: Progress, now: float, wall: float) -> None:
        """Draw it anew, or tell of it where it is time."""
        progress.tick(now)
        if not self._draws:
            if self._beat.is_due(progress, now, wall):
                self._tell(progress)
        elif not is_behind(sys.stderr):  # a terminal that was held
            self._draw(progress, now, wall)

    def _draw(self, progress: Progress, now: float, wall: float) -> None:
        columns = columns_of(sys.stderr) or USUAL
        ascii_only = not (sys.stderr.encoding or "").lower().startswith("utf")
        line = progress.line(columns - SPARE, now, wall, ascii_only=ascii_only)
        with self._lock:
            if line == self._drawn and len(line) < columns:
                return
            _write(f"{self._cleared(columns)}{_coloured(line)}")
            self._drawn = line

    def _cleared(self, columns: int) -> str:
        """To the beginning of the line, which takes several where the terminal was made narrower."""
        above = (max(width(self._drawn), 1) - 1) // columns
        up = f"\x1b[{above}A" if above else ""
        return f"{up}\r\x1b[J"

    def _watch(self, progress: Progress) -> None:
        try:
            while not self._over.wait(DRAWN_EVERY):
                self.tick(progress, time.monotonic(), time.time())
        except Exception as error:  # noqa: BLE001 - a line that cannot be drawn ends no run
            self.say(f"the progress can no longer be shown: {type(error).__name__}")


class Beat:
    """When the next plain line is due."""

    def __init__(self, began: float, every: float = SAID_EVERY) -> None:
        self._every = every
        self._said_at = self._changed_at = began
        self._said = (0, False)

    def is_due(self, progress: Progress, now: float, wall: float) -> bool:
        """Whether a line is to be printed now. After a yes it counts as printed."""
        since = now - self._said_at
        if since < self._every:
            return False
        state = (progress.reached, progress.waiting(now, wall) is not None)
        if state != self._said:
            self._changed_at = now
        is_still = now - self._changed_at >= STILL
        if is_still and since < STILL:
            return False
        self._said_at, self._said = now, state
        return True


def _coloured(line: str) -> str:
    return colour.progress(line, colour.of(sys.stderr))


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
