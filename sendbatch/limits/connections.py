"""How many connections may be used at once, and how many messages go over each: what was declared, and what
the server's answers teach. No I/O and no clock.
"""

from __future__ import annotations

from collections import Counter

from sendbatch.limits.gates import ANY_TIME, Gate

CALM = 60.0  # seconds without a refusal before a connection is won back
ONE_BURST = 1.0  # seconds in which further refusals are about the same burst


class Connections(Gate):
    """`declared` of them, `per_connection` messages on each, None for as many as one likes. Runs on one
    account have equal parts of the connections; where several machines share it, those that were `leased`."""

    def __init__(self, declared: int, per_connection: int | None = None) -> None:
        self.declared = declared
        self.per_connection = self._said = per_connection
        self.is_reduced = False  # some are to be won back
        self._parts = 1
        self._leased: int | None = None
        self._refused_at = ANY_TIME
        self._ended_after: Counter[int] = Counter()
        self._grant(declared)

    def _grant(self, number: int) -> None:
        """By the server, of which a part is this run's."""
        self._granted = number
        self.is_reduced = number < self.declared
        own = max(1, self.declared // self._parts) if self._leased is None else self._leased
        self.allowed: int = min(number, own)

    def share(self, parts: int) -> None:
        self._parts = parts
        self._grant(self._granted)

    @property
    def learned(self) -> int | None:
        """How many messages on a connection, where that was not declared so."""
        return self.per_connection if self.per_connection != self._said else None

    def lease(self, number: int) -> None:
        """So many are this run's for now, by word of who knows all runs; it may be none."""
        self._leased = number
        self._grant(self._granted)

    def refused(self, now: float) -> bool:
        """Refused at the greeting, or 421 before a first acceptance: half of them.

        Returns whether the number changed; refusals in the same second are one.
        """
        same_burst = now - self._refused_at < ONE_BURST
        self._refused_at = now
        if same_burst or self.allowed <= 1:
            return False
        self._grant(max(1, self.allowed // 2))
        return True

    def hold_to_one(self, now: float) -> None:
        """One alone, until they are won back."""
        self._refused_at = now
        self._grant(1)

    def win_back(self, now: float) -> bool:
        """After a calm minute one more is allowed; returns whether that happened now."""
        if not self.is_reduced or now - self._refused_at < CALM:
            return False
        self._refused_at = now
        self._grant(self._granted + 1)
        return True

    def is_spent(self, accepted: int) -> bool:
        """Whether a connection with so many accepted messages is at the limit that was learned."""
        return self.per_connection is not None and accepted >= self.per_connection

    def ended_after(self, accepted: int) -> bool:
        """421 or the end between messages after `accepted` of them; twice the same is a limit.

        Returns whether a limit was learned now.
        """
        self._ended_after[accepted] += 1
        if accepted < 1 or self._ended_after[accepted] < 2:
            return False
        return self.limited_to(accepted)

    def limited_to(self, accepted: int) -> bool:
        """The server takes so many on a connection. Returns whether that is news."""
        if self.is_spent(accepted):
            return False
        self.per_connection = accepted
        return True
