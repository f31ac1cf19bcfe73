"""What is told in any thread reaches its hearer on the loop that is running, where one is."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator

AT_ONCE = 5.0  # seconds within which several threads that wait for the same say the same


class Relay:
    """Stands for `told`, which is called in one thread alone: the one that is on the loop while there is one,
    else the thread that calls. What several threads say at once is told once."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._lock = threading.Lock()
        self._last = ("", 0.0)
        self._home: tuple[asyncio.AbstractEventLoop, int] | None = None

    def __call__(self, text: str) -> None:
        if self._is_said(text):
            return
        home = self._home
        if home is None or home[1] == threading.get_ident():
            self._told(text)
            return
        with contextlib.suppress(RuntimeError):  # the loop has just ended: there is nobody to hear it
            home[0].call_soon_threadsafe(self._told, text)

    def _is_said(self, text: str) -> bool:
        """Whether it was, just before."""
        with self._lock:
            now, (last, at) = time.monotonic(), self._last
            self._last = (text, now)
            return text == last and now - at < AT_ONCE

    @contextlib.contextmanager
    def on_this_loop(self) -> Iterator[None]:
        self._home = (asyncio.get_running_loop(), threading.get_ident())
        try:
            yield
        finally:
            self._home = None
