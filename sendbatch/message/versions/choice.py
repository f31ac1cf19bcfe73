"""The choice of a version, on one axis or several."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from sendbatch.message.templates import Failed


class Choice(NamedTuple):
    """The number of a version on one axis. `by_fallback`: what the row itself asks for is not there."""

    number: int
    by_fallback: bool = False


Choices: TypeAlias = tuple[Choice, ...]  # one for each axis


class NoVersion(Failed):
    """A row leads to no version."""
