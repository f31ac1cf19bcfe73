"""A mail's HTML as it stands in the page's frame: it looks as it does, and its links lead nowhere.

A link that is followed would put an error in the place of the mail, for the page's policy lets no frame go
anywhere; and a picture that is not fetched would look like a broken one. So attributes are put into those
tags, and all else is left to the letter: of two attributes of one name the first counts (HTML §13.2.5.33).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from sendbatch.errors import one_line
from sendbatch.message.markup import Tag, resolved, tags

MOST_LINKS = 200
LONGEST_URL, LONGEST_TEXT = 500, 80
# The frame may open no window: a click on a link that wants one does nothing.
NOWHERE = 'target="_blank"'
BASE = "<base target=_blank>"  # for a link that only the browser makes one
# Nothing of it can be matched in two ways: a mail may begin with any number of comments.
DOCTYPE = re.compile(
    r"\s*+(?:<!--(?:-?>|(?:(?!--!?>).){0,2000}+--!?>)\s*+)*+<!doctype[^>]{0,500}>",
    re.IGNORECASE | re.DOTALL,
)
UNKNOWN_SIZE = (300, 150)  # pixels: what browsers give to a picture that says none
PHONE = 330  # pixels: a wider picture is often made narrower
GREY, INK = "#eceff1", "#546069"


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link would lead, and the words that one clicks on."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Harmless:
    """`links` are the first of them, each once."""

    html: str
    links: tuple[Link, ...] = ()


def harmless(html: str) -> Harmless:
    """The HTML with its links and pictures made harmless."""
    disarmed = _Disarming(html)
    changed = "".join(_with(html, disarmed.additions))
    if disarmed.links:
        doctype = DOCTYPE.match(
            changed
        )  # what stands before it would make the mail look another way
        at = doctype.end() if doctype is not None else 0
        changed = changed[:at] + BASE + changed[at:]
    return Harmless(changed, tuple(dict.fromkeys(disarmed.links))[:MOST_LINKS])


def _with(html: str, additions: list[tuple[int, str]]) -> Iterator[str]:
    start = 0
    for at, text in additions:
        yield html[start:at]
        yield text
        start = at
    yield html[start:]


class _Disarming:
    """`additions` are places in the source, and what is to be put there."""

    def __init__(self, html: str) -> None:
        self.additions: list[tuple[int, str]] = []
        self.links: list[Link] = []
        self._url: str | None = None  # of the link that is open
        self._words: list[str] = []
        behind = 0
        for tag in tags(html):
            if self._url is not None:
                self._words.append(resolved(html[behind : tag.start]))
            behind = tag.end
            self._disarm(tag)
        self._end_link()

    def _disarm(self, tag: Tag) -> None:
        if tag.is_end:
            if tag.name == "a":
                self._end_link()
        elif tag.name in ("a", "area") and _href(tag):
            self._link(tag)
        elif tag.name == "img":
            self._picture(tag)
        elif tag.name == "source" and "srcset" in tag.attributes:
            self._add(tag, 'srcset=""')

    def _link(self, tag: Tag) -> None:
        self._end_link()
        url = one_line(_href(tag).strip(), LONGEST_URL)
        said = tag.attributes.get("title")
        title = escape(f"{said}\n{url}" if said else url)
        self._add(tag, f'{NOWHERE} title="{title}"')
        self._url, self._words = url, []
        if tag.name == "area":
            self._words.append(tag.attributes.get("alt", ""))
            self._end_link()

    def _end_link(self) -> None:
        if self._url is not None:
            words = " ".join("".join(self._words).split())
            self.links.append(Link(one_line(words, LONGEST_TEXT), self._url))
        self._url = None

    def _picture(self, tag: Tag) -> None:
        attributes = tag.attributes
        alt, source = attributes.get("alt", ""), attributes.get("src", "").strip()
        if self._url is not None:
            self._words.append(f" {alt} ")
        is_there, others = source[:5].lower() == "data:", bool(attributes.get("srcset"))
        if is_there or not (source or others):
            if others:
                self._add(tag, 'srcset=""')
            return
        said = [attributes.get("title") or alt, f"not loaded here: {one_line(source, LONGEST_URL)}"]
        title = escape("\n".join(filter(None, said)))
        self._add(tag, f'src="{_placeholder(alt, *_size(attributes))}" srcset="" title="{title}"')

    def _add(self, tag: Tag, text: str) -> None:
        self.additions.append((tag.named, f" {text}"))


def _href(tag: Tag) -> str:
    """Where the tag leads; drawings of old say it under another name (SVG 2 §16.1.5)."""
    return tag.attributes.get("href") or tag.attributes.get("xlink:href", "")


def _size(attributes: Mapping[str, str]) -> tuple[int, int]:
    """The pixels that the picture will have, as far as its tag tells."""
    found = []
    for name, unknown in zip(("width", "height"), UNKNOWN_SIZE, strict=True):
        style = re.search(rf"(?:^|[;\s]){name}\s*:\s*(\d{{1,5}})px", attributes.get("style", ""))
        written = re.fullmatch(r"\s*(\d{1,5})(?:px)?\s*", attributes.get(name, ""))
        of_either = style or written
        found.append(int(of_either[1]) if of_either is not None else unknown)
    return found[0], found[1]


def _placeholder(alt: str, width: int, height: int) -> str:
    """A grey box as a data: URL, that takes whatever size the mail gives it and says what it stands for."""
    lines: list[str] = []
    if width >= 60 and height >= 24:
        most, fitting = max((height - 8) // 16, 1), max(min(width, PHONE) // 7 - 2, 6)
        words = next((w for w in ("(not loaded here)", "(not loaded)") if len(w) <= fitting), None)
        lines = [
            *textwrap.wrap(one_line(alt, 300) or "picture", fitting),
            *([words] if words else []),
        ]
        lines = lines[:most]
    said = "".join(
        f'<text x="8" y="{18 + 16 * number}">{escape(line, quote=False)}</text>'
        for number, line in enumerate(lines)
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%" fill="' + INK + '" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="{GREY}"/>'
        f'<rect width="100%" height="100%" fill="none" stroke="{INK}" stroke-dasharray="4"/>{said}</svg>'
    )
    return "data:image/svg+xml," + quote(svg, safe="")
