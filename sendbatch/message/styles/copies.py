"""The copy of an HTML that css-inline is given: its rules at the beginning, as plain style sheets, a number
in each tag, and nothing that could be loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from sendbatch.message.markup import COMMENT, RAW, Tag, attribute_at, attributes_of, start_tag_end
from sendbatch.message.styles.css import END_TAG, closed, with_plain_strings

SIGN = "@media {}-{}{{i{{a:b}}}}"  # of a sheet: a rule that is always left, by which it is known
_UNSTYLED = RAW | frozenset(["base", "head", "link", "meta", "param", "source", "track"])
_EVERYWHERE = frozenset(("", "all", "screen"))  # media in which all mail is read

_DOCTYPE = re.compile(rf"(?:\s++|{COMMENT})*+<!doctype[^>]*+>", re.DOTALL | re.IGNORECASE)
_CONDITIONAL = re.compile(
    r"<!--\[if[^\]]*+\]>(?!<!)(.*?)(?:<!\[endif\])?(?:-->|\Z)", re.DOTALL | re.IGNORECASE
)
_FOREIGN = re.compile(r"<(xml|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)


class Sheet(NamedTuple):
    """A `<style>`: where it stands, and its rules. It `stays` where its author says so."""

    start: int
    end: int
    css: str
    stays: bool


class Edit(NamedTuple):
    """What is put in place of a piece of the text. `was` is the tag's own style, where there is one."""

    start: int
    end: int
    text: str
    was: str = ""


def edited(html: str, edits: Sequence[Edit]) -> str:
    """The text with all of these, which are sorted, in it."""
    pieces: list[str] = []
    at = 0
    for edit in edits:
        pieces += (html[at : edit.start], edit.text)
        at = edit.end
    return "".join((*pieces, html[at:]))


def sheets_of(html: str, found: Sequence[Tag]) -> Iterator[Sheet]:
    """Those whose rules are written into the tags; `found` are all tags."""
    for tag in found:
        if tag.name != "style" or tag.is_end:
            continue
        start = start_tag_end(html, tag)
        attributes = attributes_of(html[tag.named : start - 1])
        is_css = attributes.get("type", "").strip().lower() in ("", "text/css")
        declared = attributes.get("data-css-inline", "")
        if not is_css or declared == "ignore":
            continue
        css = END_TAG.sub("", html[start : tag.end])
        media = " ".join(attributes.get("media", "").split())
        if media.lower() not in _EVERYWHERE:
            css = f"@media {media} {{{css}}}"
        yield Sheet(tag.start, tag.end, css, declared == "keep")


def numbered(html: str, found: Sequence[Tag], sheets: Sequence[Sheet], own: str) -> str:
    """The copy; a number is the place of the tag in `found`, and stands in an attribute called `own`."""
    edits = []
    for number, tag in enumerate(found):
        if tag.name in ("style", "link") and not tag.is_end:
            edits.append(Edit(tag.start, tag.end, ""))
        if tag.is_end or tag.name in _UNSTYLED:
            continue
        edits.append(Edit(tag.named, tag.named, f' {own}="{number}"'))
        style = tag.attributes.get("style", "")
        if style and style != as_given(style):
            start, end = style_at(html, tag)
            edits.append(Edit(start, end, style_attribute(as_given(style))))
    doctype = _DOCTYPE.match(html)
    at = doctype.end() if doctype is not None else 0
    css = "".join(
        f"<style>{SIGN.format(own, number)}{_rules_given(sheet.css)}</style>"
        for number, sheet in enumerate(sheets)
    )
    return edited(html, sorted([Edit(at, at, css), *edits]))


def opened(html: str) -> tuple[str, list[tuple[int, int]]]:
    """The HTML with what is in its conditional comments among the rest, and where that is."""
    pieces: list[str] = []
    inner: list[tuple[int, int]] = []
    at = length = 0
    for comment in _CONDITIONAL.finditer(html):
        shown = _FOREIGN.sub("", comment[1])
        length += comment.start() - at
        inner.append((length, length + len(shown)))
        pieces += (html[at : comment.start()], shown)
        length += len(shown)
        at = comment.end()
    return "".join((*pieces, html[at:])), inner


@lru_cache(maxsize=8)  # they are mostly the same in all messages
def _rules_given(css: str) -> str:
    return closed(with_plain_strings(css))


def as_given(style: str) -> str:
    """A tag's own style as css-inline is given it, and gives it back where no rule is for the tag."""
    return (
        with_plain_strings(style).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    )


def style_at(html: str, tag: Tag) -> tuple[int, int]:
    """Where the tag's own style begins and ends."""
    found = attribute_at(html, tag.named, "style")
    assert found is not None
    return found


def style_attribute(style: str) -> str:
    """As it is written in a tag."""
    return 'style="{}"'.format(style.replace("&", "&amp;").replace('"', "&quot;"))
