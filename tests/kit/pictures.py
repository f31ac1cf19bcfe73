"""Pictures as they are on a disk: small, and such that a browser shows them."""

from __future__ import annotations

import struct
import zlib

# The smallest that programs show; of a GIF there is but one size.
GIF = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9"
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def png(width: int = 8, height: int = 8, shade: int = 0) -> bytes:
    """A grey PNG of so many pixels."""
    rows = (b"\0" + bytes([shade]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def jpeg(width: int) -> bytes:
    """The beginning of a JPEG of so many pixels: what says how wide it is stands behind a text that ends as
    one does."""
    comment = b"\xff\xfe" + struct.pack(">H", 8) + b"\xff\xc0\0\x11\x08\0"
    frame = b"\xff\xff\xc2" + struct.pack(">HBHHB", 11, 8, 20, width, 1) + b"\1\x11\0"
    return JPEG.removesuffix(b"\xff\xd9") + comment + frame + b"\xff\xd9"


def gif(width: int) -> bytes:
    """The GIF with another width."""
    return GIF[:6] + struct.pack("<H", width) + GIF[8:]


def webps(width: int) -> list[bytes]:
    """The beginnings of the three kinds of WebP."""
    extended = b"VP8X" + struct.pack("<II", 10, 0) + struct.pack("<I", width - 1)[:3] + b"\7\0\0"
    lossless = b"VP8L" + struct.pack("<I", 9) + b"\x2f" + struct.pack("<I", (7 << 14) | (width - 1))
    lossy = b"VP8 " + struct.pack("<I", 20) + b"\0\0\0\x9d\1\x2a" + struct.pack("<HH", width, 8)
    return [b"RIFF\x30\0\0\0WEBP" + one + bytes(8) for one in (extended, lossless, lossy)]
