"""The text part of a message whose author wrote only HTML, as a person would have typed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sendbatch.message.markup import Token, attributes_of, tokens
from sendbatch.message.plaintext.elements import (
    IMPLIED_ENDS,
    TABLE_PARTS,
    TRACKED,
    UNSEEN,
    VOID,
    is_list_mark,
    is_struck,
    keeps_lines,
)
from sendbatch.message.plaintext.hiding import Hidden, hidden_by_sheets, is_hidden
from sendbatch.message.plaintext.page import Page
from sendbatch.message.plaintext.tables import data_tables
from sendbatch.message.plaintext.writer import Element, Writer

ALT_OR_TEXT = 'say in alt="…" what an image shows, or name a template in templates.text'
_DEEPEST = 512  # elements within each other that are told apart; browsers have such a bound too
_TABLE = frozenset(("table",))


def text_from_html(html: str) -> str:
    """Readable text: links as `text (address)`, lists and headings kept, nothing that is hidden.

    Lines are wrapped; words and addresses stay whole. There is no HTML of which nothing can be made.
    """
    found = tokens(html)
    return _Reader(Writer(data_tables(found), Page()), hidden_by_sheets(html)).read(found)


def text_of(found: Sequence[str | Token], page: Page | None = None) -> str:
    """The same of texts and tags, as `tokens` gives them, where no style sheet is; on this page."""
    return _Reader(Writer(data_tables(found), page or Page()), hidden_by_sheets("")).read(found)


class _Reader:
    """Goes through the tags and texts once, and knows which elements are open."""

    def __init__(self, writer: Writer, by_sheets: Hidden) -> None:
        self._writer = writer
        self._by_sheets = by_sheets
        self._stack: list[Element] = []
        self._open: Counter[str] = Counter()
        self._hidden = self._keeping_lines = 0

    def read(self, found: Sequence[str | Token]) -> str:
        for at, token in enumerate(found):
            if isinstance(token, str):
                if not self._hidden:
                    self._writer.text(token, keeps_lines=self._keeping_lines > 0)
            elif token[1]:
                self._end(token[0])
            else:
                self._start(at, token[0], token[2])
        self._pop_to(0)
        return self._writer.page.finished()

    def _start(self, at: int, name: str, written: str) -> None:
        ends = IMPLIED_ENDS.get(name)
        if ends is not None:
            self._end_implied(*ends)
        hides = name in UNSEEN or (
            written != "" and is_hidden(name, written, self._by_sheets)
        )
        if hides or self._hidden:
            self._start_unseen(name, written, hides)
        elif name in VOID:
            self._writer.void(name, written)
        else:
            keeps = "white-space" in written and keeps_lines(written)
            strikes = is_struck(name, written)
            is_tracked = keeps or strikes or name in TRACKED
            if is_tracked or ("mso-list" in written and is_list_mark(written)):
                self._writer.block(name)
                if self._push(name, False, keeps, strikes):
                    self._writer.begin(name, at, written)

    def _start_unseen(self, name: str, written: str, hides: bool) -> None:
        if name == "svg" and not self._hidden:
            self._writer.image(attributes_of(written).get("aria-label", ""))
        # In SVG, what ends with a slash has no end tag.
        is_svg = name == "svg" or self._open["svg"]
        if not (name in VOID or (is_svg and written.endswith("/"))):
            self._push(name, hides, False)

    def _push(self, name: str, hides: bool, keeps: bool, strikes: bool = False) -> bool:
        if len(self._stack) >= _DEEPEST:
            return False
        page = self._writer.page
        self._stack.append(Element(name, hides, keeps, strikes, len(page.inline), page.flushed))
        self._open[name] += 1
        self._hidden += hides
        self._keeping_lines += keeps
        return True

    def _end(self, name: str) -> None:
        if not self._open[name]:
            if not self._hidden and name in ("p", "br"):  # each stands for an empty one
                self._writer.page.block(2) if name == "p" else self._writer.page.line_break()
            return
        bounds = _TABLE if name in TABLE_PARTS else TABLE_PARTS
        for at in range(len(self._stack) - 1, -1, -1):
            open_name = self._stack[at].name
            if open_name == name:
                self._pop_to(at)
                return
            if open_name in bounds:
                return

    def _end_implied(self, ended: frozenset[str], bounds: frozenset[str]) -> None:
        for name in ended:
            if self._open[name]:
                break
        else:
            return
        outermost = len(self._stack)
        for at in range(len(self._stack) - 1, -1, -1):
            name = self._stack[at].name
            if name in ended:
                outermost = at
            elif name in bounds:
                break
        self._pop_to(outermost)

    def _pop_to(self, depth: int) -> None:
        while len(self._stack) > depth:
            element = self._stack.pop()
            self._open[element.name] -= 1
            self._hidden -= element.hides
            self._keeping_lines -= element.keeps_lines
            if not (self._hidden or element.hides):
                self._writer.end(element)
