"""Whom the gallery shows: so few recipients that each kind of message is among them, and each extreme of a
cell.

All that is counted of a recipient is a *trait*: a way that a template takes for them, the version that is
theirs, how many files they get, and for each column that is used whether their cell is empty, or of the
shortest or the longest. A greedy cover finds those to be shown: always whoever brings most that is not
shown yet. Each says by what they were chosen, and how many of all are like them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from sendbatch.campaign.language.tracing import Way
from sendbatch.rendering.batches import Alike
from sendbatch.values import Recipient

MOST = 30  # recipients
FIRST = 10  # that are shown in any case, were they alike
_MOST_KINDS = 4_000  # of messages that are told apart; further ones bring only what is new
_BRANCH, _CELL = (
    4,
    1,
)  # what a trait weighs: a branch that nobody sees may hide a fault for thousands


class Extent(StrEnum):
    """What is extreme about a cell."""

    EMPTY = "empty"
    SHORTEST = "shortest"
    LONGEST = "longest"


class Cell(NamedTuple):
    """The cell of a column is one of these; `length` in characters."""

    column: str
    extent: Extent
    length: int = 0


class Version(NamedTuple):
    """The number of a version on an axis; the fallback led there or the row's own values did."""

    axis: int
    number: int
    by_fallback: bool


class Files(NamedTuple):
    """How many attachments."""

    number: int


Trait: TypeAlias = Way | Cell | Version | Files


class Kind(NamedTuple):
    """Traits that nobody has alone: whoever has one of them has all. `number` is how many have them."""

    traits: tuple[Trait, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom to show. `kinds` are what they are the first to show, the rarest first; there are none of the
    `asked` and of those who stand at the list's beginning, unless they bring something."""

    recipient: Recipient
    alike: Alike
    kinds: tuple[Kind, ...] = ()
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Those to show, in the CSV's order. `unshown` are the kinds for which there was no room, `seen` counts
    all who were looked at, `ways` those that anybody's message takes."""

    chosen: tuple[Chosen, ...]
    unshown: tuple[Kind, ...]
    seen: int
    ways: frozenset[Way]


@dataclass(slots=True)
class _Extreme:
    """Of one extent of a column's cells: the length, how many have it, and the first of them."""

    length: int
    number: int
    first: Recipient


class Survey:
    """All messages of a plan as they are looked at, one by one; of few of them more is kept than their
    number. `used` are the columns whose cells are looked at, by their place among the cells."""

    def __init__(self, used: Mapping[int, str]) -> None:
        self._used = used
        self._kinds: dict[Hashable, tuple[int, Recipient, Alike]] = {}
        self._numbers = Counter[Trait]()
        self._extremes: dict[tuple[int, Extent], _Extreme] = {}
        self._first: list[Recipient] = []
        self._alike: dict[int, Alike] = {}  # of those who may be chosen, by ID
        self.seen = 0

    def add(self, recipient: Recipient, alike: Alike) -> None:
        """One more, whose message can be built."""
        self.seen += 1
        kind = alike.ways, alike.files, alike.versions
        known = self._kinds.get(kind)
        if known is not None:
            self._kinds[kind] = (known[0] + 1, *known[1:])
        elif len(self._kinds) < _MOST_KINDS:
            self._kinds[kind] = 1, recipient, alike
        else:
            self._beyond(recipient, alike)
        if len(self._first) < FIRST:
            self._first.append(recipient)
            self._alike[recipient.id] = alike
        for place in self._used:
            self._measure(place, recipient, alike)

    def _beyond(self, recipient: Recipient, alike: Alike) -> None:
        """Their kinds are too many to be told apart: each trait is counted by itself."""
        traits = _of(alike)
        for trait in traits:
            if trait not in self._numbers:
                self._kinds[recipient.id] = 0, recipient, alike
        self._numbers.update(traits)

    def _measure(self, place: int, recipient: Recipient, alike: Alike) -> None:
        length = len(recipient.cells[place])
        if not length:
            self._met(place, Extent.EMPTY, 0, recipient, alike)
            return
        shortest = self._extremes.get((place, Extent.SHORTEST))
        if shortest is None or length <= shortest.length:
            self._met(place, Extent.SHORTEST, length, recipient, alike)
        longest = self._extremes.get((place, Extent.LONGEST))
        if longest is None or length >= longest.length:
            self._met(place, Extent.LONGEST, length, recipient, alike)

    def _met(
        self, place: int, extent: Extent, length: int, recipient: Recipient, alike: Alike
    ) -> None:
        known = self._extremes.get((place, extent))
        if known is not None and known.length == length:
            known.number += 1
            return
        self._extremes[place, extent] = _Extreme(length, 1, recipient)
        self._alike[recipient.id] = alike

    def choice(self, asked: Sequence[tuple[Recipient, Alike]] = (), most: int = MOST) -> Choice:
        """No more than `most`, but for those who are `asked` for by name; they are shown in any case."""
        candidates = self._candidates()
        traits = {one.id: self._traits(one, alike) for one, alike in candidates.values()}
        for recipient, alike in asked:
            candidates[recipient.id] = recipient, alike
            traits[recipient.id] = self._traits(recipient, alike)
        kinds = self._merged()
        named = [recipient.id for recipient, _ in asked]
        covered = _cover(traits, kinds, named, most, {i: r.row for i, (r, _) in candidates.items()})
        room = min(most, FIRST) - len(covered)
        for recipient in self._first:
            if room > 0 and recipient.id not in covered:
                covered[recipient.id] = ()
                room -= 1
        shown = {kind for found in covered.values() for kind in found}
        chosen = [
            Chosen(*candidates[id_], tuple(sorted(found, key=_rarest)), asked=id_ in named)
            for id_, found in covered.items()
        ]
        return Choice(
            chosen=tuple(sorted(chosen, key=lambda one: one.recipient.row)),
            unshown=tuple(kind for kind in dict.fromkeys(kinds.values()) if kind not in shown),
            seen=self.seen,
            ways=self._ways(),
        )

    def _ways(self) -> frozenset[Way]:
        return frozenset().union(*(alike.ways for _, _, alike in self._kinds.values()))

    def _candidates(self) -> dict[int, tuple[Recipient, Alike]]:
        found = {one.id: (one, alike) for _, one, alike in self._kinds.values()}
        for extreme in self._extremes.values():
            found.setdefault(extreme.first.id, (extreme.first, self._alike[extreme.first.id]))
        for recipient in self._first:
            found.setdefault(recipient.id, (recipient, self._alike[recipient.id]))
        return found

    def _traits(self, recipient: Recipient, alike: Alike) -> frozenset[Trait]:
        own = (cell for cell in self._cells() if self._has(recipient, cell))
        return frozenset((*_of(alike), *own))

    def _has(self, recipient: Recipient, cell: Cell) -> bool:
        place = next(place for place, name in self._used.items() if name == cell.column)
        return len(recipient.cells[place]) == cell.length

    def _cells(self) -> Iterator[Cell]:
        """The extremes of those columns whose cells differ in length."""
        for place, column in self._used.items():
            found = {extent: self._extremes.get((place, extent)) for extent in Extent}
            lengths = {one.length for one in found.values() if one is not None}
            for extent, one in found.items():
                is_both = extent is Extent.SHORTEST and len(lengths - {0}) < len(Extent) - 1
                if one is not None and len(lengths) > 1 and not is_both:
                    yield Cell(column, extent, one.length)

    def _merged(self) -> dict[Trait, Kind]:
        """The kind of each trait that not everybody has. Of traits that come in the same messages one is
        not told without the others: the same `if` stands in the HTML and in the text."""
        numbers = Counter[Trait](self._numbers)
        where: dict[Trait, list[int]] = {}
        for place, (number, _, alike) in enumerate(self._kinds.values()):
            for trait in _of(alike):
                numbers[trait] += number
                where.setdefault(trait, []).append(place)
        groups: dict[Hashable, list[Trait]] = {}
        for trait, places in where.items():
            groups.setdefault((*places, numbers[trait]), []).append(trait)
        found: dict[Trait, Kind] = {}
        for traits in groups.values():
            kind = Kind(tuple(traits), numbers[traits[0]])
            found |= dict.fromkeys(traits, kind)
        for (place, extent), one in self._extremes.items():
            cell = Cell(self._used[place], extent, one.length)
            found[cell] = Kind((cell,), one.number)
        there = {*where, *self._cells()}
        return {
            trait: kind
            for trait, kind in found.items()
            if trait in there and kind.number < self.seen
        }


def _of(alike: Alike) -> list[Trait]:
    versions = [Version(axis, *choice) for axis, choice in enumerate(alike.versions)]
    return [*versions, *sorted(alike.ways), Files(alike.files)]


def _cover(
    traits: Mapping[int, Collection[Trait]],
    kinds: Mapping[Trait, Kind],
    named: Iterable[int],
    most: int,
    rows: Mapping[int, int],
) -> dict[int, tuple[Kind, ...]]:
    """Who shows which kinds first: the named, then each time whoever weighs most; of equals the first in
    the CSV."""
    own = {
        id_: {kinds[trait] for trait in found if trait in kinds} for id_, found in traits.items()
    }
    missing = set(kinds.values())
    covered: dict[int, tuple[Kind, ...]] = {}

    def take(id_: int) -> None:
        covered[id_] = tuple(own[id_] & missing)
        missing.difference_update(own[id_])

    for id_ in named:
        take(id_)
    while missing and len(covered) < most:
        best = max(own, key=lambda id_: (_weight(own[id_] & missing), -rows[id_]))
        if not own[best] & missing:
            break
        take(best)
    return covered


def _weight(kinds: Collection[Kind]) -> int:
    return sum(_CELL if isinstance(kind.traits[0], Cell) else _BRANCH for kind in kinds)


def _rarest(kind: Kind) -> tuple[int, int]:
    return -_weight((kind,)), kind.number
