"""Columns on a terminal: how wide a text is there, and how to cut and pad it."""

from __future__ import annotations

import unicodedata


def width(text: str) -> int:
    """Terminal columns that `text` takes: East Asian wide characters two, combining ones none."""
    return sum(_width(character) for character in text)


def padded(text: str, columns: int) -> str:
    """`text` with spaces behind it to fill `columns`."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """`text`, or what of it fits into `columns` with an ellipsis behind."""
    if width(text) <= columns:
        return text
    taken = 0
    for place, character in enumerate(text):
        taken += _width(character)
        if taken > columns - 1:
            return text[:place] + "…"
    return text


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):  # marks, also of class 0, and joiners
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
