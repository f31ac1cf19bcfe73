"""Tables that only lay a mail out, told from those that hold data.

Mail is laid out in tables; turned into text as tables, a letter would become one cell of it. They
become plain blocks here, before the HTML is made text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# A quote that is never closed goes on to the end, as for a browser. Whatever begins like a tag is a match, so
# that nothing is looked at twice; what has no `>` is none.
_ATTRIBUTES = r"(?:[^<>\"']++|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))*+"
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(
    rf"<(/?)(table|thead|tbody|tfoot|tr|td|th|p|div|h[1-6]|ul|ol|center)\b({_ATTRIBUTES})(>?)",
    re.IGNORECASE,
)
_CELLS = frozenset(("td", "th"))
_PARTS = frozenset(("table", "thead", "tbody", "tfoot", "tr", "td", "th"))
_PRESENTATION = re.compile(r"\brole\s*=\s*[\"']?(?:presentation|none)\b", re.IGNORECASE)


@dataclass
class _Table:
    layout: bool
    has_headings: bool = False
    cells: int = 0
    rows: int = 0
    tags: list[re.Match[str]] = field(default_factory=list)

    @property
    def is_layout(self) -> bool:
        """Data has headings, or rows of several cells with nothing but text in them."""
        return self.layout or not (self.has_headings or self.cells > self.rows > 0)


def without_layout_tables(html: str) -> str:
    """`html` without comments, and with every table that only lays out turned into `div`s."""
    html = _COMMENT.sub("", html)
    if "<table" not in html.lower():
        return html
    loose = {match.start(): match for match in _layout_tags(html)}
    if not loose:
        return html
    pieces, end = [], 0
    for start, match in sorted(loose.items()):
        # A cell keeps its attributes: it may be hidden.
        pieces += [html[end:start], f"<{match[1]}div{'' if match[1] else match[3]}>"]
        end = match.end()
    return "".join([*pieces, html[end:]])


def _layout_tags(html: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    open_tables: list[_Table] = []
    for match in _TAG.finditer(html):
        if not match[4]:
            continue
        closing, name = bool(match[1]), match[2].lower()
        if name == "table" and not closing:
            if open_tables:
                open_tables[-1].layout = True  # a table in a cell: the outer one lays out
            open_tables.append(_Table(bool(_PRESENTATION.search(match[3]))))
        if not open_tables:
            continue
        _note(open_tables[-1], match, closing, name)
        if name == "table" and closing:
            table = open_tables.pop()
            found += table.tags if table.is_layout else []
    return found + [tag for table in open_tables if table.is_layout for tag in table.tags]


def _note(table: _Table, match: re.Match[str], closing: bool, name: str) -> None:
    if name in _PARTS:
        table.tags.append(match)
    elif not closing:
        table.layout = table.layout or not table.has_headings
    if not closing:
        table.has_headings |= name == "th"
        table.rows += name == "tr"
        table.cells += name in _CELLS
