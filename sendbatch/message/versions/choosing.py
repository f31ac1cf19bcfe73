"""Which version of a content is whose: by an axis for each thing in which versions differ.

A choice depends on the recipient's key and cells alone, so that a plan, a preview, a run and a later run say
the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import product
from math import prod
from typing import NamedTuple

from sendbatch.campaign.model import VARIANT
from sendbatch.message.content import Content
from sendbatch.message.versions.axis import Axis, Choices
from sendbatch.message.versions.senders import SendersAxis
from sendbatch.message.versions.subjects import SUBJECTS, SubjectsAxis
from sendbatch.message.versions.texts import TextsAxis
from sendbatch.values import Recipient


class Version(NamedTuple):
    """One version of a content, known by the numbers of its choices, one for each axis. `by_fallback`: the
    row that gets it was led there by the fallback, whose values its message says instead of the row's own."""

    numbers: tuple[int, ...]
    by_fallback: bool = False


def axes_of(content: Content, columns: Sequence[str]) -> list[Axis]:
    """None of a content that is the same for all; `columns` name the cells of every recipient. Templates are
    the first: how a row is led to them may decide what the others are told of it."""
    axes: list[Axis] = []
    if content.by_row is not None:
        axes.append(TextsAxis(content.by_row, content.variables, columns))
    if content.variants is not None:
        axes.append(SubjectsAxis(content.variants, in_bodies=_says_subject(content)))
    if content.senders is not None:
        axes.append(SendersAxis(content.senders, content.variables, columns, content.variants))
    return axes


def _says_subject(content: Content) -> bool:
    """Whether any template may say the subject, or which of several it is."""
    sources = [source for bundle in content.bundles for source in bundle.sources.values()]
    return any(name in source for source in sources for name in (SUBJECTS, VARIANT))


class Versions:
    """All versions of a content that has several."""

    def __init__(self, content: Content, columns: tuple[str, ...]) -> None:
        self._content, self.columns = content, columns
        self.axes = axes_of(content, columns)

    def __len__(self) -> int:
        return prod(len(axis.names) for axis in self.axes)

    def all(self) -> Iterator[Version]:
        """Each that somebody may get."""
        return map(Version, product(*(range(len(axis.names)) for axis in self.axes)))

    def one_by_one(self) -> Iterator[Version]:
        """The first, and each that differs from it on one axis alone."""
        first = (0,) * len(self.axes)
        yield Version(first)
        for place, axis in enumerate(self.axes):
            for number in range(1, len(axis.names)):
                yield Version((*first[:place], number, *first[place + 1 :]))

    def in_bodies(self, version: Version) -> Version:
        """The first version whose bodies are these."""
        pairs = zip(self.axes, version.numbers, strict=True)
        numbers = tuple([number if axis.in_bodies else 0 for axis, number in pairs])
        return version._replace(numbers=numbers)

    def of(self, recipient: Recipient) -> Version:
        """The recipient's. Raises Failed."""
        return self.of_row(recipient.key, recipient.cells)

    def of_row(self, key: str, cells: tuple[str, ...]) -> Version:
        """As `of`."""
        choices = self._choices(key, cells)
        return Version(tuple([choice.number for choice in choices]), choices[0].by_fallback)

    def choices(self, recipient: Recipient) -> Choices:
        """As `of`, and how it came to that."""
        return self._choices(recipient.key, recipient.cells)

    def content(self, version: Version) -> Content:
        """That of one version; its columns are those of `columns_of`."""
        if version.by_fallback:
            return self._by_fallback.content(Version(version.numbers))
        made = self._content.version()
        for axis, number in zip(self.axes, version.numbers, strict=True):
            made = axis.put_into(made, number)
        return made

    def columns_of(self, version: Version) -> tuple[str, ...]:
        """What the cells of whoever gets it are called."""
        return self._by_fallback.columns if version.by_fallback else self.columns

    def _choices(self, key: str, cells: tuple[str, ...]) -> Choices:
        first, *others = self.axes
        choice = first.choice(key, cells)
        if choice.by_fallback:
            others = self._by_fallback.axes[1:]
        return (choice, *[axis.choice(key, cells) for axis in others])

    @cached_property
    def _by_fallback(self) -> Versions:
        """As they are for rows that were led by the fallback: what it names is a variable of its value, and
        no column, so that it means one thing wherever it stands."""
        content = self._content
        assert content.by_row is not None
        fallback = content.by_row.fallback
        columns = [f"{name} of its own" if name in fallback else name for name in self.columns]
        return Versions(
            content.with_versions(variables={**content.variables, **fallback}), tuple(columns)
        )
