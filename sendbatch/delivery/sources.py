"""Where each lane of the queue is filled from: its part of the record, and how far that was read.

Lanes take turns. Whoever asks may do so in a thread, for the record may be another machine's: nobody else
touches the sources meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from sendbatch.audience.addresses import spellings_of_domain
from sendbatch.delivery.queue import OTHERS
from sendbatch.ledger.facts import Lane
from sendbatch.ledger.store import Backlog
from sendbatch.values import Recipient

FEW = 8  # recipients fetched while the brake is on


class Found(NamedTuple):
    """Whom a look has claimed, for a lane of the queue."""

    lane: str
    recipients: list[Recipient]
    urgent: bool


class Sources:
    """`lanes` are those of the queue, in its order."""

    def __init__(self, backlog: Backlog, lanes: tuple[str, ...], after_row: int) -> None:
        self._backlog = backlog
        limited = {lane: spellings_of_domain(lane) for lane in lanes if lane != OTHERS}
        rest = Lane(tuple(chain.from_iterable(limited.values())))
        self._others = _Source(OTHERS, rest, after_row)
        self._sources = deque([self._others])
        self._sources += [
            _Source(lane, Lane(own, others=False), after_row) for lane, own in limited.items()
        ]
        self._lanes = len(lanes)

    def follow(self, lanes: tuple[str, ...]) -> None:
        """A domain that got a lane of its own is filled from where the others are read by now."""
        others = self._others
        for name in lanes[self._lanes :]:
            own = spellings_of_domain(name)
            others.lane = Lane((*others.lane.domains, *own))
            source = _Source(name, Lane(own, others=False), others.after_row, others.new_left)
            self._sources.append(source)
        self._lanes = len(lanes)

    def look_anew(self) -> None:
        """Some may have come free that were others' before."""
        for source in self._sources:
            source.new_left = True

    def claim(self, lacking: Mapping[str, int], *, needs_tried: bool) -> Found | None:
        """A batch for the first of these lanes that has anybody, no more than so many for it, new ones before
        due ones 1:1; where one is needed who was tried before, and any is due, those of any lane."""
        backlog = self._backlog
        now = backlog.now()
        any_due = backlog.has_due(now)
        urgent = any_due and needs_tried
        for _ in range(len(self._sources)):
            source = self._sources[0]
            self._sources.rotate(-1)
            if not urgent and source.name not in lacking:
                continue
            most = FEW if urgent else lacking[source.name]
            new = [] if urgent else self._new(source, max(most // 2, 1))
            due = backlog.claim_due(now, len(new) or most, source.lane) if any_due else []
            if fetched := [*new, *due]:
                return Found(source.name, fetched, urgent)
        return None

    def _new(self, source: _Source, most: int) -> list[Recipient]:
        if not source.new_left:
            return []
        found = self._backlog.claim_new(source.after_row, most, source.lane)
        source.new_left = bool(found)
        if found and not self._backlog.waits:  # else the store decides who is next
            source.after_row = found[-1].row
        return found


@dataclass(slots=True)
class _Source:
    """Where a lane of the queue is filled from, and how far it was read."""

    name: str
    lane: Lane
    after_row: int
    new_left: bool = True
