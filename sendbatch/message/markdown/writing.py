"""Markdown written as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sendbatch.message.markdown.carried import as_html
from sendbatch.message.markdown.elements import Element, Raw


def html_of(found: Sequence[Element]) -> str:
    """The elements as HTML, the values in them as text."""
    return as_html("".join(map(_written, found)))


def _written(element: Element) -> str:
    if isinstance(element, Raw):
        return element
    if isinstance(element, str):
        return escape(element, quote=False)
    name, is_end, attributes = element
    return f"</{name}>" if is_end else f"<{name}{attributes}>"
