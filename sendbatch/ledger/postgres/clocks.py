"""What time it is in the database, without asking it; and how long ago something was, in suspend too."""

from __future__ import annotations

import time
from collections.abc import Callable

_ID = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; elsewhere the steady clock has to do


def onward() -> float:
    """Seconds by a clock that is never set, and runs on while the machine is suspended."""
    return time.monotonic() if _ID is None else time.clock_gettime(_ID)


class DatabaseTime:
    """Seconds since the epoch by the clock of the database, as it was last told. Any thread may ask."""

    def __init__(self, clock: Callable[[], float] = onward) -> None:
        self._clock = clock
        self._ahead = 0.0  # of `clock`
        self._told = 0.0

    def learn(self, told: float) -> None:
        """What it was a moment ago: its answer was on the way."""
        self._ahead, self._told = told - self._clock(), told

    def now(self) -> float:
        """It waits for nobody."""
        return max(self._clock() + self._ahead, self._told)
