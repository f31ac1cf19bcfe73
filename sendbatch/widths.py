"""How wide a text stands: the columns it takes in a terminal or a plain mail, and how to cut and pad it."""

from __future__ import annotations

import bisect
import re

# Each of these takes one column; most texts have no others.
_NARROW = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0590\u2010-\u2027\u20a0-\u20bf]*+"
)

# wcwidth takes any two characters with a joiner between for one sign; only emoji become one.
_EMOJI = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINS_NOTHING = re.compile(f"(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])")


def is_narrow(text: str) -> bool:
    """Whether each character surely takes one column."""
    return text.isascii() or _NARROW.fullmatch(text) is not None


def width(text: str) -> int:
    """Columns that `text`, one line, takes: two for an East Asian sign, none for a mark."""
    if is_narrow(text):
        return len(text)
    import wcwidth  # takes 20 ms, and most texts need none of it

    found: int = wcwidth.wcswidth(_JOINS_NOTHING.sub("", text))
    return len(text) if found < 0 else found  # below 0: control characters


def padded(text: str, columns: int) -> str:
    """`text` with spaces behind it to fill `columns`."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """`text`, or what of it fits into `columns` with an ellipsis behind."""
    if width(text) <= columns:
        return text
    fitting = bisect.bisect_right(
        range(len(text)), columns - 1, key=lambda end: width(text[: end + 1])
    )
    return text[:fitting] + "…"
