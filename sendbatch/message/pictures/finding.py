"""What HTML and CSS show: each address, where it stands, and what it leads to.

It is read from what an author wrote, with the tags of templates hidden by characters of the same number, and
from finished HTML, where a value decides what is shown.
"""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from sendbatch.message.markup import ATTRIBUTES, COMMENT
from sendbatch.message.source import BLOCK, VALUE, blank

# Outlook reads what is in its conditional comments, and shows pictures from there (VML).
_HTML = re.compile(
    rf"(?!<!--\s*\[if){COMMENT}|<script\b.*?(?:</script|\Z)"
    rf"|<style\b{ATTRIBUTES}>(?P<css>.*?)(?:</style|\Z)"
    rf"|<[a-z][\w:-]*(?P<attributes>{ATTRIBUTES})",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"(?P<name>[^\s\"'<>/=]++)(?:\s*=\s*"
    r"(?:\"(?P<double>[^\"]*)\"?|'(?P<single>[^']*)'?|(?P<bare>[^\s\"'<>]+)))?"
)
_SHOWING = frozenset({"src", "background", "poster"})
_QUOTES = re.compile(r"&(?:quot|apos|#0*39|#0*34|#x27|#x22);", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_URL = re.compile(
    r"(?P<none>@import\s++|@namespace\s++(?:[\w-]++\s++)?|\bbehavior\s*+:\s*+)?\burl\("
    r"\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^)\"']*))",
    re.IGNORECASE,
)
_FONT_FACE = re.compile(r"@font-face\b[^{]*+\{[^}]*+", re.IGNORECASE)
_CANDIDATE = re.compile(r"[\s,]*(\S+)")
_TAGS = re.compile(f"[{VALUE}{BLOCK}]")
_IMAGE = re.compile(r"data:\s*image/", re.IGNORECASE)
_URI_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# Quickly, whether a message needs a closer look: lower case, and begun by letters that are searched for
# as fast as memory is read.
_SUSPECTS = [
    re.compile(rf"{begun}\s*(?:[\"']|&\w+;)?\s*(?!https?:|data:(?!image/)|#|//|[\"'>)\s])").search
    for begun in (r"src(?:set)?\s*=", r"background\s*=", r"poster\s*=", r"url\(")
]


MARK = "own-"  # begins what stands before a path of one recipient, once it was read


class Kind(Enum):
    """Where an address leads."""

    LOCAL = auto()  # to a file
    OWN = auto()  # to a file of one recipient, below a folder that the author wrote
    PART = auto()  # to a part of the mail
    DATA = auto()  # to the picture itself, written out
    FONT = auto()  # to a file that is a font
    SCHEME = auto()  # to a host, but not in every program
    COMPUTED = auto()  # where a value says


@dataclass(frozen=True, slots=True)
class Reference:
    """What is shown: the address as it is written, where it begins, where it leads, whether CSS shows it.
    `is_bare`: there is no tag that could say how wide it is."""

    url: str
    start: int
    kind: Kind
    of_css: bool
    is_bare: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.url)


Shown: TypeAlias = Callable[[str], Iterator[Reference]]


def references(document: str) -> Iterator[Reference]:
    """All that HTML shows but for what a reader's program can fetch, whatever a value will be."""
    for start, url, of_css, of_font in _urls(document):
        for begins, one in _alternatives(url):
            kind = kind_of(one)
            if of_font and kind is not None:
                kind = Kind.FONT if kind in (Kind.LOCAL, Kind.OWN) else None
            if kind is not None:
                blanks = len(one) - len(one.lstrip())
                yield Reference(one.strip(), start + begins + blanks, kind, of_css)


def is_suspect(document: str) -> bool:
    """Whether finished HTML needs a closer look: found quickly, and seldom so without need."""
    lowered = document.lower()
    return any(search(lowered) for search in _SUSPECTS)


def kind_of(url: str) -> Kind | None:
    """None for what a reader's program can fetch, or has at hand."""
    url = html.unescape(url).strip()
    if not url or url.startswith("#"):
        return None
    written = _TAGS.split(url, maxsplit=1)[0]
    is_whole = len(written) == len(url)
    if (scheme := _URI_SCHEME.match(url)) is not None:
        name = scheme[1].lower()
        if name in ("cid", "mid"):
            return Kind.PART
        if name == "data":
            return (Kind.DATA if is_whole else Kind.COMPUTED) if _IMAGE.match(url) else None
        if name.startswith(MARK):
            return Kind.OWN
        return Kind.LOCAL if name in ("file", "blob") or len(name) == 1 else None  # C:\logo.png
    if url.startswith("//"):
        return Kind.SCHEME
    if is_whole or "\\" in written or url.startswith("/"):
        return Kind.LOCAL
    return Kind.OWN if "/" in written else Kind.COMPUTED


def _urls(document: str) -> Iterator[tuple[int, str, bool, bool]]:
    """(where it begins, address, whether it stands in CSS, and for a font) of all that is shown."""
    for piece in _HTML.finditer(document):
        if piece["css"] is not None:
            yield from _of_css(piece["css"], piece.start("css"))
        elif piece["attributes"] is not None:
            yield from _of_attributes(piece["attributes"], piece.start("attributes"))


def _of_attributes(text: str, offset: int) -> Iterator[tuple[int, str, bool, bool]]:
    for attribute in _ATTRIBUTE.finditer(text):
        name = attribute["name"].strip(VALUE + BLOCK).lower()
        if name not in _SHOWING | {"style", "srcset"} or attribute[0] == attribute["name"]:
            continue
        start, value = _quoted(attribute)
        if name == "style":
            yield from _of_css(
                _QUOTES.sub(lambda one: '"'.ljust(len(one[0])), value), offset + start
            )
        elif name == "srcset":
            yield from ((offset + start + at, url, False, False) for at, url in _candidates(value))
        else:
            yield offset + start, value, False, False


def _of_css(text: str, offset: int) -> Iterator[tuple[int, str, bool, bool]]:
    text = _CSS_COMMENT.sub(lambda comment: blank(comment[0]), text)
    fonts = deque(_FONT_FACE.finditer(text))
    for found in _CSS_URL.finditer(text):
        if found["none"]:  # a style sheet, a name, a script: no picture
            continue
        start, value = _quoted(found)
        while fonts and fonts[0].end() <= start:
            fonts.popleft()
        yield offset + start, value, True, bool(fonts) and fonts[0].start() < start


def _candidates(value: str) -> Iterator[tuple[int, str]]:
    """The addresses of a srcset; each ends at a blank, or at a comma with a blank behind it."""
    at = 0
    while (found := _CANDIDATE.match(value, at)) is not None:
        url = found[1].rstrip(",")
        yield found.start(1), url
        comma = value.find(",", found.end() - (len(found[1]) - len(url)))
        at = len(value) if comma < 0 else comma + 1


def _quoted(found: re.Match[str]) -> tuple[int, str]:
    group = next(name for name in ("double", "single", "bare") if found[name] is not None)
    return found.start(group), found[group]


def _alternatives(url: str) -> Iterator[tuple[int, str]]:
    """`{% if %}a{% else %}b{% endif %}` is either of two; anything else is one."""
    if not (url.startswith(BLOCK) and url.endswith(BLOCK)):
        yield 0, url
        return
    for part in re.finditer(f"[^{BLOCK}]+", url):
        yield part.start(), part[0]
