"""Which files of templates are whose: where a row's values lead, or the fallback's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sendbatch.campaign.language.paths import as_printed
from sendbatch.errors import one_line
from sendbatch.message.content import Content, TextsByRow
from sendbatch.message.templates import LineTemplate
from sendbatch.message.versions.axis import LONGEST_ASKED, ByCells, Choice, NoVersion
from sendbatch.message.versions.names import filled, nfc
from sendbatch.message.versions.nearness import Nearness
from sendbatch.words import listed

TEXTS = "templates"  # the axis
_LONGEST_SHOWN = 60
_MOST_SHOWN = 5  # files


class TextsAxis:
    """The templates of which the path is one."""

    what, in_bodies = TEXTS, True

    def __init__(
        self, by_row: TextsByRow, variables: Mapping[str, object], columns: Sequence[str]
    ) -> None:
        self._by_row = by_row
        self.names = [texts.name for texts in by_row.versions]
        self._holes = {
            expression: LineTemplate(f"templates.{key}", as_printed(expression))
            for key, path in by_row.paths.items()
            for expression in path.expressions
        }
        self.templates = list(self._holes.values())
        self._nearness = Nearness(by_row)
        self._by_cells = by_cells = ByCells(self.templates, variables, columns, self._chosen)
        others = by_cells.names & variables.keys() - set(by_cells.columns)
        self._told = [*by_cells.columns, *sorted(others)][:3]

    def choice(self, key: str, cells: tuple[str, ...]) -> Choice:
        return self._by_cells.choice(cells)

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
