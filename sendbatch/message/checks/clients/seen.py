"""The features that a template asks for, where they stand, and who reads that place.

What templates fill in is hidden. What MJML wrote is nobody's fault; what an author wrote into it is told at
its own place. What is in `@media`, `@supports` and the like, or for `:hover`, comes on top of what is there
without it, and is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from typing import NamedTuple

from sendbatch.message.checks.clients.fallbacks import (
    Readers,
    for_classic,
    not_for_classic,
    spares,
)
from sendbatch.message.checks.clients.styles import Target, asked_by, beside
from sendbatch.message.checks.clients.tags import asked_by_tag, asked_within
from sendbatch.message.checks.styles import is_conditional
from sendbatch.message.insertions import is_inserted, text_within
from sendbatch.message.markup import Tag, attribute_at, attributes_of, start_tag_end, tags
from sendbatch.message.origins import authored
from sendbatch.message.source import BLOCK, VALUE, constants
from sendbatch.message.styles.css import END_TAG, Declaration, Unbalanced, declarations
from sendbatch.message.styles.linked import Within
from sendbatch.message.styles.selectors import Subject, of_tag, subjects

_EVERYWHERE = re.compile(r"(?:(?:only\s+)?(?:all|screen)(?:\s*,\s*|\s*\Z))*+\Z", re.IGNORECASE)
_ALWAYS = re.compile(r"@layer\b|@media\s+(?:only\s+)?(?:all|screen)\s*\Z", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\w+|\w+);")
_CENTRED = re.compile(r"<center\b|\balign\s*=\s*[\"']?center", re.IGNORECASE)
_COMPUTED = re.compile(rf"\b(?:class|id)\s*=\s*(?:\"[^\">]*{VALUE}|'[^'>]*{VALUE}|{VALUE})", re.IGNORECASE)
_VALUE = re.compile(r"\s*=\s*(?:\"([^\"]*)|'([^']*)|([^\s>\"'][^\s>]*))")
_WORDS = re.compile(r"[^\W\d_]{2}")
_LONGEST = 1_000  # characters of a value that are read
_LARGEST = 1_000_000  # characters: Gmail cuts a mail off after a tenth of that, and they take some seconds
_MOST_TRIED = 100_000  # tags that are held against rules; what is left then is taken for right


@dataclass(frozen=True, slots=True)
class Part:
    """The source of a file at `path`, and what is looked at of it: `text`, which is as long, and HTML, or CSS
    where `is_css`. `not_classic` says of a place whether classic Outlook passes over it."""

    path: str
    whole: str
    text: str
    is_css: bool = False
    is_for_classic: bool = False  # alone
    not_classic: Callable[[int], bool] | None = None

    def readers(self, at: int) -> Readers:
        if self.is_for_classic:
            return Readers.CLASSIC
        is_passed_over = self.not_classic is not None and self.not_classic(at)
        return Readers.OTHERS if is_passed_over else Readers.ALL


class Use(NamedTuple):
    """A feature that is asked for at this place of a source."""

    feature: str
    at: int
    readers: Readers


def parts_of(name: str, path: str, source: str, within: Within) -> Iterator[Part]:
    """What there is to look at in one source of a bundle; nothing in one that is too large for any mail."""
    if len(source) > _LARGEST:
        return
    if is_inserted(name):
        if (css := text_within(source)) is not None:
            yield Part(path, css, css, is_css=True)
        return
    text = within(constants(source)).replace(BLOCK, " ")
    yield Part(path, source, text, not_classic=not_for_classic(text))
    if classic := for_classic(text):
        yield Part(path, source, classic, is_for_classic=True)


class Mail:
    """All parts of one: a rule in one of them is for tags in another."""

    def __init__(self, parts: Sequence[Part], *, inlines_css: bool, has_markdown: bool) -> None:
        self._parts, self._inlines_css = parts, inlines_css
        # Those of Markdown are not written yet, nor are classes that a value says.
        self._knows_all = not has_markdown and not any(_COMPUTED.search(part.text) for part in parts)
        self._is_centred = any(_CENTRED.search(part.text) for part in parts)
        self._there: dict[str, list[tuple[Subject, Target]]] | None = None
        self._tried = 0
        self.spares = spares(
            (part.text, authored(part.whole)) for part in parts if part.is_for_classic
        )

    def uses(self, part: Part) -> Iterator[Use]:
        """All that its author asks for in this part, in no order."""
        is_written = authored(part.whole)
        found = self._of_css(part.text, 0) if part.is_css else self._of_html(part.text)
        for feature, at in found:
            # Blanks that classic Outlook shows as a button's padding are hidden from all others.
            if is_written(at) and not (part.is_for_classic and feature == "html-hidden"):
                yield Use(feature, at, part.readers(at))

    def _of_html(self, html: str) -> Iterator[tuple[str, int]]:
        for tag in tags(html):
            if tag.is_end:
                continue
            if tag.name == "style":
                start = start_tag_end(html, tag)
                media = attributes_of(html[tag.named : start - 1]).get("media", "")
                if _EVERYWHERE.match(media.strip()):
                    yield from self._of_css(END_TAG.sub("", html[start : tag.end]), start)
                continue
            yield from ((feature, tag.start) for feature in asked_by_tag(tag))
            if "style" in tag.attributes and ":" not in tag.name:  # that of VML is another language
                yield from self._of_attribute(html, tag)
        yield from asked_within(html)

    def _of_attribute(self, html: str, tag: Tag) -> Iterator[tuple[str, int]]:
        span = attribute_at(html, tag.named, "style")
        if span is None or (value := _VALUE.match(html, span[0] + len("style"), span[1])) is None:
            return
        number = value.lastindex or 1
        css = _REFERENCE.sub(lambda one: "x" * len(one[0]), value[number])
        target = _target(tag)
        block = _declared(f"{{{css}}}")
        for feature, one in asked_by(block, lambda: (target,), is_centred=self._is_centred):
            yield feature, value.start(number) + one.start - 1

    def _of_css(self, css: str, begun: int) -> Iterator[tuple[str, int]]:
        for _, of_block in groupby(_declared(css), key=lambda one: one.block):
            block = [*of_block]
            within = [one for one in block[0].within if not _ALWAYS.match(one)]
            if not within or is_conditional(within):
                continue
            rules = [one for one in within if not one.startswith("@")]
            if len(rules) > 1:
                if not self._inlines_css:
                    yield "css-nesting", begun + block[0].start
                continue
            if (feature := beside(within[-1])) is not None:
                for one in block:
                    if feature.endswith("marker") or (one.name == "content" and _says(css, one)):
                        yield feature, begun + one.start
                continue
            targets = cache(partial(self._targets, within[-1]))
            asked = asked_by(block, targets, is_centred=self._is_centred)
            for feature, one in asked:
                if not self._knows_all or targets():
                    yield feature, begun + one.start

    def _targets(self, prelude: str) -> list[Target]:
        """The tags that a rule is for, as far as the end of its selectors tells."""
        there = self._tags()
        found: list[Target] = []
        for subject in subjects(prelude):
            candidates = min((there.get(key, []) for key in subject or ("",)), key=len)
            self._tried += len(candidates)
            if self._tried > _MOST_TRIED:
                break
            found += (target for other, target in candidates if subject <= other)
        return found

    def _tags(self) -> dict[str, list[tuple[Subject, Target]]]:
        if self._there is None:
            met: dict[tuple[Subject, Target], None] = {}
            for part in self._parts:
                if not part.is_css:
                    met |= {
                        (of_tag(tag), _target(tag)): None for tag in tags(part.text) if not tag.is_end
                    }
            self._there = {}
            for subject, target in met:
                for key in ("", *subject):
                    self._there.setdefault(key, []).append((subject, target))
        return self._there


def _target(tag: Tag) -> Target:
    return Target(tag.name, frozenset(tag.attributes))


def _declared(css: str) -> list[Declaration]:
    """As far as it can be read; that rules are lost is told elsewhere."""
    found: list[Declaration] = []
    try:
        for one in declarations(css):
            found.append(one._replace(value=one.value[:_LONGEST]))
    except Unbalanced:
        pass
    return found


def _says(css: str, one: Declaration) -> bool:
    """Whether the text of a `content` is words, not a mark or a space for a picture."""
    start = css.index(":", one.start) + 1
    return _WORDS.search(re.sub(r"\\[0-9a-f]+", "", css[start : start + len(one.value)])) is not None
