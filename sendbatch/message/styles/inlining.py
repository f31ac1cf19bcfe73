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
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import css_inline

from sendbatch.message.markup import (
    RAW,
    Tag,
    attribute_at,
    attributes_of,
    resolved,
    start_tag_end,
    tags,
)
from sendbatch.message.styles.css import with_plain_strings
from sendbatch.message.templates import Failed
from sendbatch.message.ways.layout import Unfit
from sendbatch.message.ways.way import MARK

# Every tag is held against every rule, at some 5 ns. A way is made in the process that sends, where all wait.
_MOST_TRIED = 2_000_000
_MOST_TAGS = 10_000
# The tree is walked by calls within calls, and a thread may have 512 KB for them: 500 levels were well, 1,000
# were not. Those that close themselves (`_CLOSED_BY_OTHERS`) are no more than four times as many.
_DEEPEST = 100

_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
_CLOSED_BY_OTHERS = frozenset(
    "p li dt dd tr td th tbody thead tfoot colgroup option optgroup html head body".split()  # noqa: SIM905
)
# Where these are not closed, they go on in what comes next (HTML §13.2.4.3).
_FORMATTING = frozenset(
    "a b big code em font i nobr s small strike strong tt u".split()  # noqa: SIM905
)
_UNSTYLED = RAW | frozenset(["base", "head", "link", "meta", "param", "source", "track"])
_EVERYWHERE = frozenset(("", "all", "screen"))  # media in which all mail is read

_DOCTYPE = re.compile(r"(?:\s++|<!--.*?-->)*+<!doctype[^>]*+>", re.DOTALL | re.IGNORECASE)
_CONDITIONAL = re.compile(r"<!--\[if.*?-->", re.DOTALL | re.IGNORECASE)
_SHOWN_THERE = re.compile(r"<(?!(?:style|xml|meta|link|noscript)\b)[a-z]\w*[\s/>]", re.IGNORECASE)
_END_TAG = re.compile(r"</style[^>]*>?\Z", re.IGNORECASE)
# As css-inline writes tags.
_ATTRIBUTES = r"((?: [^\s=>]++=\"[^\"]*+\")*+)"
_WRITTEN_TAG = re.compile(rf"<([a-zA-Z][^\s>]*+){_ATTRIBUTES}>")
_WRITTEN_STYLE = re.compile(r" style=\"([^\"]*+)\"")
_LEFT = re.compile(rf"<!--.*?-->|<head{_ATTRIBUTES}><style>(.*?)</style>", re.DOTALL)

_INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False, keep_at_rules=True, remove_inlined_selectors=True
)


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


def has_styles(source: str) -> bool:
    """Whether there may be a `<style>` in it."""
    return "<style" in source.lower()


def inlined(html: str) -> str:
    """HTML in which the rules of each `<style>` are where they apply. Raises Failed where it is nested too
    deeply."""
    return _edited(html, _edits(html, [*tags(html)]))


def inlined_way(marked: str) -> str:
    """The same of a text with marks. Raises Unfit where a value decides what applies, and where it takes
    long."""
    found = [*tags(marked)]
    if len(found) > _MOST_TAGS:
        raise Unfit
    css = "".join(sheet.css for sheet in _sheets(marked, found))
    if len(found) * css.count("{") > _MOST_TRIED or MARK.search(css):
        raise Unfit
    for tag in found:
        _hold(marked, tag, css.lower())
    try:
        edits = _edits(marked, found)
        if any(MARK.search(edit.was) for edit in edits):
            raise Unfit
        made = _edited(marked, edits)
        # A value may be empty: `:empty` asks for that, and between rows of a table no text is text.
        if MARK.sub("", made) != inlined(MARK.sub("", marked)):
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
        if span is not None and whole[span[1] - 1] in "\"'":
            marks -= len(MARK.findall(value)) if not MARK.search(name) else 0
    if marks:
        raise Unfit


def _edits(html: str, found: Sequence[Tag]) -> list[Edit]:
    """All that is to be changed, in order. Raises Failed."""
    sheets = [*_sheets(html, found)]
    if not sheets:
        return []
    _hold_depth(found)
    own = "data-n"
    while own in html:
        own += "n"
    try:
        made = _INLINER.inline(_numbered(html, found, sheets, own))
    except (css_inline.InlineError, ValueError) as error:
        raise Failed(f"its styles cannot be inlined: {error}") from None
    styles, is_whole = _styles(made, own)
    edits = [
        edit
        for number, style in styles.items()
        if (edit := _restyled(html, found[number], style)) is not None
    ]
    if is_whole and not _is_shown_elsewhere(html, found):
        left = _left(made).strip()
        for sheet in sheets:
            if not sheet.stays:
                edits.append(Edit(sheet.start, sheet.end, f"<style>{left}</style>" if left else ""))
                left = ""
    return sorted(edits)


def _sheets(html: str, found: Sequence[Tag]) -> Iterator[Sheet]:
    for tag in found:
        if tag.name != "style" or tag.is_end:
            continue
        opened = start_tag_end(html, tag)
        attributes = attributes_of(html[tag.named : opened - 1])
        is_css = attributes.get("type", "").strip().lower() in ("", "text/css")
        declared = attributes.get("data-css-inline", "")
        if not is_css or declared == "ignore":
            continue
        css = _END_TAG.sub("", html[opened : tag.end])
        media = " ".join(attributes.get("media", "").split())
        if media.lower() not in _EVERYWHERE:
            css = f"@media {media} {{{css}}}"
        yield Sheet(tag.start, tag.end, css, declared == "keep")


def _numbered(html: str, found: Sequence[Tag], sheets: Sequence[Sheet], own: str) -> str:
    """The copy for css-inline: rules at its beginning, as plain style sheets, a number in each tag, and
    nothing that could be loaded."""
    edits = []
    for number, tag in enumerate(found):
        if tag.name in ("style", "link") and not tag.is_end:
            edits.append(Edit(tag.start, tag.end, ""))
        if tag.is_end or tag.name in _UNSTYLED:
            continue
        edits.append(Edit(tag.named, tag.named, f' {own}="{number}"'))
        style = tag.attributes.get("style", "")
        if style and style != _as_given(style):
            start, end = _style_at(html, tag)
            edits.append(Edit(start, end, _attribute(_as_given(style))))
    doctype = _DOCTYPE.match(html)
    at = doctype.end() if doctype is not None else 0
    css = "".join(f"<style>{with_plain_strings(sheet.css)}</style>" for sheet in sheets)
    return _edited(html, sorted([Edit(at, at, css), *edits]))


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


def _left(made: str) -> str:
    for found in _LEFT.finditer(made):
        if found[2] is not None:
            return str(found[2])
    return ""


def _restyled(html: str, tag: Tag, style: str) -> Edit | None:
    """None where no rule is for the tag: its own style is then escaped as attributes are; one that css-inline
    made is not."""
    was = tag.attributes.get("style")
    if was is None:
        return Edit(tag.named, tag.named, f" {_attribute(style)}")
    if _as_given(was) == resolved(style):
        return None
    start, end = _style_at(html, tag)
    return Edit(start, end, _attribute(style), was)


def _as_given(style: str) -> str:
    """A tag's own style as css-inline is given it, and gives it back where no rule is for the tag."""
    return (
        with_plain_strings(style).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    )


def _style_at(html: str, tag: Tag) -> tuple[int, int]:
    found = attribute_at(html[: tag.end], tag.named, "style")
    assert found is not None
    return found


def _attribute(style: str) -> str:
    return 'style="{}"'.format(style.replace("&", "&amp;").replace('"', "&quot;"))


def _is_shown_elsewhere(html: str, found: Sequence[Tag]) -> bool:
    """Whether rules may be for what css-inline takes for no tags."""
    return any(tag.name == "noscript" for tag in found) or any(
        _SHOWN_THERE.search(comment[0]) for comment in _CONDITIONAL.finditer(html)
    )


def _edited(html: str, edits: Sequence[Edit]) -> str:
    pieces: list[str] = []
    at = 0
    for edit in edits:
        pieces += (html[at : edit.start], edit.text)
        at = edit.end
    return "".join((*pieces, html[at:]))


def _hold_depth(found: Sequence[Tag]) -> None:
    opened: list[str] = []
    formatting = dict.fromkeys(_FORMATTING, 0)
    for tag in found:
        name = tag.name
        if name in formatting:
            formatting[name] = max(formatting[name] + (-1 if tag.is_end else 1), 0)
        elif name in _VOID or name in _CLOSED_BY_OTHERS or name in RAW:
            continue
        elif not tag.is_end:
            opened.append(name)
        elif name in opened:
            while opened.pop() != name:
                pass
        if len(opened) + sum(formatting.values()) > _DEEPEST:
            raise Failed(
                f"more than {_DEEPEST} tags within each other: their styles cannot be inlined"
                " (inline_css: false leaves them)"
            )
