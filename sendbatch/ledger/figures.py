"""How it went for whoever was tried, as figures: when, after how many attempts, how soon, at which domains.

Counted in one pass and in bounded memory, whatever the number of recipients: what grows too fine is made
coarser, and domains beyond very many are counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

UNIT = 0.1  # seconds: how finely time is counted at first
MOST_UNITS = 50_000  # moments told apart before the unit is doubled
MOST_DOMAINS = 50_000  # told apart
AT_ONCE = 5000  # rows that are counted in one go

# One delivery: the domain of its address, status, attempts (one under way is one), the unit since the epoch
# in which it was accepted (None: it was not, or by a person's word), and after how many ms (None alike).
Told: TypeAlias = tuple[str, str, int, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """Of whoever was tried and is in the plan.

    `accepted` and `others` are attempts by when they ended, in units of `unit` seconds since the epoch: taken
    by the server, and all others. The rest are recipients: `attempts` by (status, number of attempts), `took`
    by (whether they needed more than one attempt, milliseconds from the first to the acceptance as
    `roughly` has them), `domains` by (domain, status), where "" stands for all beyond very many.
    """

    unit: float
    accepted: Mapping[int, int]
    others: Mapping[int, int]
    attempts: Mapping[tuple[str, int], int]
    took: Mapping[tuple[bool, int], int]
    domains: Mapping[tuple[str, str], int]


def roughly(ms: int) -> int:
    """Milliseconds, rounded down to tenths of a second from one second on, and to ten seconds from 100 on."""
    if ms < 1000:
        return max(0, ms)
    return ms // 100 * 100 if ms < 100_000 else ms // 10_000 * 10_000


def counted(deliveries: Iterable[Told], others: Iterable[int]) -> Figures:
    """`others` are the units in which attempts ended that were not accepted."""
    taken, refused = _Moments(), _Moments()
    attempts: Counter[tuple[str, int]] = Counter()
    took: Counter[tuple[bool, int]] = Counter()
    domains: Counter[tuple[str, str]] = Counter()
    rows = iter(deliveries)
    while part := list(islice(rows, AT_ONCE)):
        names, statuses, numbers, moments, times = zip(*part, strict=True)
        domains.update(zip(names, statuses, strict=True))
        attempts.update(zip(statuses, numbers, strict=True))
        taken.add([moment for moment in moments if moment is not None])
        pairs = zip(numbers, times, strict=True)
        took.update([(number > 1, time) for number, time in pairs if time is not None])
        if len(took) > MOST_UNITS:
            took = _rounded(took)
        if len(domains) > 2 * MOST_DOMAINS:
            domains = _largest(domains)
    ends = iter(others)
    while some := list(islice(ends, AT_ONCE)):
        refused.add(some)
    coarsest = max(taken.units, refused.units)
    return Figures(
        coarsest * UNIT,
        taken.of(coarsest),
        refused.of(coarsest),
        attempts,
        _rounded(took),
        _largest(domains) if len(domains) > MOST_DOMAINS else domains,
    )


class _Moments:
    """How many at which moment, in so many `units`."""

    def __init__(self) -> None:
        self.units = 1
        self._counts: Counter[int] = Counter()

    def add(self, moments: list[int]) -> None:
        units = self.units
        self._counts.update(moments if units == 1 else [one // units for one in moments])
        while len(self._counts) > MOST_UNITS:
            self._counts = _merged(self._counts, 2)
            self.units *= 2

    def of(self, units: int) -> Counter[int]:
        """In so many units, which is no less than they have."""
        return _merged(self._counts, units // self.units)


def _merged(counts: Counter[int], factor: int) -> Counter[int]:
    made: Counter[int] = Counter()
    for moment, number in counts.items():
        made[moment // factor] += number
    return made


def _rounded(took: Counter[tuple[bool, int]]) -> Counter[tuple[bool, int]]:
    made: Counter[tuple[bool, int]] = Counter()
    for (again, ms), number in took.items():
        made[again, roughly(ms)] += number
    return made


def _largest(domains: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    kept: Counter[tuple[str, str]] = Counter(dict(domains.most_common(MOST_DOMAINS)))
    for (domain, status), number in domains.items():
        if (domain, status) not in kept:
            kept["", status] += number
    return kept
