"""What an author wrote for programs that lack a feature, and who reads which part of an HTML.

Classic Outlook alone reads what is in `<!--[if mso]> … <![endif]-->`, and all others what is in
`<!--[if !mso]><!--> … <!--<![endif]-->`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from enum import Enum, auto

from sendbatch.message.checks.clients.judged import Spare

# A comment ends at its first `-->`; one in which there is no end is no comment of Outlook's.
_CONDITIONAL = re.compile(
    r"<!--\[if(?P<asked>[^\]<>]*+)\]>(?!\s*(?:<!)?-*>)(?P<inner>.*?)(?:(?:<!\[endif\])?-->|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_OF_OTHERS = re.compile(r"<!(?:--)?\[if[^\]<>]{0,100}!\s*mso[^\]<>]*+\]|(?P<end><!\[endif\])", re.IGNORECASE)
_MSO = re.compile(r"(?<!!)\bmso\b", re.IGNORECASE)
_INK = re.compile(r"[^\n]")

_SPARES = {
    Spare.COLUMNS: re.compile(r"</td>\s*<td\b", re.IGNORECASE),
    Spare.CONTAINER: re.compile(r"<(?:table|v:)", re.IGNORECASE),
    Spare.DRAWN: re.compile(r"<v:(?:rect|roundrect|fill|shape|image|oval|background)\b", re.IGNORECASE),
}


class Readers(Enum):
    """Who reads a place."""

    ALL = auto()
    CLASSIC = auto()  # Outlook for Windows that lays out by Word
    OTHERS = auto()


def for_classic(html: str) -> str:
    """What classic Outlook alone reads, where it stands, and blanks for all else."""
    pieces: list[str] = []
    at = 0
    for comment in _CONDITIONAL.finditer(html):
        if _MSO.search(comment["asked"]):
            start, end = comment.span("inner")
            pieces += (_INK.sub(" ", html[at:start]), html[start:end])
            at = end
    return "".join((*pieces, _INK.sub(" ", html[at:]))) if pieces else ""


def not_for_classic(html: str) -> Callable[[int], bool]:
    """What says of a place whether classic Outlook passes over it."""
    starts: list[int] = []
    ends: list[int] = []
    for found in _OF_OTHERS.finditer(html):
        if found["end"] is None and len(starts) == len(ends):
            starts.append(found.start())
        elif found["end"] is not None and len(starts) > len(ends):
            ends.append(found.start())
    ends += [len(html)] * (len(starts) - len(ends))

    def passes_over(at: int) -> bool:
        number = bisect_right(starts, at) - 1
        return number >= 0 and at < ends[number]

    return passes_over


def spares(classic: Iterable[tuple[str, Callable[[int], bool]]]) -> frozenset[Spare]:
    """What stands in for features, by what is `for_classic`; each text with what says of a place whether an
    author wrote it."""
    return frozenset(
        spare
        for text, is_written in classic
        for spare, pattern in _SPARES.items()
        if any(is_written(found.start()) for found in pattern.finditer(text))
    )
