"""The pictures that a Markdown source shows: `![…](…)`, those by a label, and those of its HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pyromark

from sendbatch.message.markdown.elements import OPTIONS
from sendbatch.message.pictures.finding import Reference, kind_of, references
from sendbatch.message.source import blank

# CommonMark §4.7 and §6.3: where an address stands behind a text or a label.
_ADDRESS = re.compile(r"\](?:\(|:)\s*(?:<((?:\\.|[^<>\n\\])*)>|((?:\\.|[^\s\\])+?)(?=[\s)]*(?:[\s)]|\Z)))")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def shown(hidden: str) -> Iterator[Reference]:
    """As `references` are of HTML: of a source whose tags are hidden."""
    data = hidden.encode()
    found = [*_images(hidden, data), *_in_html(hidden, data)]
    yield from sorted(found, key=lambda one: one.start)


def _images(hidden: str, data: bytes) -> Iterator[Reference]:
    definitions = pyromark.reference_definitions(hidden, options=OPTIONS)
    spans = {label.lower(): one["span"] for label, one in definitions.items()}
    found: dict[int, Reference] = {}
    for event, where in pyromark.events_with_range(hidden, options=OPTIONS):
        image: Any = event.get("Start") if isinstance(event, dict) else None
        if not isinstance(image, dict) or "Image" not in image:
            continue
        image = image["Image"]
        span = where if image["link_type"] == "Inline" else spans.get(image["id"].lower())
        if span is None:
            continue
        begin, end = (len(data[: span[edge]].decode()) for edge in ("start", "end"))
        for written in _ADDRESS.finditer(hidden, begin, end):
            group = 1 if written[1] is not None else 2
            if html.unescape(_ESCAPE.sub(r"\1", written[group])) == image["dest_url"]:
                url, kind = written[group], kind_of(written[group])
                if kind is not None:
                    start = written.start(group)
                    found[start] = Reference(url, start, kind, of_css=False, is_bare=True)
                break
    yield from found.values()


def _in_html(hidden: str, data: bytes) -> Iterator[Reference]:
    """Of what stands as HTML in it: what is code is none."""
    pieces, at = [], 0
    for event, where in pyromark.events_with_range(hidden, options=OPTIONS):
        if isinstance(event, dict) and not {"Html", "InlineHtml"}.isdisjoint(event):
            start, end = where["start"], where["end"]
            pieces += [blank(data[at:start].decode()), data[start:end].decode()]
            at = end
    return references("".join([*pieces, blank(data[at:].decode())])) if pieces else iter(())
