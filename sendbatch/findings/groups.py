"""What many rows share is said once, with the first of them and their number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sendbatch.errors import Finding, Place, one_line
from sendbatch.findings.rules import Rule
from sendbatch.words import count, rows

ROWS_NAMED = 3  # of each group
MOST_GROUPS = 20  # told apart; the rows of further ones are counted
WORDINGS = 3  # of one group that are said one by one: they differ by a path, an address or a number alone

# A word is looked at from its beginning alone: one of 500 letters would else be looked at 500 times.
_OWN = re.compile(r"'[^']*'|(?<![^\s'])\S*[@/\d]\S*")


def pattern_of(words: str) -> str:
    """The same for words that differ by a path, an address or a number alone."""
    return _OWN.sub("", words[:500])


@dataclass(slots=True)
class Group:
    """What many rows share. `rows` has (row, who) of the first, `number` counts all. `varies`: the words of
    some differ from these by a path, an address or a number."""

    words: str
    rows: list[tuple[int, str]] = field(default_factory=list)
    number: int = 0
    varies: bool = False

    def add(self, row: int, who: str) -> None:
        """One more row has it."""
        self.number += 1
        if len(self.rows) < ROWS_NAMED:
            self.rows.append((row, who))

    @property
    def where(self) -> str:
        """ "row 2", "rows 2, 3", "rows 2, 3, 4 and 17 more"."""
        return rows([row for row, _ in self.rows], self.number)

    def where_of(self, everyone: int) -> str:
        """As `where`; "all 1,200 rows" where these are all that there are, and not each is named."""
        is_all = self.number == everyone and self.number > len(self.rows)
        return f"all {everyone:,} rows" if is_all else self.where

    @property
    def where_if_many(self) -> str:
        """ " (rows 2, 3)", for what is said at the first of them; "" where that is the only one."""
        return f" ({self.where})" if self.number > 1 else ""

    @property
    def who(self) -> str:
        """The first of them, by key or address."""
        named = ", ".join(one_line(name, 320 if self.number == 1 else 80) for _, name in self.rows)
        return f"{named}, …" if self.number > len(self.rows) else named


class Groups:
    """Rows by what is said of them: no more than a screenful, however many rows there are. So many wordings
    of one group are said by themselves; what is more than one counts to the first."""

    def __init__(self, wordings: int = WORDINGS) -> None:
        self._wordings = wordings
        self._groups: dict[tuple[str, str], dict[str, Group]] = {}
        self._alike: dict[tuple[str, str], Group] = {}
        self.left_off = 0  # rows of further groups, which are only counted
        self.number = 0  # of all rows

    def add(self, words: str, row: int, who: str, kind: str = "") -> None:
        """Words of different kinds (a reply's code) are never the same group."""
        self.number += 1
        key = kind, pattern_of(words)
        known = self._groups.get(key)
        if known is None:
            if len(self._groups) >= MOST_GROUPS:
                self.left_off += 1
                return
            known = self._groups[key] = {}
        if words not in known and len(known) >= self._wordings:
            first = next(iter(known.values()))
            if self._wordings > 1:
                alike = Group(f"as in {rows([first.rows[0][0]], 1)}: {first.words}")
                self._alike.setdefault(key, alike).add(row, who)
            else:
                first.varies = True
                first.add(row, who)
        else:
            known.setdefault(words, Group(words)).add(row, who)

    def __iter__(self) -> Iterator[Group]:
        """Each group in the order in which it was found first, those alike behind one another."""
        for key, known in self._groups.items():
            yield from known.values()
            if key in self._alike:
                yield self._alike[key]

    def findings(
        self, rule: Rule, file: str, say: Callable[[Group], str], others: str
    ) -> Iterator[Finding]:
        """One finding a group, at its first row, in the words of `say`; then one that counts the rows left
        off: "and 12 more rows that are invalid", of which `others` is the end."""
        for group in self:
            yield rule.finding(say(group), Place(file, group.rows[0][0]))
        if self.left_off:
            more = count(self.left_off, "more row")
            yield rule.finding(f"and {more} {others}", Place(file))
