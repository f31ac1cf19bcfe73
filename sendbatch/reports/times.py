"""How long it took from the first attempt to the acceptance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sendbatch.ledger.figures import Figures

# Seconds, of the rows of a table
EDGES = (0.0, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 86400.0, float("inf"))


@dataclass(frozen=True, slots=True)
class Times:
    """Those of everybody, or of those `only` who needed one attempt or (True) more."""

    figures: Figures
    only: bool | None = None

    def _sorted(self) -> list[tuple[float, int]]:
        told = self.figures.took.items()
        return sorted((ms / 1000, many) for (again, ms), many in told if self.only in (None, again))

    @property
    def number(self) -> int:
        return sum(many for _, many in self._sorted())

    @property
    def median(self) -> float | None:
        """In seconds, None where nobody was accepted."""
        return self.within(0.5)

    def within(self, part: float) -> float | None:
        """Seconds within which so much of them, from 0 to 1, were accepted."""
        left = part * self.number
        for took, many in self._sorted():
            left -= many
            if left <= 1e-9:
                return took
        return None

    def spread(self) -> Iterator[tuple[float, float, int]]:
        """(from, until, how many) between the first and the last row of a table that has somebody."""
        told = self._sorted()
        rows = [
            (low, high, sum(many for took, many in told if low <= took < high))
            for low, high in pairwise(EDGES)
        ]
        while rows and not rows[-1][2]:
            rows.pop()
        while rows and not rows[0][2]:
            rows.pop(0)
        yield from rows
