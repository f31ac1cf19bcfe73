"""A limit of time on a loop that may be blocked: nobody is silent whom we did not listen to.

The record is synchronised on the loop, and a slow disk takes seconds. A timer that rings after that may
come before what has arrived meanwhile, for a loop runs its timers and looks at its sockets in turn. So what
seems to be silence is believed only once the loop has looked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls `ring` once the time set last has passed. Setting it is cheap: the loop's timer is moved only to
    ring earlier, and set again where it rings too early."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._at = 0.0  # on the loop's clock
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0  # the timer

    def set(self, seconds: float) -> None:
        """So many seconds from now, and no other time."""
        self._at = at = self._loop.time() + seconds
        if self._timer is None or at < self._rings_at:
            self.cancel()
            self._time(at)

    def cancel(self) -> None:
        """Give the timer back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time(self, at: float) -> None:
        self._rings_at = at
        self._timer = self._loop.call_at(at, self._rung)

    def _rung(self) -> None:
        self._timer = None
        if self._loop.time() < self._at - 0.001:
            self._time(self._at)
        else:
            # Between two calls soon, one of which asks for the other, every loop looks.
            self._loop.call_soon(self._loop.call_soon, self._ring_for, self._at)

    def _ring_for(self, at: float) -> None:
        if self._at == at:  # nothing was heard that set it anew
            self._ring()
