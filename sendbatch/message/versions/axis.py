"""One thing in which the versions of a content differ, and what a recipient gets of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from sendbatch.campaign.language.cost import cells_at
from sendbatch.message.content import Content
from sendbatch.message.templates import Failed, LineTemplate, with_globals

_MOST_KEPT = 4_096  # choices, by the cells that they depend on
_LONGEST_KEPT = 1_000  # characters of these cells
LONGEST_ASKED = 60


class Choice(NamedTuple):
    """The number of a version on one axis. `asked` are the values of the expressions that the row itself
    chooses by, each cut to `LONGEST_ASKED` characters, where what it asks for is not there; there are none
    else."""

    number: int
    asked: tuple[str, ...] = ()

    @property
    def by_fallback(self) -> bool:
        """Whether the fallback led there."""
        return bool(self.asked)


Choices: TypeAlias = tuple[Choice, ...]  # one for each axis


class NoVersion(Failed):
    """A row leads to no version."""


class Axis(Protocol):
    """One thing in which the versions of a content differ. `what` is its key in the campaign file, `names`
    are what people call its choices, by their numbers; `templates` are evaluated to choose. `in_bodies`:
    what the text and the HTML say depends on it."""

    what: str
    in_bodies: bool

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def templates(self) -> Sequence[LineTemplate]: ...

    def choice(self, key: str, cells: tuple[str, ...]) -> Choice:
        """That of a recipient. Raises Failed where the row leads to none."""
        ...

    def put_into(self, content: Content, number: int) -> Content:
        """The content as it is with this choice."""
        ...


class ByCells:
    """The choices of an axis that follow from cells. Each is made once, by `choose`, which is given the
    values that the `templates` of the axis may use."""

    def __init__(
        self,
        templates: Sequence[LineTemplate],
        variables: Mapping[str, object],
        columns: Sequence[str],
        choose: Callable[[dict[str, object]], Choice],
    ) -> None:
        self.names = frozenset[str]().union(*(template.names for template in templates))
        places = [place for place, name in enumerate(columns) if name in self.names]
        self.columns = [columns[place] for place in places]  # those that are used
        self._cells = cells_at(places)
        self._constants = with_globals(variables)
        self._choose = choose
        self._kept: dict[tuple[str, ...], Choice] = {}

    def choice(self, cells: tuple[str, ...]) -> Choice:
        """That of a recipient with these cells. Raises Failed where the row leads to none."""
        used = self._cells(cells)
        found = self._kept.get(used)
        if found is None:
            values = dict(zip(self.columns, used, strict=True))
            found = self._choose({**self._constants, **values})
            if len(self._kept) < _MOST_KEPT and sum(map(len, used)) <= _LONGEST_KEPT:
                self._kept[used] = found
        return found
