"""The text part of a message whose author wrote only HTML, as a person would have typed it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import html_to_markdown

from sendbatch.message.layout import without_layout_tables
from sendbatch.message.templates import Failed

_WIDEST_RULE = 60
_CUSTOM = dict[str, str]
_BLANKS = " \t\u00a0"
# The rule that Markdown asks for below a table's first row, and its escapes at a line's start.
_RULES = re.compile(r"^[ >]*\|(?: ?:?-+:? ?\|)+ *\n", re.MULTILINE)
_ESCAPED = re.compile(r"^([ >]*[0-9]{0,9})\\(?=[-+#.)>])", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")


class _Plain:
    """What the converter asks of us for each element that Markdown has signs for."""

    def visit_link(self, _ctx: object, href: str, text: str, _title: str) -> _CUSTOM:
        text, href = " ".join(text.split()), href.strip()
        bare = href.removeprefix("mailto:").removeprefix("tel:")
        if not href or href.startswith(("#", "javascript:", "data:")) or text in (href, bare):
            return _custom(text)
        return _custom(f"{text} ({bare})" if text else f"<{bare}>")

    def visit_heading(self, _ctx: object, level: int, text: str, _id: str) -> _CUSTOM:
        text = " ".join(text.split())
        if level > 2 or not text:
            return _custom(f"\n\n{text}\n\n")
        rule = ("=" if level == 1 else "-") * min(_columns(text), _WIDEST_RULE)
        return _custom(f"\n\n{text}\n{rule}\n\n")

    def visit_strong(self, _ctx: object, text: str) -> _CUSTOM:
        return _custom(text)

    visit_emphasis = visit_strikethrough = visit_underline = visit_mark = visit_strong

    def visit_code_inline(self, _ctx: object, code: str) -> _CUSTOM:
        return _custom(code)

    def visit_code_block(self, _ctx: object, _lang: str, code: str) -> _CUSTOM:
        lines = code.strip("\n").split("\n")
        return _custom("\n\n" + "\n".join(f"    {line}" for line in lines) + "\n\n")

    def visit_table_row(self, _ctx: object, cells: list[str], _is_header: bool) -> _CUSTOM:
        return _custom(
            " | ".join(" ".join(cell.replace("\\|", "|").split()) for cell in cells) + "\n"
        )

    def visit_image(self, _ctx: object, _src: str, alt: str, _title: str) -> _CUSTOM:
        return _custom(alt)


def _custom(output: str) -> _CUSTOM:
    return {"type": "custom", "output": output}


_OPTIONS = html_to_markdown.ConversionOptions(
    extract_metadata=False, autolinks=False, bullets="*", compact_tables=True
)
_PLAIN: Any = _Plain()  # the converter takes any object that has some of its methods


def text_from_html(html: str) -> str:
    """Readable text: links as `text (address)`, lists and headings kept, nothing that is hidden.

    Raises Failed where the HTML cannot be taken apart or has no text in it.
    """
    try:
        result = html_to_markdown.convert(without_layout_tables(html), _OPTIONS, _PLAIN)
    except html_to_markdown.ConversionError as error:
        raise Failed(f"no text can be made from the HTML: {error}") from None
    text = _ESCAPED.sub(r"\1", _RULES.sub("", result.content or ""))
    # By hand: a pattern for blanks before a line's end tries anew at each blank of a run that ends none.
    text = "\n".join([line.rstrip(_BLANKS) for line in text.split("\n")])
    return _GAPS.sub("\n\n", text).strip("\n") + "\n"


def _columns(text: str) -> int:
    """How wide text stands in a terminal's letters; East Asian ones take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
