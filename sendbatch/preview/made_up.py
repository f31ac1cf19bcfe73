"""Made-up cells, for a gallery that strangers may see: each as long as a real one, and of characters of the
same kind.

A letter becomes another of its script, case and width, a digit another digit; blanks and punctuation stay.
What has a form keeps it: an address, a date, a time, JSON, an address on the web. A word that the author of
the templates wrote stays where a cell is nothing but it: it is the author's, and may decide a branch.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from random import Random
from typing import Any

from jinja2 import nodes

from sendbatch.campaign.language.environment import parsed
from sendbatch.message.content import Content
from sendbatch.values import Recipient

DOMAIN = "example.com"  # RFC 2606 §3: nobody's
PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
LEVELS = 4  # of what is kept of a cell, besides its form

_VOWELS, _CONSONANTS = "aeiou", "bcdfghjklmnpqrstvwxyz"
_NEAR = 64  # characters of a script that stand together
_TRIES = 20  # to make up another key of the same form
_SAYS_NOTHING = re.compile(r"[\s!-/:-@\[-`{-~]+")
_SHORT = 3  # characters: a code of a language or country, which tells nobody
_BETWEEN = re.compile(r"([\s|,;/]+)")  # the items of a list in a cell
_FORMS = re.compile(
    r"(?P<web>https?://[^\s\"'<>|]+)|(?P<address>[^\s@<>\"(),;:|]+@[^\s@<>\"(),;:|]+)"
    r"|(?P<iso>\b\d{4}-\d{2}-\d{2}(?!\d))|(?P<time>\b\d{1,2}:\d{2}(?::\d{2})?\b)"
    r"|(?P<dotted>\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b)|(?P<number>\d+)|(?P<word>[^\W\d_]+)"
)


def own_words(content: Content) -> frozenset[str]:
    """The texts that the author compares with, the names that are asked of a value, what stands in
    variables, and what files of versions are called by, in small letters."""
    found = {*_texts_in(content.variables)}
    sources = [source for bundle in content.bundles for source in bundle.sources.values()]
    sources += [content.subject, content.sender.name, content.recipient_name or ""]
    sources += [source for _, source in content.headers]
    if content.variants is not None:
        sources += content.variants.subjects
    for tree in map(parsed, sources):
        for node in tree.find_all((nodes.Const, nodes.Getattr, nodes.Keyword)):
            said = getattr(node, "value", None) if isinstance(node, nodes.Const) else None
            found.add(str(getattr(node, "attr", said)))
    if content.by_row is not None:
        for names in content.by_row.files:
            found.update(part for name in names for part in re.split(r"[^\w-]+", name))
        found.update(content.by_row.fallback.values())
    return frozenset(word.strip().lower() for word in found if word.strip())


def _texts_in(value: object) -> Iterator[str]:
    """A row may choose what is in a variable by its name there."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield str(name)
            yield from _texts_in(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts_in(one)
    elif isinstance(value, str):
        yield value


class MadeUp:
    """One row made up. Of higher levels more is kept that may decide a branch: 1, the author's words also
    within a cell; 2, the first digit of a number, and the year of a date; 3, cells of three characters at
    most.

    The same cell of a row is made up the same way throughout. `stays` are the cells of which something stays,
    and whether all of it does. Nothing stays of a key."""

    def __init__(self, random: Random, words: Collection[str], level: int) -> None:
        self._random, self._words, self._level = random, words, level
        self._known: dict[str, str] = {}
        self.stays: dict[str, bool] = {}
        self._whose: str | None = None  # the key, in small letters
        self._keeps = False  # something of the cell that is being made up

    def recipient(self, real: Recipient, id_: int) -> Recipient:
        """With their key, address and cells made up; `id_` tells them apart from all others."""
        email = self._address(real.email)
        self._known[real.email] = self._known[real.email.lower()] = email
        if self._keeps:
            self.stays[real.email] = False
        if real.key.lower() not in self._known:
            self._known[real.key] = self._known[real.key.lower()] = self._key(real.key)
        self._whose = real.key.lower()
        cells = tuple([self.cell(cell) for cell in real.cells])
        return Recipient(id_, real.row, self.cell(real.key), email, cells)

    def cell(self, cell: str) -> str:
        if cell not in self._known:
            around, self._keeps = self._keeps, False
            made = self._made(cell)
            if made == cell and len(cell) > _SHORT and cell.strip().lower() not in self._words:
                made = self._made(cell)  # by chance: digits
            is_whole = made == cell and bool(_SAYS_NOTHING.sub("", cell))
            if is_whole or self._keeps:
                self.stays[cell] = is_whole
            self._keeps = around
            self._known[cell] = made
        self._keeps |= cell in self.stays
        return self._known[cell]

    def _key(self, key: str) -> str:
        """It is somebody's, whatever else it may be: also where it is a word of the author's."""
        for _ in range(_TRIES):
            made = MadeUp(self._random, (), 0).cell(key)
            if made.lower() != key.lower():
                return made
        return "".join(self._random.choices(_CONSONANTS, k=len(key) + 1))

    def _made(self, cell: str) -> str:
        if cell.lower() == self._whose:
            return self._known[self._whose]
        if cell.strip().lower() in self._words or not cell.strip():
            return cell
        if self._level >= LEVELS - 1 and len(cell) <= _SHORT:
            return cell
        if cell.lower() in self._known:
            return self._known[cell.lower()]
        if cell.lstrip().lower().startswith("data:"):
            return PICTURE
        if cell.lstrip()[:1] in ("[", "{"):
            try:
                return self._json(cell)
            except ValueError:
                pass
        if self._level < 1:
            return _FORMS.sub(self._form, cell)
        parts = _BETWEEN.split(cell)
        own = [bool(part.strip()) and part.strip().lower() in self._words for part in parts]
        self._keeps |= any(own)
        return "".join(
            part if stays else _FORMS.sub(self._form, part)
            for part, stays in zip(parts, own, strict=True)
        )

    def _form(self, found: re.Match[str]) -> str:
        make: dict[str, Callable[[str], str]] = {
            "web": self._web,
            "address": self._address,
            "iso": self._iso,
            "time": self._time,
            "dotted": self._dotted,
            "number": self._number,
            "word": self._word,
        }
        assert found.lastgroup is not None
        return make[found.lastgroup](found[0])

    def _word(self, word: str) -> str:
        if self._level >= 1 and word.lower() in self._words:
            self._keeps = True
            return word
        return "".join([self._letter(character) for character in word])

    def _letter(self, character: str) -> str:
        for alike in (_VOWELS, _CONSONANTS):
            if character.lower() in alike:
                made = self._random.choice(alike.replace(character.lower(), ""))
                return made.upper() if character.isupper() else made
        others = _alike(character)
        return self._random.choice(others) if others else character

    def _number(self, digits: str) -> str:
        keeps = self._level >= LEVELS - 2
        self._keeps |= keeps
        return "".join(
            digit if keeps and not place else self._digit(digit, first=not place)
            for place, digit in enumerate(digits)
        )

    def _digit(self, digit: str, *, first: bool = False) -> str:
        """Of the same script; a number that begins with no 0 does not, made up."""
        zero = ord(digit) - unicodedata.digit(digit, 0)
        least = 1 if first and digit != chr(zero) else 0
        if first and digit == chr(zero):
            return digit
        return chr(zero + self._random.randint(least, 9))

    def _between(self, least: int, most: int, width: int) -> str:
        return str(self._random.randint(least, most)).zfill(width)

    def _iso(self, date: str) -> str:
        year = date[:4]
        if self._level < LEVELS - 2:
            year = str(int(year) + self._random.choice((-3, -2, -1, 1, 2, 3))).zfill(4)[-4:]
        else:
            self._keeps = True
        return f"{year}-{self._between(1, 12, 2)}-{self._between(1, 28, 2)}"

    def _time(self, time: str) -> str:
        hour, *others = time.split(":")
        made = self._between(0, 9, 1) if len(hour) == 1 else self._between(0, 23, 2)
        return ":".join([made, *[self._between(0, 59, 2) for _ in others]])

    def _dotted(self, date: str) -> str:
        """Day and month are both 12 at most: which is which differs."""
        parts = re.split(r"([./])", date)
        for place in (0, 2):
            least, most = (1, 9) if len(parts[place]) == 1 else (10, 12)
            parts[place] = str(self._random.randint(least, most))
        if self._level < LEVELS - 2:
            parts[4] = parts[4][:-1] + self._digit(parts[4][-1])
        else:
            self._keeps = True
        return "".join(parts)

    def _address(self, address: str) -> str:
        """At a domain that is nobody's, and as long where that can be; the author's own domain stays."""
        if address.lower() in self._known:
            return self._known[address.lower()]
        local, _, domain = address.rpartition("@")
        if self._level < 1 or not {domain.lower(), f"@{domain.lower()}"} & {*self._words}:
            domain = DOMAIN
        else:
            self._keeps = True
        length = max(len(address) - len(domain) - 1, 1)
        local = "".join(c if c.isascii() else "x" for c in (local * length)[:length])
        made = "".join(self._form_of_local(character) for character in local)
        self._known[address.lower()] = f"{made}@{domain}"
        return self._known[address.lower()]

    def _form_of_local(self, character: str) -> str:
        if character.isalpha():
            return self._random.choice(_CONSONANTS + _VOWELS)
        return self._digit(character) if character.isdigit() else self._random.choice(_CONSONANTS)

    def _web(self, url: str) -> str:
        scheme, _, rest = url.partition("://")
        path = "".join(
            self._digit(c) if c.isdigit() else self._letter(c) if c.isalpha() else c
            for c in rest.partition("/")[2]
        )
        left = max(len(rest) - len(DOMAIN) - 1, 0)
        path = (path + "".join(self._random.choices(_CONSONANTS, k=left)))[:left]
        return f"{scheme}://{DOMAIN}/{path}"

    def _json(self, cell: str) -> str:
        """Raises ValueError where it is none. Names are made up too, but for the author's own."""
        found = json.loads(cell)
        tight = '": ' not in cell and ", " not in cell
        separators = (",", ":") if tight else (", ", ": ")
        return json.dumps(self._value(found), ensure_ascii=False, separators=separators)

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.cell(name): self._value(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, str):
            return self.cell(value)
        if isinstance(value, bool) or value is None:
            self._keeps = True
            return value
        return json.loads(re.sub(r"\d+", lambda found: self._number(found[0]), json.dumps(value)))


@lru_cache(maxsize=4_096)
def _alike(character: str) -> str:
    """Others of the same script that stand near it: of the same category, direction and width."""
    start = ord(character) // _NEAR * _NEAR
    same = _kind(character)
    return "".join(_others(range(start, start + _NEAR), character, same))


def _others(codes: range, character: str, same: tuple[str, ...]) -> Iterator[str]:
    for other in map(chr, codes):
        if other != character and _kind(other) == same and unicodedata.is_normalized("NFC", other):
            yield other


def _kind(character: str) -> tuple[str, ...]:
    return (
        unicodedata.category(character),
        unicodedata.bidirectional(character),
        unicodedata.east_asian_width(character),
    )
