"""A letter in MJML as mrml is given it: a word of letters and digits for each piece that is the author's own.

Kept apart are texts, tags of Jinja, and addresses, which MJML only hands on. So nothing of them is changed,
and where each comes out can be told. What belongs to the end of the head is not given to mrml at all: it
would put some of it into the body, and part of it into tags by a parser that moves the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sendbatch.message.mjml.elements import is_computed
from sendbatch.message.mjml.parsing import Element, Span

_SHOWN = re.compile(r"(?:^|-)(?:alt|href|icon|id|src|srcset|title|url)$")
_STYLE = re.compile(r"<(?:style|link)\b", re.IGNORECASE)
_IGNORED = ' data-css-inline="ignore"'
_OF_HEAD = frozenset({"mj-style", "mj-raw", "mj-include"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece that is kept apart, and the tag it is of. It `is_between` tags of MJML, or within one; within
    the quotes of an attribute where it `is_quoted`. What nothing uses need not come back."""

    span: Span
    element: Element
    is_between: bool = False
    is_quoted: bool = False
    must_come_back: bool = True


class Letter:
    """`mjml` is what mrml is given, `head` what belongs at the end of the head, both with words for the
    pieces in `kept`. It `has_styles` that are to be written into tags."""

    def __init__(self, root: Element) -> None:
        self.kept: list[Kept] = []
        self.has_styles = any(map(_wants_styles, root.all()))
        self.prefix = _prefix(root)
        self.body = next(element for element in root.all() if element.name == "mj-body")
        self._starts: list[tuple[int, Element]] = []
        self._written: list[str] = []
        self._head: list[str] = []
        before, behind = _around(root)
        self.before, self.behind = (
            "".join(self._word(Kept(span, root)) for span in spans) for spans in (before, behind)
        )
        for element in root.elements:
            self._write(element)
        self.mjml, self.head = "".join(self._written), "".join(self._head)

    @property
    def word(self) -> str:
        """What such a word looks like, as a pattern; its group is the number of the piece."""
        return rf"{self.prefix}(\d+)z"

    @property
    def ignored(self) -> str:
        """What a `<style>` has that stays as it is where others are written into tags."""
        return _IGNORED if self.has_styles else ""

    def place(self, element: Element) -> str:
        """A word for no piece: what is wrong with what MJML writes behind it is told at this tag."""
        at = element.at
        return self._word(Kept(Span(at.file, at.start, at.start), element, must_come_back=False))

    def element_at(self, offset: int) -> Element:
        """The tag that stands there in `mjml`, or before it."""
        found, at = self._starts[0][1], 0
        for number, element in self._starts:
            at = sum(map(len, self._written[:number]))
            if at > offset:
                break
            found = element
        return found

    def _write(self, element: Element, parent: str = "") -> None:
        name = element.name
        if name == "mj-include" or (parent == "mj-head" and name in _OF_HEAD):
            self._head.append(self._of_head(element))
        elif name == "mj-raw":
            if element.content is not None:
                self._between(element.content, element)
        else:
            self._starts.append((len(self._written), element))
            self._written.append(f"<{name}{self._attributes(element, parent)}>")
            if element.content is not None and element.content.text.strip():
                # A title is an attribute as well.
                kept = Kept(element.content, element, is_quoted=name == "mj-title")
                self._written.append(self._word(kept))
            for child in element.children:
                if isinstance(child, Span):
                    self._between(child, element)
                else:
                    self._write(child, name)
            self._written.append(f"</{name}>")

    def _between(self, span: Span, element: Element) -> None:
        word = self._word(Kept(span, element, is_between=True))
        self._written.append(f"<!--{word}-->")

    def _of_head(self, element: Element) -> str:
        """A style sheet that is included is one that the HTML links to: it is read as such are."""
        attributes = element.attributes
        inline = attributes.get("css-inline" if element.name == "mj-include" else "inline")
        ignored = self.ignored if inline is None or inline.text != "inline" else ""
        if element.name == "mj-include":
            word = self._word(Kept(attributes["path"], element, is_quoted=True))
            return f'{self.place(element)}<link rel="stylesheet" href="{word}"{ignored}>'
        if element.content is None:
            return ""
        word = self._word(Kept(element.content, element))
        if element.name == "mj-raw":
            return word
        return f'{self.place(element)}<style type="text/css"{ignored}>{word}</style>'

    def _attributes(self, element: Element, parent: str) -> str:
        return "".join(
            f' {name}="{self._value(element, name, value, parent)}"'
            for name, value in element.attributes.items()
        )

    def _value(self, element: Element, name: str, value: Span, parent: str) -> str:
        is_shown = _SHOWN.search(name) and not is_computed(element.name, name)
        if value.has_tags or (is_shown and value.text.strip()):
            is_used = value.has_tags and parent != "mj-attributes"
            return self._word(Kept(value, element, is_quoted=True, must_come_back=is_used))
        return value.hidden.strip().replace('"', "&quot;")  # without comments of Jinja

    def _word(self, kept: Kept) -> str:
        self.kept.append(kept)
        return f"{self.prefix}{len(self.kept) - 1}z"


def _wants_styles(element: Element) -> bool:
    """Whether a style sheet of its is for the tags: MJML says so, or it stands in HTML as others do."""
    attributes, content = element.attributes, element.content
    inline = attributes.get("css-inline" if element.name == "mj-include" else "inline")
    if inline is not None and inline.text == "inline":
        return True
    return element.name != "mj-style" and content is not None and bool(_STYLE.search(content.text))


def _prefix(root: Element) -> str:
    """What begins a word, and stands in no file."""
    sources = {
        span.file.source
        for element in root.all()
        for span in (element.at, element.content)
        if span is not None
    }
    number = 0
    while any(f"q{number}w" in source for source in sources):
        number += 1
    return f"q{number}w"


def _around(root: Element) -> tuple[list[Span], list[Span]]:
    """What stands before the letter, and behind it: `{% set … %}`, `{% import … %}`."""
    before: list[Span] = []
    behind: list[Span] = []
    found = before
    for child in root.children:
        if isinstance(child, Span):
            found.append(child)
        else:
            found = behind
    return before, behind
