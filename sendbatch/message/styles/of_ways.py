"""Styles written into the tags of a way, in which marks stand for values: done where no value changes what
comes of it."""

from __future__ import annotations

import re

from sendbatch.message.markup import Tag, attribute_at, attributes_of, start_tag_end, tags
from sendbatch.message.styles.copies import edited, sheets_of
from sendbatch.message.styles.inlining import edits_of, inlined
from sendbatch.message.templates import Failed
from sendbatch.message.ways.layout import Unfit
from sendbatch.message.ways.way import MARK

# Every tag is held against every rule, at some 5 ns. A way is made in the process that sends, where all wait.
_MOST_TRIED = 300_000
_MOST_TAGS = 2_000
_QUOTED = re.compile(r"=\s*(?:\"[^\"]*\"|'[^']*')\Z")


def inlined_way(marked: str) -> str:
    """The same of a text with marks. Raises Unfit where a value decides what applies, and where it takes
    long."""
    if marked.count("<") > _MOST_TAGS:
        raise Unfit
    found = [*tags(marked)]
    css = "".join(sheet.css for sheet in sheets_of(marked, found))
    if len(found) * (css.count("{") + css.count(",")) > _MOST_TRIED or MARK.search(css):
        raise Unfit
    css = css.lower()
    for tag in found:
        _hold(marked, tag, css)
    try:
        edits = edits_of(marked, found)
        if any(MARK.search(edit.was) for edit in edits):
            raise Unfit
        made = edited(marked, edits)
        # A value may be empty, or a blank: `:empty` asks for that; between rows of a table neither is text.
        for value in ("", " ") if ":empty" in css else ("",):
            if MARK.sub(value, made) != inlined(MARK.sub(value, marked)):
                raise Unfit
    except Failed:
        raise Unfit from None
    return made


def _hold(marked: str, tag: Tag, css: str) -> None:
    """Raises Unfit where a mark in this tag is in what a selector may ask for: all but a quoted value of an
    attribute that none does. A tag's own style is looked at where something is added to it."""
    whole = marked[tag.start : start_tag_end(marked, tag)]
    marks = len(MARK.findall(whole))
    if not marks:
        return
    if tag.name == "style" or tag.is_end:
        raise Unfit
    for name, value in attributes_of(whole[tag.named - tag.start :]).items():
        is_asked = name in ("class", "id", "data-css-inline") or ("[" in css and name in css)
        if is_asked or (":lang" in css and "lang" in name) or ":dir" in css:
            continue
        span = attribute_at(whole, tag.named - tag.start, name)
        if span is not None and _QUOTED.search(whole[slice(*span)]):
            marks -= len(MARK.findall(value)) if not MARK.search(name) else 0
    if marks:
        raise Unfit
