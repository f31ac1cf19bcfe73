"""Which files of templates are whose: where a row's values lead, or the fallback's."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence

from sendbatch.campaign.language.paths import as_printed
from sendbatch.campaign.model import PathTemplate
from sendbatch.errors import one_line
from sendbatch.message.content import Content, TextsByRow
from sendbatch.message.templates import LineTemplate
from sendbatch.message.versions.axis import ByCells, Choice, NoVersion
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
        self._by_cells = by_cells = ByCells(self.templates, variables, columns, self._chosen)
        others = by_cells.names & variables.keys() - set(by_cells.columns)
        self._told = [*by_cells.columns, *sorted(others)][:3]

    def choice(self, key: str, cells: tuple[str, ...]) -> Choice:
        return self._by_cells.choice(cells)

    def put_into(self, content: Content, number: int) -> Content:
        return content.version(**self._by_row.versions[number].fields)

    def _chosen(self, variables: dict[str, object]) -> Choice:
        files = self._files(variables)
        number = self._by_row.files.get(files)
        if number is not None:
            return Choice(number)
        instead: tuple[str, ...] = ()
        if self._by_row.fallback:
            instead = self._files({**variables, **self._by_row.fallback})
            number = self._by_row.files.get(instead)
        if number is None:
            raise NoVersion(self._nowhere(files, instead, variables))
        return Choice(number, by_fallback=True)

    def _files(self, variables: dict[str, object]) -> tuple[str, ...]:
        """What a row's values make of the paths. A value that is empty, or that has a slash in it, is no part
        of a name, and makes nothing that there is. Raises Failed."""
        values = {
            expression: unicodedata.normalize("NFC", hole.render(variables))
            for expression, hole in self._holes.items()
        }
        if any(not value or "/" in value for value in values.values()):
            values = dict.fromkeys(values, "")
        return tuple(filled(path, values) for path in self._by_row.paths.values())

    def _nowhere(
        self, files: tuple[str, ...], instead: tuple[str, ...], variables: dict[str, object]
    ) -> str:
        keys, paths = list(self._by_row.paths), list(self._by_row.paths.values())
        names = [*self._by_row.files]
        lacking = next(
            (at for at, file in enumerate(files) if file not in {name[at] for name in names}), 0
        )
        path = paths[lacking]
        cells = [
            f"{name} is {one_line(str(variables[name]), _LONGEST_SHOWN) or 'empty'}"
            for name in self._told
        ]
        said = f"templates.{keys[lacking]}: no file for {path.written}"
        if cells:
            said += f" ({', '.join(cells)})"
        if instead:
            said += f", and none by the fallback: {one_line(instead[lacking], 2 * _LONGEST_SHOWN)}"
        there = sorted({name[lacking] for name in names})
        return f"{said}; there {_is(there)} {listed(there, _MOST_SHOWN)}"


def filled(path: PathTemplate, values: Mapping[str, str]) -> str:
    """A path below its folder, by the values of its expressions."""
    pieces = [
        values[piece] if number % 2 else unicodedata.normalize("NFC", piece)
        for number, piece in enumerate(path.pieces)
    ]
    return "".join(pieces)


def _is(names: Collection[str]) -> str:
    return "is" if len(names) == 1 else "are"
