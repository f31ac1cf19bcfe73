"""HTML as Outlook for Windows reads it: with what is in the conditional comments for it, and without what is
kept from it. Everything stands where it stood."""

from __future__ import annotations

import re

from sendbatch.message.source import blank

_NEWEST = 16  # the version that is in use: Outlook 2016 and all since
# Where a condition begins: the comment ends behind it for all others where they are to read what follows.
_BEGIN = re.compile(
    r"<!(?:--)?\[if(?P<asked>[^\]<>]{0,200})\](?:--)?>(?:\s*<!--\s*(?:-->|>)?)?", re.IGNORECASE
)
_END = re.compile(r"(?:<!--\s*)?<!\[endif\](?:--)?>", re.IGNORECASE)
_ASKED = re.compile(r"(?P<how>(?:gte?|lte?)\s+)?(?P<what>mso|ie)(?:\s+(?P<version>\d+))?", re.IGNORECASE)


def as_outlook_reads(html: str) -> str:
    """The HTML with the comments that Outlook heeds undone."""
    pieces, at = [], 0
    while (begin := _BEGIN.search(html, at)) is not None:
        end = _END.search(html, begin.end())
        if end is None:
            break
        inner = html[begin.end() : end.start()]
        pieces += [html[at : begin.start()], blank(begin[0])]
        pieces += [inner if holds(begin["asked"]) else blank(inner), blank(end[0])]
        at = end.end()
    return "".join([*pieces, html[at:]])


def holds(asked: str) -> bool:
    """Whether a condition is true for it: such as `mso`, `(gte mso 9)|(IE)`, `!mso`."""
    return any(all(map(_is_true, part.split("&"))) for part in asked.split("|"))


def _is_true(part: str) -> bool:
    part = part.strip(" ()")
    wanted = not part.startswith("!")
    found = _ASKED.search(part)
    if found is None or found["what"].lower() == "ie":
        return not wanted
    version = int(found["version"] or _NEWEST)
    how = (found["how"] or "").strip().lower()
    compared = {
        "": version == _NEWEST,
        "gt": version < _NEWEST,
        "gte": version <= _NEWEST,
        "lt": version > _NEWEST,
        "lte": version >= _NEWEST,
    }
    return compared[how] is wanted
