"""What a file is, told by its first bytes, and whether a mail program would show it.

A name tells nothing: programs go by the media type, and web mail by the bytes, and a file that is none of
these must not leave, whatever a cell calls it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

HEAD = 1024  # bytes of a file that tell what it is

SVG = "image/svg+xml"
SHOWN = "PNG, JPEG or GIF"  # which every program shows
# Shown by most programs, and not by Outlook for Windows (caniemail.com: image-webp, image-avif).
NOT_BY_ALL = frozenset({"image/webp", "image/avif"})

# A name of the type for people, its first bytes, the endings of such files.
_TYPES: dict[str, tuple[str, Callable[[bytes], object], frozenset[str]]] = {
    "image/png": ("a PNG", re.compile(rb"\x89PNG\r\n\x1a\n").match, frozenset({"png", "apng"})),
    "image/jpeg": (
        "a JPEG",
        re.compile(rb"\xff\xd8\xff").match,
        frozenset({"jpg", "jpeg", "jpe", "jfif"}),
    ),
    "image/gif": ("a GIF", re.compile(rb"GIF8[79]a").match, frozenset({"gif"})),
    "image/webp": ("a WebP", re.compile(rb"RIFF....WEBP", re.DOTALL).match, frozenset({"webp"})),
    "image/avif": (
        "an AVIF",
        re.compile(rb"....ftypavi[fs]", re.DOTALL).match,
        frozenset({"avif"}),
    ),
    "image/bmp": ("a BMP", re.compile(rb"BM.{4}\0{4}", re.DOTALL).match, frozenset({"bmp", "dib"})),
}
_SVG = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!doctype\s+svg|<svg\b)", re.IGNORECASE)
_SVG_TAG = re.compile(rb"<(?:\w+:)?svg\b", re.IGNORECASE)
# Others that people have, named so that one knows what to do.
_OTHERS: tuple[tuple[str, Callable[[bytes], object]], ...] = (
    ("a TIFF", re.compile(rb"II\*\0|MM\0\*").match),
    ("a HEIC", re.compile(rb"....ftyp(?:hei[cx]|mif1|msf1)", re.DOTALL).match),
    ("an icon (ICO)", re.compile(rb"\0\0\x01\0").match),
    ("a PDF", re.compile(rb"%PDF-").match),
    ("a font", re.compile(rb"wOF[F2]|OTTO|\0\x01\0\0\0|true").match),
    ("a video", re.compile(rb"....ftyp|\x1a\x45\xdf\xa3", re.DOTALL).match),
    (
        "a pointer of Git LFS (git lfs pull brings the picture)",
        re.compile(rb"version https://git-lfs").match,
    ),
)


def media_type_of(head: bytes) -> str | None:
    """The media type of a picture that mail programs show, or SVG; None for anything else."""
    for media_type, (_, is_it, _) in _TYPES.items():
        if is_it(head):
            return media_type
    return SVG if _is_svg(head) else None


def _is_svg(head: bytes) -> bool:
    return _SVG.match(head) is not None and _SVG_TAG.search(head) is not None


def unfit(head: bytes) -> str | None:
    """Why a file with this beginning is not sent as a picture, if so."""
    if not head:
        return "is empty"
    found = media_type_of(head)
    if found == SVG:
        return "is an SVG, which neither Gmail nor Outlook shows: export it as PNG"
    if found is not None:
        return None
    named = next((name for name, is_it in _OTHERS if is_it(head)), None)
    what = f"is {named}, and" if named else "is no picture: it"
    return f"{what} cannot be shown in a mail; {SHOWN} can"


def named_otherwise(name: str, media_type: str) -> str | None:
    """What a picture is whose name says that it is something else: "a JPEG"."""
    what, _, endings = _TYPES[media_type]
    _, dot, ending = name.rpartition(".")
    return what if dot and ending.lower() not in endings else None


def with_ending(name: str, media_type: str) -> str:
    """A name whose ending says what it is."""
    if "." in name and named_otherwise(name, media_type) is None:
        return name
    return f"{name}.{media_type.removeprefix('image/').replace('jpeg', 'jpg')}"
