"""HTML within `<mj-raw>` that nobody sees, or not where it stands.

MJML lays out with tables, in letters of the size 0 so that no blank between them is seen. What stands there
by itself has that size, and programs that read HTML move what is no row of a column's table above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sendbatch.findings import Finding, Rule
from sendbatch.message.markup import COMMENT, RAW, Tag, resolved, tags
from sendbatch.message.mjml.parsing import Element, Span, blame
from sendbatch.message.source import BLOCK, VALUE, blank

_IN_SMALL = frozenset({"mj-section", "mj-group", "mj-column"})  # whose letters have the size 0
_ROWS = frozenset({"table", "tr", "tbody", "thead", "tfoot"})
_NO_BLOCKS = RAW | frozenset({"link", "meta", "tr", "tbody", "thead", "tfoot"})  # at the top of a column
_EMPTY = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr", "area", "col", "source"})
_OWN_SIZE = frozenset({"button", "input", "select", "textarea"})
_COMMENTS = re.compile(COMMENT, re.DOTALL)
_TAGS = re.compile(f"[{VALUE}{BLOCK}]")
_SIZES = re.compile(r"\bfont(?:-size)?\s*:", re.IGNORECASE)
_CSS_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_NOT_OF_TAGS = re.compile(r"[.#:\[].*")
_AS_ROW = '<tr><td style="font-size: 16px">…</td></tr>'


class _Open(NamedTuple):
    name: str
    is_sized: bool  # or may be, by a style sheet


def unseen(root: Element) -> Iterator[Finding]:
    """A warning for the first such place of each `<mj-raw>`."""
    sized = _sized_names(root)
    for parent in root.all():
        if parent.name in _IN_SMALL:
            for raw in parent.elements:
                if raw.name == "mj-raw" and raw.content is not None:
                    yield from _in_raw(parent.name, raw.content, sized)


def _in_raw(parent: str, content: Span, sized: frozenset[str]) -> Iterator[Finding]:
    html = _COMMENTS.sub(lambda comment: blank(comment[0]), content.hidden)
    moved: int | None = None
    open_: list[_Open] = []
    end = 0
    for tag in (*tags(html), None):
        text = html[end : tag.start if tag is not None else len(html)]
        if not any(one.is_sized for one in open_) and _says(text, open_):
            yield _too_small(parent, content, end + len(text) - len(text.lstrip()))
            return
        if tag is None:
            break
        end = tag.end
        if not (open_ or tag.is_end or tag.name in _NO_BLOCKS) and moved is None:
            moved = tag.start
        _follow(open_, tag, sized)
    if moved is not None and parent == "mj-column":
        said = "no row in <mj-raw> within <mj-column>, which is a table: programs show it above the rows"
        hint = f"write it within <mj-text>, or as {_AS_ROW}"
        yield blame(Rule.MJML_RAW, content, said, hint, moved)


def _too_small(parent: str, content: Span, at: int) -> Finding:
    said = f"text in <mj-raw> within <{parent}> has the size 0 there: nobody sees it"
    as_raw = f"as {_AS_ROW}" if parent == "mj-column" else 'with a size: style="font-size: 16px"'
    return blame(Rule.MJML_RAW, content, said, f"write it within <mj-text>, or {as_raw}", at)


def _says(text: str, open_: Sequence[_Open]) -> bool:
    """Whether there is text; a value may be cells or rows where these may stand."""
    if VALUE in text and open_ and open_[-1].name not in _ROWS:
        return True
    return bool(resolved(_TAGS.sub("", text)).strip())


def _follow(open_: list[_Open], tag: Tag, sized: frozenset[str]) -> None:
    if tag.is_end:
        names = [one.name for one in open_]
        if tag.name in names:
            del open_[len(names) - 1 - names[::-1].index(tag.name) :]
    elif tag.name not in _EMPTY | RAW:
        open_.append(_Open(tag.name, _is_sized(tag, sized)))


def _is_sized(tag: Tag, sized: frozenset[str]) -> bool:
    style = tag.attributes.get("style", "")
    if _SIZES.search(style) or _TAGS.search(style) or tag.name in _OWN_SIZE:
        return True
    by_sheet = "class" in tag.attributes or "id" in tag.attributes
    return by_sheet or not sized.isdisjoint((tag.name, "*")) or "size" in tag.attributes


def _sized_names(root: Element) -> frozenset[str]:
    """Tags to which a style sheet of the letter gives a size, perhaps under conditions."""
    found: set[str] = set()
    for element in root.all():
        if element.name in ("mj-style", "mj-raw") and element.content is not None:
            for selectors, declared in _CSS_RULE.findall(element.content.hidden):
                if _SIZES.search(declared):
                    found |= {_named(selector) for selector in selectors.lower().split(",")}
    return frozenset(found)


def _named(selector: str) -> str:
    """The tag that a selector is about."""
    *_, last = re.split(r"[\s>+~]+", f" {selector.strip()}")
    return _NOT_OF_TAGS.sub("", last)
