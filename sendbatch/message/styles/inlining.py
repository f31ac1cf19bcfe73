"""The rules of each `<style>` as `style=` of the tags they are for.

css-inline says what each tag's style is; nothing else is taken from it. It builds a tree and writes that out
anew: another DOCTYPE, conditional comments that Outlook reads differently, tags that were not there. So it is
given a copy in which each tag has a number, and what it gives for a number is put into that tag of the
author's own text, in which all else stands as it was.

What no `style=` can say stays in a `<style>`: rules in `@media`, `a:hover`, `[data-ogsc]`, whatever matches
nothing here. All of it stays where something it is for is out of reach: tags in a conditional comment, which
Outlook shows, or `body` where there is none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING

from sendbatch.message.markup import Tag, resolved, tags
from sendbatch.message.styles.copies import (
    SIGN,
    Edit,
    Sheet,
    as_given,
    edited,
    numbered,
    opened,
    sheets_of,
    style_at,
    style_attribute,
)
from sendbatch.message.styles.css import without_comments
from sendbatch.message.styles.nesting import hold_depth
from sendbatch.message.templates import Failed

if TYPE_CHECKING:
    from css_inline import CSSInliner

# As css-inline writes tags.
_ATTRIBUTES = r"((?: [^\s=>]++=\"[^\"]*+\")*+)"
_WRITTEN_TAG = re.compile(rf"<([a-zA-Z][^\s>]*+){_ATTRIBUTES}>")
_WRITTEN_STYLE = re.compile(r" style=\"([^\"]*+)\"")
_LEFT = re.compile(rf"<!--.*?(?:-->|\Z)|<style{_ATTRIBUTES}>(.*?)</style>", re.DOTALL)


def has_styles(source: str) -> bool:
    """Whether there may be a `<style>` in it."""
    return "<style" in source.lower()


def inlined(html: str) -> str:
    """HTML in which the rules of each `<style>` are where they apply. Raises Failed where it is nested too
    deeply."""
    return edited(html, edits_of(html, [*tags(html)]))


def edits_of(html: str, found: Sequence[Tag]) -> list[Edit]:
    """All that is to be changed, in order; `found` are all tags. Raises Failed."""
    sheets = [*sheets_of(html, found)]
    if not sheets:
        return []
    own = "data-n"
    while own in html:
        own += "n"
    made = _computed(html, found, sheets, own)
    styles, is_whole = _styles(made, own)
    edits = [
        edit
        for number, style in styles.items()
        if (edit := _restyled(html, found[number], style)) is not None
    ]
    left = _left(made, sheets, own) if is_whole else None
    if left is not None and not _are_for_others(html, found, sheets, own):
        for sheet, css in zip(sheets, left, strict=True):
            if not sheet.stays:
                edits.append(Edit(sheet.start, sheet.end, f"<style>{css}</style>" if css else ""))
    return sorted(edits)


def _computed(html: str, found: Sequence[Tag], sheets: Sequence[Sheet], own: str) -> str:
    """What css-inline makes of a copy with numbers. Raises Failed."""
    hold_depth(found)
    try:
        return _inliner().inline(numbered(html, found, sheets, own))
    except ValueError as error:
        raise Failed(f"its styles cannot be inlined: {error}") from None


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner  # it takes 12 ms, for those alone who have styles

    return CSSInliner(
        load_remote_stylesheets=False, keep_at_rules=True, remove_inlined_selectors=True
    )


def _styles(made: str, own: str) -> tuple[dict[int, str], bool]:
    """The style of each number as css-inline writes it, and whether that is all: nothing was for an
    `html` or a `body` that is not written."""
    number_of = re.compile(rf" {own}=\"([0-9]+)\"")
    styles: dict[int, str] = {}
    is_whole = True
    for name, attributes in _WRITTEN_TAG.findall(made):
        style = _WRITTEN_STYLE.search(attributes)
        if style is None:
            continue
        number = number_of.search(attributes)
        if number is not None:
            styles.setdefault(int(number[1]), style[1])
        elif name in ("html", "body"):
            is_whole = False
    return styles, is_whole


def _left(made: str, sheets: Sequence[Sheet], own: str) -> list[str] | None:
    """What is in no tag of each sheet; None where css-inline does not say."""
    written = [str(found[2]) for found in _LEFT.finditer(made) if found[2] is not None]
    left = []
    for number in range(len(sheets)):
        sign = SIGN.format(own, number)
        found = [css for css in written if sign in css]
        if not found:
            return None
        css = found[0].replace(sign, "", 1).strip()
        left.append(css if without_comments(css).strip() else "")
    return left


def _restyled(html: str, tag: Tag, style: str) -> Edit | None:
    """None where no rule is for the tag: its own style is then escaped as attributes are; one that css-inline
    made is not."""
    was = tag.attributes.get("style")
    if was is None:
        return Edit(tag.named, tag.named, f" {style_attribute(style)}")
    if as_given(was) == resolved(style):
        return None
    start, end = style_at(html, tag)
    return Edit(start, end, style_attribute(style), was)


def _are_for_others(html: str, found: Sequence[Tag], sheets: Sequence[Sheet], own: str) -> bool:
    """Whether rules may be for tags that are none here: those in conditional comments, which Outlook shows.
    Where it does, they stand among the others."""
    if any(tag.name == "noscript" for tag in found):
        return True
    shown, inner = opened(html)
    if not inner:
        return False
    of_all = [*tags(shown)]
    of_theirs = [number for number, tag in enumerate(of_all) if _is_within(inner, tag.start)]
    if not of_theirs:
        return False
    styles, _ = _styles(_computed(shown, of_all, sheets, own), own)
    return any(
        _restyled(shown, of_all[number], styles[number]) is not None
        for number in of_theirs
        if number in styles
    )


def _is_within(places: Sequence[tuple[int, int]], start: int) -> bool:
    number = bisect_right(places, start, key=itemgetter(0)) - 1
    return number >= 0 and start < places[number][1]
