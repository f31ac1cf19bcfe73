"""What a row may have meant whose values name no file: one that differs by case, `_` for `-` or blanks.

Nobody is led there by it: names are matched exactly. It is for people, with a filter that leads such rows
there, where one does so and leaves all others where they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice, product
from typing import NamedTuple

from sendbatch.message.content import TextsByRow
from sendbatch.message.versions.names import filled, nfc_pieces, values_in

_Values = Mapping[str, str]  # by the expression

# As they are written into a path, and what they do; there is one of the first, and of the others.
_BLANKS: Mapping[str, Callable[[str], str]] = {"": str, "|trim": str.strip}
_CASES: Mapping[str, Callable[[str], str]] = {"": str, "|lower": str.lower, "|upper": str.upper}
_DASHES: Mapping[str, Callable[[str], str]] = {
    "": str,
    "|replace('_', '-')": lambda text: text.replace("_", "-"),
    "|replace('-', '_')": lambda text: text.replace("-", "_"),
}
_SIMPLE = re.compile(r"[\w.|:\[\]]+")  # an expression that a filter may follow
_MOST_WAYS = 100  # to take one name apart


class Near(NamedTuple):
    """The `files` that may be meant, and what to do, which is to be written into the campaign file."""

    files: tuple[str, ...]
    hint: str


class Nearness:
    """Of the files of one content."""

    def __init__(self, by_row: TextsByRow) -> None:
        self._by_row = by_row
        self._squashed = {_squashed(names): names for names in by_row.files}

    def to(self, values: _Values) -> Near | None:
        """What there is that is nearly called as the values of a row would have it."""
        files = self._squashed.get(_squashed(self._filled(values)))
        if files is None:
            return None
        for which in (*([expression] for expression in values), [*values]):
            for written, made in _filters():
                changed = {**values, **{one: made(values[one]) for one in which}}
                if self._filled(changed) == files and self._leaves_others(which, made):
                    wanted = " and ".join(f"{{{{ {_before(one)}{written} }}}}" for one in which)
                    return Near(files, f"write {wanted} in the path")
        return Near(files, "correct such cells")

    def _filled(self, values: _Values) -> tuple[str, ...]:
        return tuple(filled(path, values) for path in self._by_row.paths.values())

    def _leaves_others(self, which: Collection[str], made: Callable[[str], str]) -> bool:
        """Whether whoever is led to a file by its name is still led there."""
        paths = [nfc_pieces(path) for path in self._by_row.paths.values()]
        return not any(
            made(values[one]) != values[one]
            for names in self._by_row.files
            for pieces, name in zip(paths, names, strict=True)
            for values in islice(values_in(pieces, name), _MOST_WAYS)
            for one in which
            if one in values
        )


def _filters() -> Iterator[tuple[str, Callable[[str], str]]]:
    """Ways to write and to do it, those of the fewest filters first."""
    chains = product(_BLANKS.items(), _CASES.items(), _DASHES.items())
    for chain in sorted(chains, key=lambda chain: sum(bool(written) for written, _ in chain)):
        (first, blanks), (second, cases), (third, dashes) = chain

        def made(text: str, by: tuple[Callable[[str], str], ...] = (blanks, cases, dashes)) -> str:
            for one in by:
                text = one(text)
            return text

        yield first + second + third, made


def _before(expression: str) -> str:
    return expression if _SIMPLE.fullmatch(expression) else f"({expression})"


def _squashed(names: Iterable[str]) -> tuple[str, ...]:
    return tuple("".join(name.split()).casefold().replace("_", "-") for name in names)
