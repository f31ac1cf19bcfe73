"""Pictures for a letter: real PNGs of a size that is asked for, the same bytes for the same size."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator

WIDTH = 600  # pixels
_STRIP = 4  # rows that are added at once


def png(size: int) -> bytes:
    """A picture of at least so many bytes, and at most some two thousand more: a gradient with grain, as
    a photograph has it, and as many rows as it takes. True colour, 8 bits each (W3C PNG §11.2)."""
    rows, packed, height = b"", b"", 0
    for row in _rows(random.Random(size)):
        rows, height = rows + row, height + 1
        if height % _STRIP == 0 and len(packed := zlib.compress(rows)) >= size:
            break
    header = struct.pack(">IIBBBBB", WIDTH, height, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", packed), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _rows(grain: random.Random) -> Iterator[bytes]:
    """Rows without end, each behind the byte that says it is not filtered."""
    down = 0
    while True:
        noise = grain.getrandbits(WIDTH)
        light = ((noise >> x & 1) for x in range(WIDTH))
        pixels = (
            (x // 4 + bit, 120 + down // 8 % 100, 200 - x // 5) for x, bit in enumerate(light)
        )
        yield b"\0" + b"".join(map(bytes, pixels))
        down += 1


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
