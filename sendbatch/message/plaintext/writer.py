"""What each element of HTML puts onto the page: where it begins, and where it ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sendbatch.message.markup import attributes_of
from sendbatch.message.plaintext.elements import GAPS, LISTS, TABLE_PARTS
from sendbatch.message.plaintext.links import Link, link_to
from sendbatch.message.plaintext.page import Page, tidy

_HORIZONTAL_RULE = "-" * 40
_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,9})")
_RAISABLE = re.compile(r"[0-9+−()-]{1,8}")
_RAISED = str.maketrans("0123456789+-−()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾")
_INSTEAD = " → "
_PIECES_BETWEEN = 4  # of text that is blank, between what is struck out and what stands in its place
_EMOJI = 2  # characters: an image of no more is part of the words around it


class Element(NamedTuple):
    """One that is open. `start` and `flushed` say where on the page it began."""

    name: str
    hides: bool
    keeps_lines: bool
    strikes: bool
    start: int
    flushed: int


@dataclass(slots=True)
class _Anchor:
    link: Link | None
    label: str
    has_image: bool = False


class _Struck(NamedTuple):
    """What was struck out last: where it is on the page, as it stands there, and its words."""

    flushed: int
    at: int
    written: str
    words: str


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int  # of the item to come
    set_in: bool  # it stands in no item of the list around it


class Writer:
    """Writes elements onto a `page`. `data` are the tables to be written row by row, and whether their
    empty cells count."""

    def __init__(self, data: Mapping[int, bool], page: Page) -> None:
        self.page = page
        self._data = data
        self._anchors: list[_Anchor] = []
        self._lists: list[_List] = []
        self._items = 0  # of lists, that are open
        self._preformatted = 0
        self._cells: list[str] | None = None  # of the row that is open, in a table of data
        self._keeps_empty = False
        self._struck = _Struck(0, 0, "", "")
        self._behind_address = (0, 0)  # paragraphs, and pieces of the one that is not done

    def text(self, text: str, *, keeps_lines: bool) -> None:
        """What stands between tags."""
        page = self.page
        if self._preformatted:
            page.inline.append(text)
        elif self._cells is None or page.in_row or not text.isspace():
            page.text(text, keeps_lines=keeps_lines)

    def block(self, name: str) -> None:
        """A line ends where a block begins, and where it ends."""
        if name in LISTS:
            self.page.block(1 if self._lists else 2)
        elif name in GAPS:
            is_part = self._cells is not None and name in TABLE_PARTS
            self.page.block(1 if is_part else GAPS[name])

    def begin(self, name: str, at: int, written: str) -> None:
        """What stands before the element whose start tag is the token `at`."""
        begin = _BEGIN.get(name)
        if begin is not None:
            begin(self, at, written)

    def end(self, element: Element) -> None:
        """What stands after it."""
        if element.strikes:
            self._end_struck(element)
        end = _END.get(element.name)
        if end is not None:
            end(self, element)
        self.block(element.name)

    def void(self, name: str, written: str) -> None:
        """An element that holds nothing."""
        if name == "br":
            self.page.line_break()
        elif name == "hr":
            self.page.rule_off(_HORIZONTAL_RULE)
        elif name == "img":
            self.image(attributes_of(written).get("alt", ""))

    def image(self, alt: str) -> None:
        """An image is what its author says it shows."""
        if self._anchors:
            self._anchors[-1].has_image = True
        alt = tidy(" ".join(alt.split()))
        self.page.text(f" {alt} " if len(alt) > _EMOJI else alt)

    def _begin_anchor(self, _at: int, written: str) -> None:
        if self._behind_address == (self.page.flushed, len(self.page.inline)):
            self.page.inline.append(" ")  # links that touch each other: an address would go on in the next
        attributes = attributes_of(written)
        label = tidy(attributes.get("aria-label") or attributes.get("title", ""))
        self._anchors.append(_Anchor(link_to(attributes.get("href", "")), label))

    def _end_anchor(self, element: Element) -> None:
        page, anchor = self.page, self._anchors.pop()
        link = anchor.link
        if link is None:
            return
        holds_blocks = page.flushed != element.flushed
        start = 0 if holds_blocks else element.start
        written = "".join(page.inline[start:])
        visible = tidy(written)
        if holds_blocks and not visible:
            page.below(link.address)
            return
        words = visible or anchor.label
        before = " " if written[:1] == " " else ""
        after = written[len(written.rstrip()) :]
        if not words and not anchor.has_image:
            return  # there is nothing to click on
        if not words:
            page.inline[start:] = [f"{before}<{link.address}>{after}"]
        elif link.is_said_by(words):
            page.inline[start:] = [before, words if link.is_number else link.address, after]
        elif visible:
            page.inline[start:] = [written.rstrip(), f" {link.marked}{after}"]
        else:
            page.inline[start:] = [f"{before}{words} {link.marked}{after}"]
        self._behind_address = (page.flushed, len(page.inline))

    def _begin_list(self, _at: int, _written: str) -> None:
        self._open_list(ordered=False, first=1)

    def _begin_ordered(self, _at: int, written: str) -> None:
        start = attributes_of(written).get("start", "") if written else ""
        self._open_list(ordered=True, first=_number(start, 1))

    def _open_list(self, *, ordered: bool, first: int) -> None:
        set_in = self._items < len(self._lists)
        if set_in:
            self.page.enter("  ", "  ")
        self._lists.append(_List(ordered, first, set_in))

    def _end_list(self, _element: Element) -> None:
        if self._lists.pop().set_in:
            self.page.leave()

    def _end_list_mark(self, element: Element) -> None:
        if element.strikes or element.keeps_lines:
            return
        inline = self.page.inline
        mark = "".join(inline[element.start :]).strip()
        if self.page.flushed == element.flushed and mark:
            inline[element.start :] = ["* " if len(mark) == 1 else f"{mark} "]

    def _begin_item(self, _at: int, written: str) -> None:
        self._items += 1
        if not self._lists or not self._lists[-1].ordered:
            self.page.enter("* ", "  ")
            return
        value = attributes_of(written).get("value", "") if written else ""
        number = _number(value, self._lists[-1].number)
        self._lists[-1].number = number + 1
        self.page.enter(f"{number}. ", " " * len(f"{number}. "))

    def _end_item(self, _element: Element) -> None:
        self._items -= 1
        self.page.leave()

    def _begin_quote(self, _at: int, _written: str) -> None:
        self.page.enter("> ", "> ")

    def _begin_description(self, _at: int, _written: str) -> None:
        self.page.enter("  ", "  ")

    def _leave(self, _element: Element) -> None:
        self.page.leave()

    def _begin_preformatted(self, _at: int, _written: str) -> None:
        self._preformatted += 1

    def _end_preformatted(self, element: Element) -> None:
        self._preformatted -= 1
        text = "".join(self.page.inline[element.start :])
        del self.page.inline[element.start :]
        self.page.preformatted(text)

    def _end_struck(self, element: Element) -> None:
        """In parentheses, it is not read as if it were said."""
        page, start = self.page, element.start
        written = "".join(page.inline[start:])
        words = written.strip()
        if page.flushed != element.flushed or not words:
            return
        is_twice = len(page.inline) == start + 1 and page.inline[start] is self._struck.written
        if not is_twice:
            before, _, after = written.partition(words)
            self._struck = _Struck(page.flushed, start, f"{before}({words}){after}", before + words)
        page.inline[start:] = [self._struck.written]

    def _end_inserted(self, element: Element) -> None:
        """Right behind what was struck out, it stands in its place."""
        inline, struck = self.page.inline, self._struck
        start, at = element.start, struck.at
        is_near = at < start <= at + _PIECES_BETWEEN
        is_behind = is_near and self.page.flushed == element.flushed == struck.flushed
        if not is_behind or inline[at] is not struck.written:
            return
        if "".join(inline[at + 1 : start]).strip() or not "".join(inline[start:]).strip():
            return
        inline[start:] = ["".join(inline[start:]).lstrip()]
        inline[at:start] = [struck.words, _INSTEAD]

    def _end_raised(self, element: Element) -> None:
        inline = self.page.inline
        if self.page.flushed == element.flushed:
            text = "".join(inline[element.start :])
            if _RAISABLE.fullmatch(text):
                inline[element.start :] = [text.translate(_RAISED)]

    def _begin_table(self, at: int, _written: str) -> None:
        if at in self._data:
            self._cells, self._keeps_empty = [], self._data[at]

    def _begin_cell(self, _at: int, _written: str) -> None:
        self.page.in_row = self._cells is not None

    def _end_cell(self, element: Element) -> None:
        if self._cells is not None:
            inline = self.page.inline
            self._cells.append(tidy("".join(inline[element.start :])))
            del inline[element.start :]
            self.page.in_row = False

    def _end_row(self, _element: Element) -> None:
        if self._cells is not None:
            cells = [cell for cell in self._cells if cell or self._keeps_empty]
            self._cells = []
            while cells and not cells[-1]:
                cells.pop()
            self.page.text(" | ".join(cells))

    def _end_table(self, element: Element) -> None:
        self._end_row(element)
        self._cells = None


def _heading(rule: str) -> _Begin:
    def begin(writer: Writer, _at: int, _written: str) -> None:
        writer.page.rule = rule

    return begin


def _before(sign: str) -> _Begin:
    def begin(writer: Writer, _at: int, _written: str) -> None:
        writer.page.inline.append(sign)

    return begin


def _after(sign: str) -> _End:
    def end(writer: Writer, _element: Element) -> None:
        writer.page.inline.append(sign)

    return end


def _number(text: str, otherwise: int) -> int:
    match = _NUMBER.match(text)
    return int(match[1]) if match else otherwise


_Begin = Callable[[Writer, int, str], None]
_End = Callable[[Writer, Element], None]
_BEGIN: dict[str, _Begin] = {
    "a": Writer._begin_anchor,
    "blockquote": Writer._begin_quote,
    "dd": Writer._begin_description,
    "h1": _heading("="),
    "h2": _heading("-"),
    "li": Writer._begin_item,
    "menu": Writer._begin_list,
    "ol": Writer._begin_ordered,
    "pre": Writer._begin_preformatted,
    "q": _before('"'),
    "rt": _before("("),
    "table": Writer._begin_table,
    "td": Writer._begin_cell,
    "th": Writer._begin_cell,
    "ul": Writer._begin_list,
}
_END: dict[str, _End] = {
    "a": Writer._end_anchor,
    "blockquote": Writer._leave,
    "dd": Writer._leave,
    "ins": Writer._end_inserted,
    "li": Writer._end_item,
    "menu": Writer._end_list,
    "ol": Writer._end_list,
    "pre": Writer._end_preformatted,
    "q": _after('"'),
    "rt": _after(")"),
    "span": Writer._end_list_mark,
    "sup": Writer._end_raised,
    "table": Writer._end_table,
    "td": Writer._end_cell,
    "th": Writer._end_cell,
    "tr": Writer._end_row,
    "ul": Writer._end_list,
}
