"""The features that tags ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sendbatch.message.markup import Tag

_BY_NAME = {
    "svg": "html-svg",
    "form": "html-form",
    "textarea": "html-textarea",
    "select": "html-select",
    "button": "html-button-submit",
    "dialog": "html-dialog",
    "embed": "html-object",
    "meter": "html-meter",
    "progress": "html-progress",
    "marquee": "html-marquee",
    "ruby": "html-ruby",
    "map": "html-image-maps",
}
_BY_ENDING = {
    "svg": "image-svg",
    "webp": "image-webp",
    "avif": "image-avif",
    "heic": "image-heif",
    "heif": "image-heif",
    "tif": "image-tiff",
    "tiff": "image-tiff",
}
# On a web server: files are looked at themselves (`checks.pictures`).
_ENDING = re.compile(r"(?:https?:)?//[^?#]*\.(\w+)(?:[?#]|\Z)", re.IGNORECASE)
# By which programs on a screen are chosen from: these are often there beside another program's.
_CHOSEN = frozenset({"checkbox", "radio", "hidden"})
_HIDDEN = re.compile(r"\bdisplay\s*:\s*none\b", re.IGNORECASE)
# What stands in one of these is shown where it is not played.
_PLAYED = re.compile(
    r"<(?P<name>video|audio|object)\b[^>]*+>?(?P<inner>.*?)(?:</(?P=name)\b|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"<[^>]*+>?")


def asked_by_tag(tag: Tag) -> Iterator[str]:
    """The ids of features; those of its style are found elsewhere."""
    attributes = tag.attributes
    if (feature := _BY_NAME.get(tag.name)) is not None:
        yield feature
    if tag.name == "input" and attributes.get("type", "").lower() not in _CHOSEN:
        yield "html-input-text"
    elif tag.name == "img":
        found = _ENDING.match(attributes.get("src", "").strip())
        if found is not None and (feature := _BY_ENDING.get(found[1].lower())) is not None:
            yield feature
    elif tag.name == "a" and len(href := attributes.get("href", "").strip()) > 1 and href[0] == "#":
        yield "html-anchor-links"
    if not _HIDDEN.search(attributes.get("style", "")):
        yield from (f"html-{name}" for name in ("hidden", "popover") if name in attributes)
    if attributes.get("background") and not _has_colour(tag):
        yield "html-background"


def _has_colour(tag: Tag) -> bool:
    return "bgcolor" in tag.attributes or "background" in tag.attributes.get("style", "").lower()


def asked_within(html: str) -> Iterator[tuple[str, int]]:
    """(id, where) of what is played, and nothing stands within it for who cannot play it."""
    for found in _PLAYED.finditer(html):
        inner = found["inner"]
        if "<img" not in inner.lower() and not _TAG.sub("", inner).strip():
            yield f"html-{found['name'].lower()}", found.start()
