"""How many recipients are fetched ahead from a record that others may share: as many as go in a few seconds.

Whoever is fetched is nobody else's. Too many, and other runners have nothing to do; too few, and connections
wait for the other machine.
"""

from __future__ import annotations

from sendbatch.runtime.clock import Clock

SPAN = 3.0  # seconds for which there are some at hand
MEASURED = 1.0  # seconds, at least, over which the speed is measured
LEAST, MOST = 16, 4096  # recipients


class Ahead:
    """`connections` is how many there may be."""

    def __init__(self, clock: Clock, connections: int) -> None:
        self._clock = clock
        self._least = max(LEAST, 2 * connections)
        self._wanted = self._least
        self._since, self._gone = clock.steady(), 0

    def wanted(self, gone: int) -> int:
        """How many should be at hand, where so many of this run's have gone by now."""
        now = self._clock.steady()
        if now - self._since >= MEASURED:
            speed = (gone - self._gone) / (now - self._since)
            self._wanted = int(min(max(speed * SPAN, self._least), MOST))
            self._since, self._gone = now, gone
        return self._wanted
