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
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sendbatch.message.markup import (
    RAW,
    Tag,
    attribute_at,
    attributes_of,
    resolved,
    start_tag_end,
    tags,
)
from sendbatch.message.styles.css import END_TAG, closed, with_plain_strings, without_comments
from sendbatch.message.styles.nesting import hold_depth
from sendbatch.message.templates import Failed

if TYPE_CHECKING:
    from css_inline import CSSInliner

_UNSTYLED = RAW | frozenset(["base", "head", "link", "meta", "param", "source", "track"])
_EVERYWHERE = frozenset(("", "all", "screen"))  # media in which all mail is read

_DOCTYPE = re.compile(r"(?:\s++|<!--.*?-->)*+<!doctype[^>]*+>", re.DOTALL | re.IGNORECASE)
_CONDITIONAL = re.compile(
    r"<!--\[if[^\]]*+\]>(?!<!)(.*?)(?:<!\[endif\])?-->", re.DOTALL | re.IGNORECASE
)
_FOREIGN = re.compile(r"<(xml|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
# As css-inline writes tags.
_ATTRIBUTES = r"((?: [^\s=>]++=\"[^\"]*+\")*+)"
_WRITTEN_TAG = re.compile(rf"<([a-zA-Z][^\s>]*+){_ATTRIBUTES}>")
_SIGN = "@media {}-{}{{i{{a:b}}}}"  # of a sheet: a rule that is always left, by which it is known
_WRITTEN_STYLE = re.compile(r" style=\"([^\"]*+)\"")
_LEFT = re.compile(rf"<!--.*?-->|<style{_ATTRIBUTES}>(.*?)</style>", re.DOTALL)


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
        return _inliner().inline(_numbered(html, found, sheets, own))
    except ValueError as error:
        raise Failed(f"its styles cannot be inlined: {error}") from None


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner  # it takes 12 ms, for those alone who have styles

    return CSSInliner(
        load_remote_stylesheets=False, keep_at_rules=True, remove_inlined_selectors=True
    )


def sheets_of(html: str, found: Sequence[Tag]) -> Iterator[Sheet]:
    for tag in found:
        if tag.name != "style" or tag.is_end:
            continue
        opened = start_tag_end(html, tag)
        attributes = attributes_of(html[tag.named : opened - 1])
        is_css = attributes.get("type", "").strip().lower() in ("", "text/css")
        declared = attributes.get("data-css-inline", "")
        if not is_css or declared == "ignore":
            continue
        css = END_TAG.sub("", html[opened : tag.end])
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
    css = "".join(
        f"<style>{_SIGN.format(own, number)}{_rules_given(sheet.css)}</style>"
        for number, sheet in enumerate(sheets)
    )
    return edited(html, sorted([Edit(at, at, css), *edits]))


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
        sign = _SIGN.format(own, number)
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
        return Edit(tag.named, tag.named, f" {_attribute(style)}")
    if _as_given(was) == resolved(style):
        return None
    start, end = _style_at(html, tag)
    return Edit(start, end, _attribute(style), was)


@lru_cache(maxsize=8)  # they are mostly the same in all messages
def _rules_given(css: str) -> str:
    return closed(with_plain_strings(css))


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


def _are_for_others(html: str, found: Sequence[Tag], sheets: Sequence[Sheet], own: str) -> bool:
    """Whether rules may be for tags that are none here: those in conditional comments, which Outlook shows.
    Where it does, they stand among the others."""
    if any(tag.name == "noscript" for tag in found):
        return True
    opened, at, inner = "", 0, []
    for comment in _CONDITIONAL.finditer(html):
        opened += html[at : comment.start()]
        shown = _FOREIGN.sub("", comment[1])
        inner.append(range(len(opened), len(opened) + len(shown)))
        opened += shown
        at = comment.end()
    if not inner:
        return False
    opened += html[at:]
    of_all = [*tags(opened)]
    if not any(tag.start in place for tag in of_all for place in inner):
        return False
    styles, _ = _styles(_computed(opened, of_all, sheets, own), own)
    return any(
        of_all[number].start in place and _restyled(opened, of_all[number], style) is not None
        for number, style in styles.items()
        for place in inner
    )


def edited(html: str, edits: Sequence[Edit]) -> str:
    pieces: list[str] = []
    at = 0
    for edit in edits:
        pieces += (html[at : edit.start], edit.text)
        at = edit.end
    return "".join((*pieces, html[at:]))
