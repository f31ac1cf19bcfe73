"""Asking a run to end: soon (finish what has started) or now (leave it, the record still right)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

from sendbatch.errors import Interrupted

T = TypeVar("T")


class Stop:
    """Handed to a run; may be asked from any thread and from a signal handler.

    The first `soon` wins the reason that is shown. `now` implies `soon`.
    """

    def __init__(self) -> None:
        self.reason = ""
        self._soon = False
        self._now = False
        self._lock = threading.RLock()
        self._bound: tuple[asyncio.AbstractEventLoop, asyncio.Event, asyncio.Event] | None = None

    @property
    def is_soon(self) -> bool:
        return self._soon

    @property
    def is_now(self) -> bool:
        return self._now

    def heed(self) -> None:
        """Raises Interrupted once asked to end. For work before the first message leaves."""
        if self._soon:
            raise Interrupted(f"{self.reason}; nothing was sent")

    def heeding(self, items: Iterable[T]) -> Iterator[T]:
        """The same, heeded before each."""
        for item in items:
            self.heed()
            yield item

    def soon(self, reason: str = "interrupted") -> None:
        """No new message starts; those under way are completed."""
        self._ask(reason, at_once=False)

    def now(self, reason: str = "interrupted") -> None:
        """Connections are dropped; a message whose reply is awaited becomes in doubt."""
        self._ask(reason, at_once=True)

    def _ask(self, reason: str, *, at_once: bool) -> None:
        with self._lock:
            self.reason = self.reason or reason
            self._soon = True
            self._now = self._now or at_once
            self._tell()

    def bind(self, soon: asyncio.Event, now: asyncio.Event) -> None:
        """Set these events of the running loop once asked; called by the engine."""
        with self._lock:
            self._bound = (asyncio.get_running_loop(), soon, now)
            self._tell()

    def unbind(self) -> None:
        with self._lock:
            self._bound = None

    def _tell(self) -> None:
        if self._bound is None:
            return
        loop, soon, now = self._bound
        if self._soon:
            loop.call_soon_threadsafe(soon.set)
        if self._now:
            loop.call_soon_threadsafe(now.set)
