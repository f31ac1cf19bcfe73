"""The parts that a template is planned into: constants, holes, and what decides the way.

A recipient's way is a list of numbers: which branch each `if` takes, how often each loop turns, in the order
in which they are come to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sendbatch.message.ways.snippets import Snippet


@dataclass(frozen=True, slots=True)
class Constant:
    """What everybody on this way gets: text, or a snippet that depends on no cell."""

    text: str | Snippet


@dataclass(frozen=True, slots=True)
class Hole:
    """What a snippet writes."""

    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Check:
    """A definition, evaluated where it stands: what it raises fails the message, used or not."""

    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Choice:
    """The snippet writes the number of a branch."""

    snippet: Snippet
    branches: tuple[tuple[Part, ...], ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """`body` for each item of the iterable that `test` writes something for; `otherwise` where there is none.
    An item is the first slot behind those of `snippet`'s scope, its Position the second where it `counts`."""

    snippet: Snippet
    test: Snippet | None
    counts: bool
    body: tuple[Part, ...]
    otherwise: tuple[Part, ...]


Part: TypeAlias = "Constant | Hole | Check | Choice | Loop"


def spelled(parts: Sequence[Part], way: Iterator[int]) -> Iterator[str | None]:
    """The constants of a way, None for each hole. Raises what templates raise."""
    for part in parts:
        if isinstance(part, Constant):
            yield part.text if isinstance(part.text, str) else part.text.text(())
        elif isinstance(part, Hole):
            yield None
        elif isinstance(part, Choice):
            yield from spelled(part.branches[next(way)], way)
        elif isinstance(part, Loop):
            turns = next(way)
            for _ in range(turns):
                yield from spelled(part.body, way)
            if not turns:
                yield from spelled(part.otherwise, way)
