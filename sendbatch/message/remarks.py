"""Comments in templates that are for sendbatch: `<!-- sendbatch: ignore wide-picture -->`.

Nobody is sent them, so they are taken out of a source as it is read, with the blanks before one that ends its
line, and with the whole line where it holds nothing else: a mail, and the digest of its content, are what
they would be without. The source says at its end which lines these were (`origins`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from sendbatch.campaign.language.slips import LINE_BREAK
from sendbatch.errors import Place
from sendbatch.findings import Remark
from sendbatch.message.origins import with_lines_gone
from sendbatch.message.source import blank, constants

# A comment of HTML, of CSS or of Jinja; one that says more to Jinja, as {#- does, stays where it is. It ends
# where another may begin: thousands that never end are not looked at thousands of times.
_REMARK = re.compile(
    r"(?:<!--|(?P<css>/\*)|(?P<jinja>\{#))\s{0,20}sendbatch:(?P<said>(?:[^<{/]|/(?!\*)){0,300}?)"
    r"(?(css)\*/|(?(jinja)#\}|-->))",
    re.IGNORECASE,
)
_IGNORE = re.compile(r"\s*ignore[\s:]+(?P<rules>[\w-]+(?:[\s,]+[\w-]+)*)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,]+")
_BLANKS = " \t"


class Read(NamedTuple):
    """A source without remarks, and what they say."""

    source: str
    remarks: tuple[Remark, ...]


def without_remarks(source: str, path: str, *, keeps_lines: bool = False) -> Read:
    """Of the file that people know by `path`. It `keeps_lines` where no template could say which are gone."""
    found = list(_REMARK.finditer(source))
    if not found:
        return Read(source, ())
    starts = [0, *(end.end() for end in LINE_BREAK.finditer(source))]
    lines = LINE_BREAK.split(source)
    kept, at, remarks, gone = "", 0, [], list[int]()
    for remark in found:
        kept += source[at : remark.start()]
        at = remark.end()
        first, last = (bisect_right(starts, offset) for offset in (remark.start(), at - 1))
        end = starts[last - 1] + len(lines[last - 1])
        if not source[at:end].strip(_BLANKS):
            kept, at = kept.rstrip(_BLANKS), end
        is_alone = at == end and (not kept or kept[-1] in "\r\n")
        if is_alone and at < len(source) and not keeps_lines:
            at = starts[last]
            gone += range(first, last + 1)
        else:
            kept += "".join(LINE_BREAK.findall(remark[0]))
        column = remark.start() - starts[first - 1] + 1
        place = Place(path, first, column, lines[first - 1])
        covered = range(first, last + (2 if is_alone else 1))
        remarks.append(Remark(place, _rules(remark["said"]), tuple(covered)))
    read = Read(kept + source[at:], tuple(remarks))
    if not gone:
        return read
    made = with_lines_gone(read.source, gone)
    if constants(made) != constants(read.source) + blank(made[len(read.source) :]):
        return without_remarks(source, path, keeps_lines=True)  # a comment is open, and would end there
    return read._replace(source=made)


def _rules(said: str) -> tuple[str, ...]:
    """() where it is not understood."""
    ignoring = _IGNORE.fullmatch(said)
    return () if ignoring is None else tuple(_BETWEEN.split(ignoring["rules"].lower()))
