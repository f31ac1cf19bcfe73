"""When was sent: the attempts of a record over time, in a few hundred steps, the pauses between runs cut out.

A record may span weeks of which it was sent on for minutes. So time is told in stretches: between two of them
nothing ended for far longer than was usual.
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
LEAST_PAUSE = 120.0  # seconds
FAR_LONGER = 10  # times what nine of ten gaps are at most
# Seconds of a step: what people can read off an axis
STEPS = (
    0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
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
    usual = gaps[len(gaps) * 9 // 10] if gaps else 0
    least = max(LEAST_PAUSE / unit, usual * FAR_LONGER)
    longest = [gap for gap in gaps if gap > least][-(MOST_STRETCHES - 1) :]
    begun = 0
    for place in range(1, len(moments)):
        if longest and moments[place] - moments[place - 1] >= longest[0]:
            yield moments[begun:place]
            begun = place
    yield moments[begun:]


def _stretch(moments: Sequence[int], figures: Figures, limits: _Limits, most: int) -> Stretch:
    unit = figures.unit
    first, last = moments[0], moments[-1]
    fitting = (step for step in STEPS if step >= unit and (last - first + 1) * unit <= step * most)
    step = next(fitting, (last - first + 1) * unit / most)
    start = first * unit // step * step
    number = int((last * unit - start) / step + 1e-6) + 1
    ends = [start + step * (place + 1) for place in range(number)]
    return Stretch(
        start,
        step,
        first * unit,
        (last + 1) * unit,
        _counted(moments, figures.accepted, unit, start, step, number),
        _counted(moments, figures.others, unit, start, step, number),
        [limits.at(end) for end in ends],
    )


def _counted(
    moments: Sequence[int], ends: Mapping[int, int], unit: float, start: float, step: float, number: int
) -> list[int]:
    counts = [0] * number
    for moment in moments:
        if many := ends.get(moment, 0):
            counts[min(int((moment * unit - start) / step + 1e-6), number - 1)] += many
    return counts


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
