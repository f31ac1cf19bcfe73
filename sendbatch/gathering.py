"""One fault that many rows share is told once: its words, how many rows have it, and the first of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sendbatch.words import rows

FIRST = 3  # rows named of each
MOST = 20  # faults told apart
ALIKE = 3  # wordings of one fault that differ by a path, an address or a number alone
_OWN = re.compile(r"'[^']*'|\S*[@/\d]\S*")


def alike(words: str) -> str:
    """The same for words that differ by a path, an address or a number alone."""
    return _OWN.sub("", words[:500])


@dataclass(slots=True)
class Gathered:
    """`rows` has (line, who) of the first; `number` counts all. `varies`: the words of some differ from these
    by a path, an address or a number."""

    words: str
    rows: list[tuple[int, str]] = field(default_factory=list)
    number: int = 0
    varies: bool = False

    def add(self, row: int, who: str) -> None:
        """One more row has it."""
        self.number += 1
        if len(self.rows) < FIRST:
            self.rows.append((row, who))

    @property
    def lines(self) -> str:
        """ "row 2", "rows 2, 3", "rows 2, 3, 4 and 17 more"."""
        return rows([row for row, _ in self.rows], self.number)

    @property
    def lines_if_many(self) -> str:
        """ " (rows 2, 3)", for what is told at the first of them; "" where that is the only one."""
        return f" ({self.lines})" if self.number > 1 else ""


class Gathering:
    """Holds no more than a screenful, however many rows there are. So many wordings of one fault are told by
    themselves; what is more than one counts to the first."""

    def __init__(self, wordings: int = ALIKE) -> None:
        self._wordings = wordings
        self._faults: dict[tuple[str, str], dict[str, Gathered]] = {}
        self._alike: dict[tuple[str, str], Gathered] = {}
        self.unnamed = 0  # rows of further faults
        self.number = 0  # of all

    def add(self, words: str, row: int, who: str, kind: str = "") -> None:
        """Words of different kinds (a reply's code) are never the same fault."""
        self.number += 1
        words = words.removesuffix(f" (row {row})")
        key = kind, alike(words)
        known = self._faults.get(key)
        if known is None:
            if len(self._faults) >= MOST:
                self.unnamed += 1
                return
            known = self._faults[key] = {}
        if words not in known and len(known) >= self._wordings:
            if self._wordings > 1:
                self._alike.setdefault(key, Gathered("such a fault each")).add(row, who)
            else:
                (first,) = known.values()
                first.varies = True
                first.add(row, who)
        else:
            known.setdefault(words, Gathered(words)).add(row, who)

    def __iter__(self) -> Iterator[Gathered]:
        """Each fault in the order in which it was found first, those alike behind one another."""
        for key, known in self._faults.items():
            yield from known.values()
            if key in self._alike:
                yield self._alike[key]
