"""Where a mail's links lead, and the words that one clicks on."""

from __future__ import annotations

import re
from typing import NamedTuple

from sendbatch.errors import one_line
from sendbatch.message.markup import Tag, resolved, tags

LONGEST_URL, LONGEST_TEXT = 500, 80
_ADDRESS = re.compile(r"\b(?:https?://|mailto:)[^\s<>\"]{1,2000}", re.IGNORECASE)
_BEHIND = ".,;:!?)]}'"  # what ends a sentence, and no address


class Link(NamedTuple):
    """`text` is empty where there are no words to click on."""

    text: str
    url: str


def links_of(html: str) -> list[Link]:
    """Those of a mail's HTML in their order, each once."""
    return list(dict.fromkeys(_Reading(html).links))


def links_in_text(text: str) -> list[Link]:
    """The addresses that most programs make links of, each once."""
    found = (one_line(url[0].rstrip(_BEHIND), LONGEST_URL) for url in _ADDRESS.finditer(text))
    return [Link("", url) for url in dict.fromkeys(found)]


class _Reading:
    def __init__(self, html: str) -> None:
        self.links: list[Link] = []
        self._url: str | None = None  # of the link that is open
        self._words: list[str] = []
        behind = 0
        for tag in tags(html):
            if self._url is not None:
                self._words.append(resolved(html[behind : tag.start]))
            behind = tag.end
            self._read(tag)
        self._end()

    def _read(self, tag: Tag) -> None:
        if tag.is_end:
            if tag.name == "a":
                self._end()
        elif tag.name in ("a", "area") and (url := _href(tag)):
            self._end()
            self._url, self._words = one_line(url.strip(), LONGEST_URL), []
            if tag.name == "area":
                self._words.append(tag.attributes.get("alt", ""))
                self._end()
        elif tag.name == "img" and self._url is not None:
            self._words.append(f" {tag.attributes.get('alt', '')} ")

    def _end(self) -> None:
        if self._url is not None:
            words = " ".join("".join(self._words).split())
            self.links.append(Link(one_line(words, LONGEST_TEXT), self._url))
        self._url = None


def _href(tag: Tag) -> str:
    """Where the tag leads; drawings of old say it under another name (SVG 2 §16.1.5)."""
    return tag.attributes.get("href") or tag.attributes.get("xlink:href", "")
