"""How recipients are spread over the versions of a content: how many get which, and a few of each to look at.

Whose version is whose is asked of the pool, as all that is computed from a row's values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from sendbatch.campaign.model import Campaign
from sendbatch.errors import one_line
from sendbatch.findings import Finding, Rule
from sendbatch.message.content import Content
from sendbatch.message.versions.axis import Axis as Choosing
from sendbatch.message.versions.axis import Choices
from sendbatch.message.versions.choosing import axes_of
from sendbatch.message.versions.nearness import Nearness
from sendbatch.message.versions.subjects import SUBJECTS
from sendbatch.message.versions.texts import TEXTS
from sendbatch.rendering.pool import Pool
from sendbatch.values import Recipient, Unbuildable
from sendbatch.words import listed

_MOST_SHOWN = 50  # versions of which somebody can be looked at
_OF_EACH = 10  # recipients
_MOST_NAMED = 5
_MOST_ASKED = 2_000  # values that are told apart
_MOST_ASKED_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Share:
    """How many get one choice, and how many of them because what they ask for is not there."""

    name: str
    number: int
    by_fallback: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What rows ask for that is not there, so that the fallback leads them: the `values` of the expressions
    that they choose by, and how many rows there are, the most first. `others` are those of further values."""

    expressions: tuple[str, ...]
    values: tuple[tuple[tuple[str, ...], int], ...]
    others: int = 0

    def words(self, values: Sequence[str]) -> str:
        """ "locale is 'DE'", of some of them."""
        shown = [f"'{one_line(value)}'" if value else "empty" for value in values]
        return f"{one_line(' and '.join(self.expressions), 100)} is {' and '.join(shown)}"


@dataclass(frozen=True, slots=True)
class Axis:
    """The shares on one axis, which has the key `what` in the campaign file, by the choices' numbers."""

    what: str
    shares: tuple[Share, ...]
    asked: Asked | None = None

    @property
    def taken(self) -> list[Share]:
        """Those that somebody gets, the greatest first; subjects are in the order of their letters."""
        taken = [one for one in self.shares if one.number]
        return taken if self.what == SUBJECTS else sorted(taken, key=lambda one: -one.number)


@dataclass(frozen=True, slots=True)
class Spread:
    """Of those to be sent to. `names` tells of a few of them, by their IDs, which version they get."""

    axes: tuple[Axis, ...] = ()
    first: tuple[tuple[Recipient, ...], ...] = ()  # the first of each version
    names: tuple[tuple[int, str], ...] = ()

    def few(self, number: int) -> list[Recipient]:
        """So many of them, by line, of as many versions as there can be."""
        turns = chain.from_iterable(zip_longest(*self.first))
        found = [recipient for recipient in turns if recipient is not None]
        return sorted(found[:number], key=lambda recipient: recipient.row)


NOT_SPREAD = Spread()


def spread_of(
    pool: Pool,
    content: Content,
    columns: Sequence[str],
    recipients: Iterable[Recipient],
    heed: Callable[[], None],
) -> Spread:
    """Whoever leads to no version is left out. `heed` is called now and then; what it raises ends it."""
    counting = _Counting(content, axes_of(content, columns))
    for recipient, choices in pool.choices(recipients, heed):
        if not isinstance(choices, Unbuildable):
            counting.add(recipient, choices)
    return counting.spread()


class _Counting:
    """What was counted on each axis, by the number of the choice; and the first few of each version."""

    def __init__(self, content: Content, axes: Sequence[Choosing]) -> None:
        self._content, self._axes = content, axes
        self._numbers: list[Counter[int]] = [Counter() for _ in axes]
        self._instead: list[Counter[int]] = [Counter() for _ in axes]  # those whom the fallback led
        self._asked: Counter[tuple[str, ...]] = Counter()  # what they ask for; () is all further values
        self._first: dict[tuple[int, ...], list[Recipient]] = {}

    def add(self, recipient: Recipient, choices: Choices) -> None:
        for place, choice in enumerate(choices):
            self._numbers[place][choice.number] += 1
            if choice.by_fallback:
                self._instead[place][choice.number] += 1
                known = choice.asked in self._asked or len(self._asked) < _MOST_ASKED
                self._asked[choice.asked if known else ()] += 1
        version = tuple([choice.number for choice in choices])
        if version in self._first or len(self._first) < _MOST_SHOWN:
            few = self._first.setdefault(version, [])
            if len(few) < _OF_EACH:
                few.append(recipient)

    def spread(self) -> Spread:
        names = [
            (recipient.id, self._name(version))
            for version, few in self._first.items()
            for recipient in few
        ]
        axes = [self._axis(place, axis) for place, axis in enumerate(self._axes)]
        return Spread(tuple(axes), tuple(map(tuple, self._first.values())), tuple(names))

    def _axis(self, place: int, axis: Choosing) -> Axis:
        numbers, instead = self._numbers[place], self._instead[place]
        shares = [
            Share(name, numbers[number], instead[number]) for number, name in enumerate(axis.names)
        ]
        asked = _asked(self._content, self._asked) if axis.what == TEXTS else None
        return Axis(axis.what, tuple(shares), asked)

    def _name(self, version: tuple[int, ...]) -> str:
        pairs = zip(self._axes, version, strict=True)
        return ", ".join(axis.names[number] for axis, number in pairs)


def _asked(content: Content, asked: Counter[tuple[str, ...]]) -> Asked | None:
    if content.by_row is None or not asked:
        return None
    others = asked.pop((), 0)
    first = asked.most_common(_MOST_ASKED_SHOWN)
    others += asked.total() - sum(number for _, number in first)
    return Asked(content.by_row.expressions, tuple(first), others)


def near_versions(spread: Spread, content: Content, campaign: Campaign) -> Iterator[Finding]:
    """A warning for each of the commonest values that lead to the fallback, though there are files that are
    called nearly so."""
    by_row = content.by_row
    for axis in spread.axes:
        if axis.asked is None or by_row is None:
            continue
        nearness, place = Nearness(by_row), campaign.places.get(axis.what)
        for values, number in axis.asked.values:
            found = nearness.to(dict(zip(axis.asked.expressions, values, strict=True)))
            if found is not None:
                gets = "row gets" if number == 1 else "rows get"
                said = f"{axis.what}: {number:,} {gets} the fallback, where {axis.asked.words(values)}, "
                said += f"though there is {one_line(' with '.join(found.files), 300)}"
                yield Rule.NEAR_VERSION.finding(said, place, found.hint)


def unused_versions(
    spread: Spread,
    pool: Pool,
    holders: Callable[[], Iterable[Recipient]],
    campaign: Campaign,
    heed: Callable[[], None],
) -> Iterator[Finding]:
    """A note where nobody gets one of the choices, whether they are still to be sent to or were already."""
    unasked = [
        {number for number, share in enumerate(axis.shares) if not share.number}
        for axis in spread.axes
    ]
    if any(unasked):
        _strike_out(unasked, pool, holders(), heed)
    for axis, numbers in zip(spread.axes, unasked, strict=True):
        if numbers:
            names = [one_line(axis.shares[number].name, 100) for number in sorted(numbers)]
            how = "chance gives nobody" if axis.what == SUBJECTS else "no row asks for"
            said = f"{axis.what}: {how} {listed(names, _MOST_NAMED)}"
            yield Rule.UNUSED_VERSION.finding(said, campaign.places.get(axis.what))


def _strike_out(
    unasked: Sequence[set[int]],
    pool: Pool,
    recipients: Iterable[Recipient],
    heed: Callable[[], None],
) -> None:
    """Take away what anybody gets, until nothing is left."""
    for _, choices in pool.choices(recipients, heed):
        if isinstance(choices, Unbuildable):
            continue
        for numbers, choice in zip(unasked, choices, strict=True):
            numbers.discard(choice.number)
        if not any(unasked):
            return
