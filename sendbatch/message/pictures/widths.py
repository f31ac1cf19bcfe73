"""How wide a picture is, as its file says."""

from __future__ import annotations

import struct
from collections.abc import Iterator

# The marks that begin a frame's header: all SOFs but those that are none (ITU-T T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def width_of(data: bytes) -> int | None:
    """In pixels, of a PNG, GIF, JPEG or WebP; None of any other, and of one that is cut off before."""
    try:
        return next(_widths(data), None)
    except struct.error:
        return None


def held_to(widest: int | None, data: bytes) -> int | None:
    """`widest` where a picture is wider."""
    return widest if widest is not None and (width_of(data) or 0) > widest else None


def _widths(data: bytes) -> Iterator[int]:
    if data.startswith(b"\x89PNG"):
        yield from struct.unpack_from(">I", data, 16)
    elif data.startswith(b"GIF8"):
        yield from struct.unpack_from("<H", data, 6)
    elif data.startswith(b"\xff\xd8"):
        yield from _of_jpeg(data)
    elif data[8:16] == b"WEBPVP8X":  # https://developers.google.com/speed/webp/docs/riff_container
        yield (struct.unpack_from("<I", data, 24)[0] & 0xFFFFFF) + 1
    elif data[8:16] == b"WEBPVP8L":
        yield (struct.unpack_from("<I", data, 21)[0] & 0x3FFF) + 1
    elif data[8:16] == b"WEBPVP8 ":
        yield struct.unpack_from("<H", data, 26)[0] & 0x3FFF


def _of_jpeg(data: bytes) -> Iterator[int]:
    """It stands in the frame's header, behind segments of which each says how long it is."""
    at = 2
    while True:
        begun, mark, length = struct.unpack_from(">BBH", data, at)
        if begun != 0xFF:
            return
        if mark == 0xFF:  # filled up (T.81, B.1.1.2)
            at += 1
        elif mark in _FRAMES:
            yield from struct.unpack_from(">H", data, at + 7)
            return
        else:
            at += 2 + length
