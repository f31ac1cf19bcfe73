"""Markdown out of a cell or a variable: `{{ bio|markdown }}` in HTML.

Whoever fills in cells is not the author: raw HTML in them is text, a link leads to a place and runs nothing,
a picture is one on the web. CommonMark with tables and strikethrough, and addresses that stand as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jinja2
import pyromark
from markupsafe import Markup

LONGEST = 100_000  # characters
OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH
_MOST_READINGS = 20
_SHOWN = 60
_PLACE = re.compile(r"(?:https?://|mailto:|tel:)[^\s]", re.IGNORECASE)
_ON_THE_WEB = re.compile(r"https?://[^\s]", re.IGNORECASE)
_BARE = re.compile(r"(?<![^\s(*_~])https?://[^\s<>\"'\\]+", re.IGNORECASE)
_BEHIND = ".,:;!?*_~)"  # ends a sentence, not an address
_ENTITY = re.compile(r"&#?\w+;")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>", re.IGNORECASE)


class NoMarkdown(jinja2.TemplateRuntimeError):
    """Markdown that is not taken out of a cell, or where none can stand."""


def markdown_html(value: Any) -> Markup:
    """Markdown as HTML that is safe in a message. Raises NoMarkdown."""
    source = _with_links(harmless(value))
    return Markup(pyromark.html(source, options=OPTIONS))  # noqa: S704 - raw HTML is text in it


def harmless(value: Any) -> str:
    """The same Markdown with raw HTML as text, its links and pictures looked at. Raises NoMarkdown."""
    if not isinstance(value, str):
        raise NoMarkdown(f"|markdown reads text, and was given a {type(value).__name__}")
    if len(value) > LONGEST:
        raise NoMarkdown(f"|markdown reads {LONGEST:,} characters, and this has {len(value):,}")
    source = _without_html(str(value).encode("utf-8", "replace").decode())
    for event in pyromark.events(source, options=OPTIONS):
        start = event.get("Start") if isinstance(event, dict) else None
        if isinstance(start, dict):
            _look_at(start)
    return source


def without_angles(source: str) -> str:
    """Harmless Markdown, its `<https://…>` as addresses that stand as they are."""
    return _AUTOLINK.sub(r"\1", source)


def _without_html(source: str) -> str:
    """What is written otherwise may be read otherwise: so it is read again until no HTML is left."""
    for _ in range(_MOST_READINGS):
        spans = [
            (where["start"], where["end"])
            for event, where in pyromark.events_with_range(source, options=OPTIONS)
            if isinstance(event, dict) and not {"Html", "InlineHtml"}.isdisjoint(event)
        ]
        if not spans:
            return source
        data, pieces, at = source.encode(), [], 0
        for start, end in spans:
            pieces += [data[at:start], data[start:end].replace(b"<", b"&lt;")]
            at = end
        source = b"".join([*pieces, data[at:]]).decode()
    return source.replace("<", "&lt;")


def _look_at(start: dict[str, Any]) -> None:
    """Raises NoMarkdown for a link that leads nowhere, or runs, and for a picture that is not on the web."""
    link, image = start.get("Link"), start.get("Image")
    if link is not None and link["link_type"] != "Email" and not _PLACE.match(link["dest_url"]):
        said = f"a link leads to {_shown(link['dest_url'])}"
        raise NoMarkdown(f"{said}: in a cell it begins with https://, mailto: or tel:")
    if image is not None and not _ON_THE_WEB.match(image["dest_url"]):
        said = f"a picture is {_shown(image['dest_url'])}"
        raise NoMarkdown(f"{said}: in a cell it is one on the web, https://")


def _with_links(source: str) -> str:
    """With addresses that stand as they are between angles, which makes links of them."""
    data, pieces, at = source.encode(), [], 0
    for start, end in _texts(source):
        text = data[start:end].decode()
        for found in _BARE.finditer(text):
            is_whole = found.end() < len(text) or data[end : end + 1] in (b"", b"\n", b"\r", b"*", b"|")
            if not is_whole or _ENTITY.search(found[0]):
                continue
            bare = found[0].rstrip(_BEHIND)
            if not _PLACE.match(bare):
                continue
            begun = start + len(text[: found.start()].encode())
            pieces += [data[at:begun], b"<", bare.encode(), b">"]
            at = begun + len(bare.encode())
    return b"".join([*pieces, data[at:]]).decode()


def _texts(source: str) -> Iterator[tuple[int, int]]:
    """Where text stands that is none of a link, a picture or code, in bytes; neighbours are one."""
    inside, begun, ended = 0, -1, -1
    for event, where in pyromark.events_with_range(source, options=OPTIONS):
        kind, what = next(iter(event.items())) if isinstance(event, dict) else (event, None)
        if kind in ("Start", "End") and _holds_no_links(what):
            inside += 1 if kind == "Start" else -1
        if kind == "Text" and not inside and where["start"] == ended:
            ended = where["end"]
            continue
        if begun >= 0:
            yield begun, ended
        begun, ended = (where["start"], where["end"]) if kind == "Text" and not inside else (-1, -1)
    if begun >= 0:
        yield begun, ended


def _holds_no_links(what: Any) -> bool:
    names = {what} if isinstance(what, str) else set(what)
    return not names.isdisjoint({"Link", "Image", "CodeBlock"})


def _shown(address: str) -> str:
    text = address if len(address) <= _SHOWN else f"{address[: _SHOWN - 1]}…"
    return repr(text) if text else "nowhere"
