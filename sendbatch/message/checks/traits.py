"""What is to be said of one finished message: its traits, found where it is built to be looked at.

A gap is one that a value left: it is found among the pieces that a template gave, where a piece is empty, and
told by what its author wrote on both sides. `finished` says once what many messages have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from sendbatch.errors import Place
from sendbatch.findings import Rule
from sendbatch.message.markdown.carried import BEGIN, END
from sendbatch.message.parts import Sample

CLIPPED = 102 * 1024  # bytes of HTML: https://github.com/hteumeuleu/email-bugs/issues/41
# Bytes of a message that Outlook.com, Yahoo and most companies take at most; Gmail takes more.
HEAVY = 25 * 1024 * 1024
LONGEST_SUBJECT = 78  # characters: RFC 5322 §2.1.1, and more than lists of mails show
_SHOUTED = 8  # letters; a name alone may be shorter
_AROUND = 24  # characters on both sides of a value, by which it is known

_EMPTY = ("", BEGIN + END)  # the second in Markdown
_BREAK = re.compile(r"[\n>]")
_LOOSE = re.compile(r"(?:^|\s)([,;:!?.])(?=\s|$)|(\s\s)")

Trait: TypeAlias = tuple[str, int]  # a rule's id, and the number of the value, 0 where there is none
Sides: TypeAlias = tuple[str, str]


class Gap(NamedTuple):
    """A value that leaves one where it is empty: as it is written, with what is around it then."""

    expression: str
    shown: str
    place: Place


@dataclass(frozen=True, slots=True)
class Gaps:
    """By what stands on both sides of a value, of HTML and of text apart: its number among `values`."""

    values: tuple[Gap, ...] = ()
    in_html: Mapping[Sides, int] = field(default_factory=dict)
    in_text: Mapping[Sides, int] = field(default_factory=dict)
    subjects: frozenset[str] = frozenset()  # loose signs that their author wrote

    def __bool__(self) -> bool:
        return bool(self.values)


def traits_of(sample: Sample, gaps: Gaps | None = None) -> frozenset[Trait]:
    """What is to be said of one message."""
    parts = sample.parts
    found: set[Trait] = set()
    subject = parts.subject
    if len(subject) > LONGEST_SUBJECT:
        found.add((Rule.LONG_SUBJECT.id, 0))
    if subject.isupper() and sum(map(str.isalpha, subject)) >= _SHOUTED:
        found.add((Rule.CAPITAL_SUBJECT.id, 0))
    if sample.size > HEAVY:
        found.add((Rule.HEAVY_MESSAGE.id, 0))
    if parts.html is not None and sum(map(len, parts.html)) > CLIPPED // 4:
        size = sum(len(piece) if piece.isascii() else len(piece.encode()) for piece in parts.html)
        if size > CLIPPED:
            found.add((Rule.CLIPPED_HTML.id, 0))
    if any("{{" in piece for piece in parts.text) or "{{" in subject:
        found.add((Rule.LEFTOVER_PLACEHOLDER.id, 0))
    if gaps is not None:
        if not loose_in(subject) <= gaps.subjects:
            found.add((Rule.GAP_IN_TEXT.id, -1))
        for pieces, known in ((parts.written_html, gaps.in_html), (parts.written_text, gaps.in_text)):
            if known:
                found.update((Rule.GAP_IN_TEXT.id, number) for number in _met(pieces, known))
    return frozenset(found)


def _met(pieces: Sequence[str], known: Mapping[Sides, int]) -> Iterator[int]:
    for at, piece in enumerate(pieces):
        if str(piece) in _EMPTY and at + 1 < len(pieces):
            before = str(pieces[at - 1]) if at else ""
            number = known.get(sides(before, str(pieces[at + 1])))
            if number is not None:
                yield number


def loose_in(subject: str) -> set[str]:
    return {found[0].strip() or "  " for found in _LOOSE.finditer(subject)}


def sides(before: str, after: str) -> Sides:
    return tail_of(before), head_of(after)


def tail_of(before: str) -> str:
    return _BREAK.split(before)[-1][-_AROUND:]


def head_of(after: str) -> str:
    return re.split(r"[\n<]", after, maxsplit=1)[0][:_AROUND]
