"""One thing in which the versions of a content differ, and what a recipient gets of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias

from sendbatch.message.content import Content
from sendbatch.message.templates import Failed, LineTemplate

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
    are what people call its choices, by their numbers; `templates` are evaluated to choose."""

    what: str

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
