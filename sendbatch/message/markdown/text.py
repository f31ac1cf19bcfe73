"""The text part of a letter that is written in Markdown: its elements, as a person would have typed them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sendbatch.message.markdown.carried import among_values, as_html, as_typed, has_html
from sendbatch.message.markdown.elements import Element, Raw
from sendbatch.message.markup import Token, attributes_of, tokens
from sendbatch.message.plaintext.page import Page
from sendbatch.message.plaintext.reader import text_of
from sendbatch.words import width

_BETWEEN = "  "  # columns
_WIDEST = 74  # letters of a row that is a line, as it is set in


def text_of_markdown(found: Sequence[Element], page: Page | None = None) -> str:
    """Links written out, tables in columns, and no signs of Markdown; ended by a line feed. On this page."""
    read: list[str | Token] = []
    for element in _with_tables(list(found)):
        read += _read(element)
    return text_of(read, page)


def _read(element: Element) -> Iterator[str | Token]:
    if isinstance(element, Raw):
        yield from tokens(as_html(element))
    elif isinstance(element, str):
        for piece in among_values(element):
            if piece and has_html(piece):
                yield from tokens(as_html(piece))
            elif piece:
                yield as_typed(piece)
    else:
        name, is_end, attributes = element
        yield name, is_end, as_html(attributes)


def _with_tables(found: list[Element]) -> Iterator[Element]:
    """The elements, the tables in them as lines of columns where they fit."""
    at = 0
    while at < len(found):
        element = found[at]
        if element == ("table", False, ""):
            end = found.index(("table", True, ""), at)
            rows, sides = _rows(found[at:end])
            lines = _in_columns(rows, sides)
            if max(map(width, lines), default=0) <= _WIDEST:
                yield "pre", False, ""
                yield "\n".join(lines)
                yield "pre", True, ""
                at = end + 1
                continue
        yield element
        at += 1


def _rows(table: Sequence[Element]) -> tuple[list[list[str]], list[str]]:
    """The cells of each row, the first being that of headings, and on which side each column stands."""
    rows: list[list[str]] = []
    sides: list[str] = []
    begun = 0
    for at, element in enumerate(table):
        if not isinstance(element, tuple):
            continue
        name, is_end, attributes = element
        if name == "tr" and not is_end:
            rows.append([])
        elif name in ("td", "th") and not is_end:
            begun = at + 1
            if name == "th":
                sides.append(attributes_of(attributes).get("style", "").rpartition(":")[2])
        elif name in ("td", "th"):
            inner = [one for element in table[begun:at] for one in _read(element)]
            rows[-1].append(" ".join(text_of(inner).split()))
    return rows, sides


def _in_columns(rows: Sequence[Sequence[str]], sides: Sequence[str]) -> list[str]:
    widths = [max(width(row[at]) for row in rows if at < len(row)) for at in range(len(sides))]
    lines = [_line(row, widths, sides) for row in rows]
    if any(rows[0]):
        lines.insert(1, _BETWEEN.join("-" * columns for columns in widths))
    else:
        del lines[0]
    return lines


def _line(row: Sequence[str], widths: Sequence[int], sides: Sequence[str]) -> str:
    cells = []
    for cell, columns, side in zip(row, widths, sides, strict=False):
        room = columns - width(cell)
        before = room if side == "right" else room // 2 if side == "center" else 0
        cells.append(" " * before + cell + " " * (room - before))
    return _BETWEEN.join(cells).rstrip()
