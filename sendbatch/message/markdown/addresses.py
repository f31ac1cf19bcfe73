"""The addresses that a Markdown source names, where they stand: of links and of pictures, written out or by a
label, and its HTML; and what of it is code."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pyromark

from sendbatch.message.markdown.elements import OPTIONS
from sendbatch.message.pictures.finding import Reference, kind_of, references
from sendbatch.message.source import blank

# CommonMark §4.7 and §6.3: where an address stands behind a text or a label.
_ADDRESS = re.compile(r"\](?:\(|:)\s*(?:<((?:\\.|[^<>\n\\])*)>|((?:\\.|[^\s\\])+?)(?=[\s)]*(?:[\s)]|\Z)))")
_BLOCK = 1024  # bytes that are counted in one go
_CONTINUED = bytes(range(0x80, 0xC0))  # those of a character behind its first
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def shown(hidden: str) -> Iterator[Reference]:
    """As `references` are of HTML: of a source whose tags are hidden."""
    found = [*_images(hidden), *references(html_within(hidden))]
    yield from sorted(found, key=lambda one: one.start)


def addresses(hidden: str, of: str) -> dict[int, str]:
    """Those of each "Image" or "Link" as they are written, by the place where they begin: that of the link
    itself where it has none."""
    letters_before = letters(hidden.encode())
    definitions = pyromark.reference_definitions(hidden, options=OPTIONS)
    spans = {label.lower(): one["span"] for label, one in definitions.items()}
    found: dict[int, str] = {}
    for event, where in pyromark.events_with_range(hidden, options=OPTIONS):
        begun: Any = event.get("Start") if isinstance(event, dict) else None
        if not isinstance(begun, dict) or of not in begun:
            continue
        one = begun[of]
        span = where if one["link_type"] == "Inline" else spans.get(one["id"].lower())
        if span is None:
            continue
        begin, end = letters_before(span["start"]), letters_before(span["end"])
        if not one["dest_url"]:
            found[begin] = ""
            continue
        for written in _ADDRESS.finditer(hidden, begin, end):
            group = 1 if written[1] is not None else 2
            if html.unescape(_ESCAPE.sub(r"\1", written[group])) == one["dest_url"]:
                found[written.start(group)] = written[group]
                break
    return found


def letters(data: bytes) -> Callable[[int], int]:
    """What tells how many characters stand before a byte of UTF-8, wherever that is, in the same time."""
    until = [0]
    for start in range(0, len(data), _BLOCK):
        until.append(until[-1] + len(data[start : start + _BLOCK].translate(None, _CONTINUED)))

    def before(byte: int) -> int:
        start = byte - byte % _BLOCK
        return until[byte // _BLOCK] + len(data[start:byte].translate(None, _CONTINUED))

    return before


def html_within(hidden: str) -> str:
    """What stands as HTML in it, where it stands, and blanks for all else: what is code is none."""
    data = hidden.encode()
    pieces, at = [], 0
    for event, where in pyromark.events_with_range(hidden, options=OPTIONS):
        if isinstance(event, dict) and not {"Html", "InlineHtml"}.isdisjoint(event):
            start, end = where["start"], where["end"]
            pieces += [blank(data[at:start].decode()), data[start:end].decode()]
            at = end
    return "".join([*pieces, blank(data[at:].decode())]) if pieces else ""


def without_code(hidden: str) -> str:
    """The source with blanks for what is code in it: between backticks, in fences, indented."""
    data = hidden.encode()
    pieces, at = [], 0
    for event, where in pyromark.events_with_range(hidden, options=OPTIONS):
        begun: Any = event.get("Start", event) if isinstance(event, dict) else None
        if isinstance(begun, dict) and not {"Code", "CodeBlock"}.isdisjoint(begun):
            start, end = where["start"], where["end"]
            pieces += [data[at:start].decode(), blank(data[start:end].decode())]
            at = end
    return "".join([*pieces, data[at:].decode()])


def _images(hidden: str) -> Iterator[Reference]:
    for start, url in addresses(hidden, "Image").items():
        if (kind := kind_of(url)) is not None:
            yield Reference(url, start, kind, of_css=False, is_bare=True)
