"""Which version of a content is whose: by an axis for each thing in which versions differ.

A choice depends on the recipient's key and cells alone, so that a plan, a preview, a run and a later run say
the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from math import prod
from typing import NamedTuple

from sendbatch.campaign.language.cost import cells_at
from sendbatch.campaign.language.paths import as_printed
from sendbatch.errors import one_line
from sendbatch.message.content import Content, TextsByRow
from sendbatch.message.templates import LineTemplate, with_globals
from sendbatch.message.versions.axis import LONGEST_ASKED, Axis, Choice, Choices, NoVersion
from sendbatch.message.versions.names import filled, nfc
from sendbatch.message.versions.nearness import Nearness
from sendbatch.message.versions.senders import SendersAxis
from sendbatch.message.versions.subjects import SubjectsAxis
from sendbatch.values import Recipient
from sendbatch.words import listed

TEXTS = "templates"  # the axis of their files

_MOST_KEPT = 4_096  # choices, by the cells that they depend on
_LONGEST_KEPT = 1_000  # characters of these cells
_LONGEST_SHOWN = 60
_MOST_SHOWN = 5  # files


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
        axes.append(SubjectsAxis(content.variants))
    if content.senders is not None:
        axes.append(SendersAxis(content.senders, content.variables, columns))
    return axes


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


class TextsAxis:
    """The templates of which the path is one."""

    what = TEXTS

    def __init__(
        self, by_row: TextsByRow, variables: Mapping[str, object], columns: Sequence[str]
    ) -> None:
        self._by_row = by_row
        self._constants = with_globals(variables)
        self.names = [texts.name for texts in by_row.versions]
        self._holes = {
            expression: LineTemplate(f"templates.{key}", as_printed(expression))
            for key, path in by_row.paths.items()
            for expression in path.expressions
        }
        self.templates = list(self._holes.values())
        self._nearness = Nearness(by_row)
        used = frozenset[str]().union(*(hole.names for hole in self.templates))
        places = [place for place, name in enumerate(columns) if name in used]
        self._used = [columns[place] for place in places]
        self._told = [*self._used, *sorted(used & variables.keys() - set(self._used))][:3]
        self._cells = cells_at(places)
        self._kept: dict[tuple[str, ...], Choice] = {}

    def choice(self, key: str, cells: tuple[str, ...]) -> Choice:
        used = self._cells(cells)
        found = self._kept.get(used)
        if found is None:
            found = self._chosen({**self._constants, **dict(zip(self._used, used, strict=True))})
            if len(self._kept) < _MOST_KEPT and sum(map(len, used)) <= _LONGEST_KEPT:
                self._kept[used] = found
        return found

    def put_into(self, content: Content, number: int) -> Content:
        return content.version(**self._by_row.versions[number].fields)

    def _chosen(self, variables: dict[str, object]) -> Choice:
        asked = self._values(variables)
        number = self._by_row.files.get(self._files(asked))
        if number is not None:
            return Choice(number)
        instead: tuple[str, ...] = ()
        if self._by_row.fallback:
            instead = self._files(self._values({**variables, **self._by_row.fallback}))
            number = self._by_row.files.get(instead)
        if number is None:
            raise NoVersion(self._nowhere(asked, instead, variables))
        return Choice(number, tuple(value[:LONGEST_ASKED] for value in asked.values()))

    def _values(self, variables: dict[str, object]) -> dict[str, str]:
        """Those of the expressions. Raises Failed."""
        return {
            expression: nfc(hole.render(variables)) for expression, hole in self._holes.items()
        }

    def _files(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """What values make of the paths. One that is empty, or that has a slash in it, is no part of a name,
        and makes nothing that there is."""
        if any(not value or "/" in value for value in values.values()):
            values = dict.fromkeys(values, "")
        return tuple(filled(path, values) for path in self._by_row.paths.values())

    def _nowhere(
        self, asked: Mapping[str, str], instead: tuple[str, ...], variables: dict[str, object]
    ) -> str:
        keys, paths = list(self._by_row.paths), list(self._by_row.paths.values())
        names, files = [*self._by_row.files], self._files(asked)
        lacking = next(
            (at for at, file in enumerate(files) if file not in {name[at] for name in names}), 0
        )
        path = paths[lacking]
        cells = [f"{name} is {_shown(str(variables[name]))}" for name in self._told]
        said = f"templates.{keys[lacking]}: no file for {path.written}"
        if cells:
            said += f" ({', '.join(cells)})"
        if instead:
            said += f", and none by the fallback: {one_line(instead[lacking], 2 * _LONGEST_SHOWN)}"
        if (near := self._nearness.to(asked)) is not None:
            return f"{said}; there is {one_line(near.files[lacking], 2 * _LONGEST_SHOWN)}: {near.hint}"
        there = sorted({name[lacking] for name in names})
        return f"{said}; there {_is(there)} {listed(there, _MOST_SHOWN)}"


def _shown(value: str) -> str:
    """In quotes: rows that differ by this alone are told together."""
    return f"'{one_line(value, _LONGEST_SHOWN)}'" if value else "empty"


def _is(names: Collection[str]) -> str:
    return "is" if len(names) == 1 else "are"
