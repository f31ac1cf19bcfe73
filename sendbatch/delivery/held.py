"""The recipients of a run that are fetched and in no block yet, in the order in which they came, by lane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from typing import NamedTuple

from sendbatch.audience.addresses import comparable_domain
from sendbatch.delivery.queue import OTHERS
from sendbatch.values import Recipient, Status


class Place(NamedTuple):
    """One recipient; lower numbers go first."""

    number: int
    recipient: Recipient


class Held:
    """`lanes` of the queue there are, with OTHERS among them."""

    def __init__(self, lanes: Iterable[str]) -> None:
        self._lanes: dict[str, list[Place]] = {lane: [] for lane in lanes}
        self._first, self._last = 0, 0

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def number_in(self, lanes: Collection[str]) -> int:
        return sum(len(self._lanes[lane]) for lane in lanes if lane in self._lanes)

    @property
    def lanes(self) -> list[str]:
        """Those in which anybody is held."""
        return [lane for lane, places in self._lanes.items() if places]

    @property
    def has_tried(self) -> bool:
        """Whether anybody is held who was deferred before."""
        return any(_was_tried(place) for places in self._lanes.values() for place in places)

    def add(self, lane: str, recipients: Collection[Recipient], *, urgent: bool = False) -> None:
        """Behind all others, or before them where they are `urgent`."""
        if urgent:
            self._first -= len(recipients)
            start = self._first
        else:
            start, self._last = self._last, self._last + len(recipients)
        places = [Place(number, one) for number, one in enumerate(recipients, start)]
        self._lanes[lane] = sorted([*self._lanes[lane], *places])

    def put_back(self, places: Iterable[Place]) -> None:
        """Where they were before they were taken out."""
        found = defaultdict(list)
        for place in places:
            found[self._lane_of(place)].append(place)
        for lane, back in found.items():
            self._lanes[lane] = sorted([*self._lanes[lane], *back])

    def follow(self, lanes: Collection[str]) -> None:
        """The queue has more lanes than before: whoever belongs there moves."""
        if len(lanes) == len(self._lanes):
            return
        self._lanes |= {lane: [] for lane in lanes if lane not in self._lanes}
        others, self._lanes[OTHERS] = self._lanes[OTHERS], []
        self.put_back(others)

    def _lane_of(self, place: Place) -> str:
        domain = comparable_domain(place.recipient.email.rpartition("@")[2])
        return domain if domain in self._lanes else OTHERS

    def take(
        self, most: int, allowed: Callable[[str], float], *, tried_first: bool = False
    ) -> list[tuple[str, Place]]:
        """The first so many, each with its lane, and of each lane as many as are `allowed`; with
        `tried_first` whoever was deferred before, before others."""

        def order(place: Place) -> tuple[bool, int]:
            return (tried_first and not _was_tried(place), place.number)

        found: list[tuple[str, Place]] = []
        for lane, places in self._lanes.items():
            some = sorted(places, key=order) if tried_first else places
            number = int(min(allowed(lane), most)) if places else 0
            found += [(lane, place) for place in islice(some, number)]
        found = sorted(found, key=lambda one: order(one[1]))[:most]
        taken = {place.number for _, place in found}
        for lane in {lane for lane, _ in found}:
            self._lanes[lane] = [one for one in self._lanes[lane] if one.number not in taken]
        return found


def _was_tried(place: Place) -> bool:
    return place.recipient.status is Status.DEFERRED
