"""How it went for whoever was tried, as figures: when, after how many attempts, how soon, at which domains.

In bounded memory, whatever the number of recipients: what grows too fine is made coarser, and domains beyond
very many are counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UNIT = 0.1  # seconds: how finely time is counted at first
MOST_UNITS = 50_000  # moments told apart before the unit is doubled
MOST_DOMAINS = 50_000  # told apart


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


def counted(
    tried: Iterable[tuple[str, str, int, int]],
    accepted: Iterable[tuple[int, int]],
    others: Iterable[tuple[int, int]],
    took: Iterable[tuple[bool, int, int]],
) -> Figures:
    """What a store has grouped, each with how many: `tried` by (domain, status, attempts), `accepted` and
    `others` by the unit since the epoch in which an attempt ended, `took` by (whether it needed more than one
    attempt, milliseconds)."""
    attempts: Counter[tuple[str, int]] = Counter()
    domains: Counter[tuple[str, str]] = Counter()
    for domain, status, number, many in tried:
        attempts[status, number] += many
        domains[domain, status] += many
        if len(domains) > 2 * MOST_DOMAINS:
            domains = _largest(domains)
    times: Counter[tuple[bool, int]] = Counter()
    for again, ms, many in took:
        times[again, roughly(ms)] += many
    taken, refused = _Moments(accepted), _Moments(others)
    coarsest = max(taken.units, refused.units)
    return Figures(
        coarsest * UNIT,
        taken.of(coarsest),
        refused.of(coarsest),
        attempts,
        times,
        _largest(domains) if len(domains) > MOST_DOMAINS else domains,
    )


class _Moments:
    """How many at which moment, in so many `units`."""

    def __init__(self, counts: Iterable[tuple[int, int]]) -> None:
        self.units = 1
        self._counts: Counter[int] = Counter()
        for moment, number in counts:
            self._counts[moment // self.units] += number
            if len(self._counts) > MOST_UNITS:
                self.units *= 2
                self._counts = _merged(self._counts, 2)

    def of(self, units: int) -> Counter[int]:
        """In so many units, which is no less than they have."""
        return _merged(self._counts, units // self.units)


def _merged(counts: Counter[int], factor: int) -> Counter[int]:
    if factor == 1:
        return counts
    made: Counter[int] = Counter()
    for moment, number in counts.items():
        made[moment // factor] += number
    return made


def _largest(domains: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    kept: Counter[tuple[str, str]] = Counter(dict(domains.most_common(MOST_DOMAINS)))
    for (domain, status), number in domains.items():
        if (domain, status) not in kept:
            kept["", status] += number
    return kept
