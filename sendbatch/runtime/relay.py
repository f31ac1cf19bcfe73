"""What is told in any thread reaches its hearer on the loop that is running, where one is."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator


class Relay:
    """Stands for `told`, which is called in one thread alone: the one that is on the loop while there is one,
    else the thread that calls."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._home: tuple[asyncio.AbstractEventLoop, int] | None = None

    def __call__(self, text: str) -> None:
        home = self._home
        if home is None or home[1] == threading.get_ident():
            self._told(text)
            return
        with contextlib.suppress(RuntimeError):  # the loop has just ended: there is nobody to hear it
            home[0].call_soon_threadsafe(self._told, text)

    @contextlib.contextmanager
    def on_this_loop(self) -> Iterator[None]:
        self._home = (asyncio.get_running_loop(), threading.get_ident())
        try:
            yield
        finally:
            self._home = None
