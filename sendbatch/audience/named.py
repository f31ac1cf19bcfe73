"""The one address of a cell that has more than it: a name and <>, `mailto:`, a comment, a last semicolon."""

from __future__ import annotations

import re
from urllib.parse import unquote

from sendbatch.audience.cells import bare
from sendbatch.errors import one_line

_LONGEST = 2000  # characters that are looked through
_ADDRESS = re.compile(r"""[^\s<>()\[\],;:"“”|@/]++@[^\s<>()\[\],;:"“”|@/]++""")
_QUOTED_LOCAL = re.compile(r'"[^"]*"@[^\s"<>]*')  # RFC 5321 §4.1.2
_IN_BRACKETS = re.compile(r"<([^<>]*)>[\s,;]*$")
_COMMENT = re.compile(r"\(([^()]*)\)")  # RFC 5322 §3.2.2
_AROUND = ",;."
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "<": ">"}


def address_of(cell: str) -> str:
    """The address in a cell, not yet looked at; the cell itself where nothing can be told apart from it.

    Raises ValueError where there are several: which of them is meant, only the author knows.
    """
    text = bare(cell)
    if len(text) > _LONGEST or _QUOTED_LOCAL.fullmatch(text):
        return text
    found = dict.fromkeys(map(str.lower, _ADDRESS.findall(text)))
    if len(found) > 1:
        first, second, *_ = found
        raise ValueError(
            f"two in one cell: {one_line(first, 100)} and {one_line(second, 100)}; "
            "give each a row of its own"
        )
    return _unwrapped(text)


def _unwrapped(text: str) -> str:
    if (inner := _IN_BRACKETS.search(text)) is not None:
        return _unwrapped(bare(inner[1]))
    if text[:7].lower() == "mailto:":
        return bare(unquote(text[7:].partition("?")[0]))
    text = bare(text.rstrip(_AROUND))
    if _QUOTES.get(text[:1]) == text[-1:] and "@" in text[1:-1] and text[0] not in text[1:-1]:
        return _unwrapped(bare(text[1:-1]))
    comments = _COMMENT.findall(text)
    if len(comments) == 1 and "(" not in text[:1] + text[-1:]:
        outside = bare(_COMMENT.sub(" ", text))
        return bare(comments[0]) if "@" in comments[0] and "@" not in outside else outside
    return text
