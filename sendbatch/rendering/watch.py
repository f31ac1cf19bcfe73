"""Deadlines that are nearly always met: one thread sleeps for all of them, and seldom wakes up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watch:
    """Calls a function where something takes longer than it may.

    The thread, started with the first deadline, looks again only when the nearest one that it saw
    has passed, or when a nearer one is given. So a batch costs an entry here, not a thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deadlines: dict[object, tuple[float, Callable[[], None]]] = {}
        self._wakes_at: float | None = None  # None while there is no thread
        self._thread: threading.Thread | None = None
        self._ended = False

    @contextmanager
    def over(self, too_late: Callable[[], None], seconds: float) -> Iterator[None]:
        """`too_late` is called once where the block lasts longer than so many seconds, or past the
        watch's own end; never after the block."""
        token, at = object(), time.monotonic() + seconds
        with self._changed:
            if self._ended:
                too_late()
            self._deadlines[token] = at, too_late
            if self._wakes_at is None:
                self._wakes_at = at
                self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
                self._thread.start()
            elif at < self._wakes_at:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._deadlines.pop(token, None)

    def end(self) -> None:
        """What lasts still is too late now. Returns once the thread is gone."""
        with self._changed:
            self._ended = True
            self._changed.notify()
            for _, too_late in self._deadlines.values():
                too_late()
            self._deadlines.clear()
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        with self._changed:
            while not self._ended:
                now = time.monotonic()
                for token, (at, too_late) in list(self._deadlines.items()):
                    if at <= now:
                        del self._deadlines[token]
                        too_late()
                nearest = min((at for at, _ in self._deadlines.values()), default=float("inf"))
                self._wakes_at = nearest
                self._changed.wait(min(nearest - now, threading.TIMEOUT_MAX))
