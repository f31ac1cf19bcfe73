"""When was sent: the attempts of a record over time, in a few hundred steps, the pauses between runs cut out.

A record may span weeks of which it was sent on for minutes. So time is told in stretches: between two of them
nothing ended for so long that it would take the place of what did.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sendbatch.ledger.facts import Event
from sendbatch.ledger.figures import Figures

MOST_STEPS = 480  # of all stretches together
MOST_STRETCHES = 6
LEAST_PAUSE = 20.0  # seconds
FAR_LONGER = 10  # times what nine of ten gaps are at most
PART = 0.1  # of all the time without pauses
MANY = 5  # attempts in a step, on average, so that a curve is no saw
FEW_STEPS = 24
# Tenths of a second of a step: what people can read off an axis
STEPS = (
    1, 2, 5, 10, 20, 50, 100, 150, 300, 600, 1200, 3000, 6000, 9000, 18_000, 36_000, 72_000, 108_000, 216_000,
    432_000, 864_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` (seconds since the epoch) on, in steps of `step` seconds: how many attempts were
    `accepted` in each, how many `others` ended, and how many messages a second were allowed at its end, None
    where nothing limited them or nobody knows. The first ended when it `began`, the last when it `ended`."""

    start: float
    step: float
    began: float
    ended: float
    accepted: Sequence[int]
    others: Sequence[int]
    limits: Sequence[float | None]

    @property
    def end(self) -> float:
        return self.start + self.step * len(self.accepted)

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def peak(self) -> float:
        """Accepted a second in the best step."""
        return max(self.accepted) / self.step


def stretches(figures: Figures, events: Sequence[Event]) -> list[Stretch]:
    """The first first; none where nothing was attempted."""
    moments = sorted({*figures.accepted, *figures.others})
    if not moments:
        return []
    limits = _Limits(events)
    parts = list(_parted(moments, figures.unit))
    return [_stretch(part, figures, limits, MOST_STEPS // len(parts)) for part in parts]


def _parted(moments: Sequence[int], unit: float) -> Iterator[Sequence[int]]:
    gaps = sorted(later - sooner for sooner, later in pairwise(moments))
    usual = gaps[(len(gaps) - 1) * 9 // 10] if len(gaps) > 1 else 0
    least = max(LEAST_PAUSE / unit, usual * FAR_LONGER)
    busy = sum(gap for gap in gaps if gap <= least)
    longest = [gap for gap in gaps if gap > max(least, PART * busy)][-(MOST_STRETCHES - 1) :]
    begun = 0
    for place in range(1, len(moments)):
        if longest and moments[place] - moments[place - 1] >= longest[0]:
            yield moments[begun:place]
            begun = place
    yield moments[begun:]


def _stretch(moments: Sequence[int], figures: Figures, limits: _Limits, most: int) -> Stretch:
    """In whole tenths: sums of fractions would put an attempt into the step beside its own."""
    unit = round(figures.unit * 10)
    first, last = moments[0] * unit, moments[-1] * unit
    attempts = sum(figures.accepted.get(one, 0) + figures.others.get(one, 0) for one in moments)
    most = min(most, max(attempts // MANY, FEW_STEPS))
    whole = [-(-one // unit) * unit for one in STEPS]
    longest = -(-(last - first + unit) // (unit * (most - 1))) * unit
    step = next((one for one in whole if last - first < one * (most - 1)), longest)
    start = first // step * step
    number = (last - start) // step + 1

    def counted(ends: Mapping[int, int]) -> list[int]:
        counts = [0] * number
        for moment in moments:
            counts[(moment * unit - start) // step] += ends.get(moment, 0)
        return counts

    ends = [(start + step * (place + 1)) / 10 for place in range(number)]
    return Stretch(
        start / 10,
        step / 10,
        first / 10,
        (last + unit) / 10,
        counted(figures.accepted),
        counted(figures.others),
        [limits.at(end) for end in ends],
    )


class _Limits:
    """What the record says of the rate that was allowed, from when to when."""

    def __init__(self, events: Sequence[Event]) -> None:
        told = [(event.at, limit_of(event)) for event in events if event.kind == "limit"]
        self._from = [at for at, _ in told]
        self._rates = [rate for _, rate in told]

    def at(self, moment: float) -> float | None:
        place = bisect_right(self._from, moment)
        return self._rates[place - 1] if place else None


def limit_of(event: Event) -> float | None:
    """The messages a second of an event "limit"; None where it is none, or what stands there is not ours."""
    try:
        rate = json.loads(event.detail)["rate"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    return float(rate) if is_number and 0 < rate < 1e6 else None
