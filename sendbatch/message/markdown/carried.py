"""Values on their way through Markdown, which is to see nothing in them but a word.

Each character of a value that Markdown, or HTML, could take for more is exchanged for a private one of plane
16, and the whole is put between two others: for Markdown these are letters. So an empty value, a number
before a full stop and a quotation mark beside an asterisk are words as well. Behind Markdown `as_html` and
`as_typed` exchange them back. They are one for one, so filters may work on a text that has them.
"""

from __future__ import annotations

import re
from typing import Any, SupportsIndex

from markupsafe import Markup

BEGIN, END = "\U0010fff0", "\U0010fff1"
_TEXT, _HTML = 0x10FE00, 0x10FD00  # + the character's number: one of a text, one of HTML
_OWN = re.compile("[\U0010fd00-\U0010fd7f\U0010fe00-\U0010fe7f\U0010fff0\U0010fff1]")
# What stays: no more than letters and digits, and all that is not ASCII.
_EXCHANGED = [code for code in range(128) if not chr(code).isalnum()]
_AS_TEXT = {code: _TEXT + code for code in _EXCHANGED}
_AS_HTML = {code: _HTML + code for code in _EXCHANGED}
_IN_HTML = {BEGIN: "", END: ""}
_IN_HTML |= {chr(_TEXT + code): str(Markup.escape(chr(code))) for code in _EXCHANGED}
_IN_HTML |= {chr(_HTML + code): chr(code) for code in _EXCHANGED}
_IN_TEXT = _IN_HTML | {chr(_TEXT + code): chr(code) for code in _EXCHANGED}
_VALUE = re.compile(rf"{BEGIN}((?:[a-zA-Z0-9]|[^\x00-\x7f{BEGIN}{END}])*){END}")
_AMONG = re.compile(f"({BEGIN}[^{BEGIN}{END}]*{END})")
_HTML_OF_CELL = re.compile("[\U0010fd00-\U0010fd7f\U0010fff0\U0010fff1]")
has_html = re.compile("[\U0010fd00-\U0010fd7f]").search


class Source(Markup):
    """Markdown as its author wrote it. Whatever is joined to it and is not, is a value."""

    __slots__ = ()

    @classmethod
    def escape(cls, s: Any, /) -> Source:
        return carried(s)

    # A block that was kept is compared by what it says.

    def __eq__(self, other: object) -> bool:
        return as_typed(self) == (as_typed(other) if isinstance(other, str) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(as_typed(self))

    def __mul__(self, value: SupportsIndex, /) -> Source:
        return Source(super().__mul__(value))


def carried(value: Any) -> Source:
    """A value so that Markdown takes it for a word. HTML that a filter made stays HTML; a number that was
    computed is the author's: cells are text."""
    if isinstance(value, Source):
        return value
    if type(value) is int:
        return Source(value)
    if hasattr(value, "__html__"):
        html = _HTML_OF_CELL.sub(_shown, str(value.__html__()))
        return Source(f"{BEGIN}{html.translate(_AS_HTML)}{END}")
    return Source(f"{BEGIN}{as_typed(str(value)).translate(_AS_TEXT)}{END}")


def without_html(markdown: str) -> Source:
    """Markdown in which no sign begins a tag."""
    return Source(as_typed(markdown).replace("<", chr(_TEXT + ord("<"))))


def _shown(found: re.Match[str]) -> str:
    """In the HTML of a filter, the text that a cell's own private character stands for."""
    code = ord(found[0]) - _HTML
    return chr(_TEXT + code) if 0 <= code < 128 else ""


def as_html(text: str) -> str:
    """HTML that has such characters, with those they stand for, escaped."""
    return text if text.isascii() else _OWN.sub(lambda found: _IN_HTML.get(found[0], ""), text)


def as_typed(text: str) -> str:
    """Text that has such characters, with those they stand for. A cell that has some itself says the same as
    one that has those."""
    text = str(text)
    return text if text.isascii() else _OWN.sub(lambda found: _IN_TEXT.get(found[0], ""), text)


def html_of_value(text: str) -> str | None:
    """The HTML of one value and nothing else; None where there is more, or less."""
    found = _VALUE.fullmatch(text)
    return None if found is None else as_html(found[1])


def among_values(text: str) -> list[str]:
    """Text and values, in turn; the first is text."""
    return _AMONG.split(text)
