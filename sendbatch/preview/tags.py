"""The tags of a mail's HTML and where they stand, as a browser reads it (HTML §13.2.5).

The standard library's parser takes a time that grows with the square of what is never closed. Here each
character is read once: what is not closed goes on to the end, as it does in a browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sendbatch.message.markup import attributes_of

# Up to their own end tag, all is text.
RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "textarea", "title"})
_OPEN = re.compile(r"<(?:(/?)([a-zA-Z][^\t\n\f\r />]*)|(!--)|[!?/])")
_COMMENT_END = re.compile(r"(?<=<!--)-?>|--!?>")
_ATTRIBUTE = re.compile(
    r"""(?x) [\t\n\f\r /]*
    [^\t\n\f\r />] [^\t\n\f\r />=]*
    (?: [\t\n\f\r ]* = [\t\n\f\r ]*
        (?: "[^"]*" | '[^']*' | (?P<open>["']) | [^\t\n\f\r >]+ )? )?"""
)
_BLANKS = re.compile(r"[\t\n\f\r /]*")


@dataclass(frozen=True, slots=True)
class Tag:
    """`start` is where its "<" stands, `named` where its name ends, `end` what is behind its ">".
    `attributes` are by name in small letters; of two of one name the first counts."""

    name: str
    is_end: bool
    start: int
    named: int
    end: int
    attributes: Mapping[str, str] = field(default_factory=dict)


def tags(html: str) -> Iterator[Tag]:
    """All tags, in their order; those in comments and in raw text are none."""
    at = 0
    while (found := _OPEN.search(html, at)) is not None:
        if found[2] is None:
            at = _behind(html, found)
            if at < 0:
                return
            continue
        tag = _tag(html, found)
        if tag is None:
            return
        yield tag
        at = tag.end
        if tag.name in RAW and not tag.is_end:
            closing = re.compile(rf"</{tag.name}(?=[\t\n\f\r />])", re.IGNORECASE).search(html, at)
            if closing is None:
                return
            at = closing.start()
        elif tag.name == "plaintext" and not tag.is_end:
            return


def _behind(html: str, found: re.Match[str]) -> int:
    """What is behind a comment or a declaration, -1 where it is never closed."""
    if found[3] is None:
        return html.find(">", found.end()) + 1 or -1
    closing = _COMMENT_END.search(html, found.end())
    return closing.end() if closing is not None else -1


def _tag(html: str, found: re.Match[str]) -> Tag | None:
    at = found.end()
    while (one := _ATTRIBUTE.match(html, at)) is not None:
        if one["open"] is not None:
            return None  # a quote that is never closed
        at = one.end()
    blanks = _BLANKS.match(html, at)
    end = blanks.end() if blanks is not None else at
    if html[end : end + 1] != ">":
        return None
    attributes = attributes_of(html[found.end() : end])
    return Tag(found[2].lower(), bool(found[1]), found.start(), found.end(), end + 1, attributes)
