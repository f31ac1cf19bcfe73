"""HTML as its tags and texts, in the order they stand in: the one reader of HTML that is finished.

`tokens` are for whoever wants to know what it says, `tags` for whoever has to put something into it. A tree
is not made: what browsers build from unclosed `<b>`s grows with the square of its source, and text needs to
know little more than what is open. Every character is looked at a bounded number of times. The sections
named are those of the HTML standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import NamedTuple, TypeAlias

# A tag among texts: its name in lower case, whether it is an end tag, its attributes as they are written.
Token: TypeAlias = tuple[str, bool, str]

# §13.2.5: a quote is one only after `=`; one that is never closed goes on to the end. Whatever begins like
# a tag is a match, so that nothing is looked at twice; a tag that lacks its `>` is none.
ATTRIBUTES = r"[^=>]*+(?:=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))?+[^=>]*+)*+"
# §13.2.5.43: `<!-->` is a whole comment, with which all but Outlook leave one of its conditional comments.
COMMENT = r"<!--(?:-?>|.*?(?:--!?>|\Z))"
# §13.2.6.2: elements that hold no other; nothing of what these hold is shown.
RAW = frozenset(["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"])
_TAG = re.compile(
    rf"{COMMENT}"  # also a conditional one of Outlook's
    rf"|<(?:((?i:{'|'.join(sorted(RAW))}))(?=[\s/>])"
    rf"{ATTRIBUTES}>(?:[^<]++|<(?!/(?i:\1)[\s/>]))*+(?:</[^>]*+>?)?"
    rf"|(/?)([a-zA-Z][^\s/>]*+)({ATTRIBUTES})(>?)"
    r"|[!?/][^>]*+>?)",
    re.DOTALL,
)
# Style sheets, and within what none is one.
_SHEET = re.compile(
    rf"{COMMENT}"
    r"|<(?:((?i:style))|(?i:script|textarea|title|xmp))(?=[\s/>])"
    rf"({ATTRIBUTES})>((?:[^<]++|<(?!/(?i:style|script|textarea|title|xmp)[\s/>]))*+)",
    re.DOTALL,
)
_GROUPS = 5  # of each match: the element left out; slash, name, attributes and end of a tag
_START = re.compile(f"{ATTRIBUTES}>")
_ATTRIBUTE = re.compile(
    r"([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:\"([^\"]*+)\"?|'([^']*+)'?|([^\s>]++)))?+"
)
# §13.2.5.73: in an attribute `&copy=` is no reference, as it stands in addresses with a query.
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z0-9]+;)")
_NO_CHARACTER = re.compile(r"&#0*+[0-9]{8,}+;?")


def tokens(html: str) -> list[str | Token]:
    """Texts, with their character references resolved, and tags; no comments, scripts and styles."""
    parts = _TAG.split(html)
    found: list[str | Token] = []
    if parts[0]:
        found.append(resolved(parts[0]))
    for at in range(1, len(parts), _GROUPS + 1):
        if parts[at + 4]:
            found.append((parts[at + 2].lower(), parts[at + 1] != "", parts[at + 3]))
        text = parts[at + 5]
        if text:
            found.append(resolved(text) if "&" in text else text)
    return found


class Tag(NamedTuple):
    """A tag where it stands: `start` is the place of its "<", `named` where its name ends, `end` what is
    behind its ">". Of an element whose content is no HTML, such as a script, `end` is behind its end tag, and
    attributes are not read."""

    name: str
    is_end: bool
    start: int
    named: int
    end: int
    attributes: Mapping[str, str]


def tags(html: str) -> Iterator[Tag]:
    """All tags, in their order; those in comments, in scripts and the like are none."""
    for found in _TAG.finditer(html):
        if found[1] is not None:
            named = found.end(1)
            yield Tag(found[1].lower(), False, found.start(), named, found.end(), {})
        elif found[5]:
            name = found[3].lower()
            attributes = attributes_of(found[4])
            yield Tag(name, found[2] != "", found.start(), found.end(3), found.end(), attributes)
            if name == "plaintext" and not found[2]:  # §13.2.5.5: all behind it is text
                return


def style_sheets(html: str) -> Iterator[str]:
    """What the `<style>` elements hold that are for a screen, or for whatever shows the mail."""
    for found in _SHEET.finditer(html):
        if found[1] is not None:
            media = attributes_of(found[2]).get("media", "").strip().lower()
            if media in ("", "all", "screen"):
                yield found[3]


def attributes_of(written: str) -> dict[str, str]:
    """A tag's attributes by their lower-case names. Of two that are equal the first counts."""
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(written):
        value = "".join(values)
        if "&" in value:
            value = _REFERENCE.sub(lambda match: resolved(match[0]), value)
        found.setdefault(name.lower(), value)
    return found


def attribute_at(html: str, named: int, name: str) -> tuple[int, int] | None:
    """Where an attribute begins and ends in a tag whose name ends at `named`."""
    whole = _START.match(html, named)
    last = whole.end() - 1 if whole is not None else len(html)
    for found in _ATTRIBUTE.finditer(html, named, last):
        if found[1].lower() == name:
            start, end = found.span()
            return start, end + html.startswith("=", end)  # one that nothing follows
    return None


def start_tag_end(html: str, tag: Tag) -> int:
    """What is behind the ">" of a start tag, also of an element whose content is no HTML."""
    found = _START.match(html, tag.named)
    return found.end() if found is not None else tag.end


def resolved(text: str) -> str:
    """Text with its character references put in."""
    # §13.2.5.80: a number that no character has is U+FFFD; `unescape` raises ValueError for a long one.
    return unescape(_NO_CHARACTER.sub("\ufffd", text) if "&#" in text else text)


class Bare(NamedTuple):
    """A tag where it stands, without what is in it; `is_closed` where it ends with "/>". Of an element whose
    content is no HTML, `is_closed` says whether its end tag is there."""

    name: str
    is_end: bool
    start: int
    end: int
    is_closed: bool


def bare_tags(html: str) -> Iterator[Bare]:
    """As `tags`, for whoever asks for no attribute: they take most of the time."""
    for found in _TAG.finditer(html):
        if found[1] is not None:
            is_closed = html.rfind("</", found.start(), found.end()) >= 0
            yield Bare(found[1].lower(), False, found.start(), found.end(), is_closed)
        elif found[5]:
            name, is_closed = found[3].lower(), html.startswith("/", found.end() - 2)
            yield Bare(name, found[2] != "", found.start(), found.end(), is_closed)
            if name == "plaintext" and not found[2]:
                return
