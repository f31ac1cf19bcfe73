"""Time, as it is passed down, so that no test waits for a rate or a retry."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """`wall` is seconds since the epoch, `steady` seconds that never jump (for pacing)."""

    def wall(self) -> float: ...

    def steady(self) -> float: ...

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` have gone by; True if it was set."""
        ...


STEP = 1.0  # seconds; by less than that a wall clock is corrected all the time


class Onward:
    """Seconds since the epoch for what is waited for in one run. They follow the wall clock, also where it
    leaps ahead after a sleep; where it is set back they go on as they did."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at, self._steady = clock.wall(), clock.steady()

    def now(self) -> float:
        wall, steady = self._clock.wall(), self._clock.steady()
        went_on = self._at + steady - self._steady
        self._at, self._steady = (went_on if went_on - wall >= STEP else wall), steady
        return self._at


class Ahead:
    """A machine's clocks, and its wall clock so many seconds ahead: as another machine has the time."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self.steady, self.wait = clock.steady, clock.wait

    def wall(self) -> float:
        return self._clock.wall() + self._seconds


class SystemClock:
    """The machine's own clocks."""

    wall = staticmethod(time.time)
    steady = staticmethod(time.monotonic)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        if event.is_set():
            return True
        if seconds <= 0:
            await asyncio.sleep(0)
            return event.is_set()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True
