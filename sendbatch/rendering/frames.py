"""What goes through a worker's pipes: frames of bytes, each with its length before it."""

from __future__ import annotations

import struct
from typing import BinaryIO

HEAD = struct.Struct(">cQ")  # one letter for the kind, then the length in bytes

SETUP, CHECK, RENDER, SAMPLE, CHOOSE, LOOK = b"s", b"c", b"r", b"p", b"v", b"l"  # to a worker
# From it: a result, a SendbatchError to be raised, or what it should never have raised.
DONE, REFUSAL, FAULT = b"d", b"f", b"x"


def write_frame(pipe: BinaryIO, kind: bytes, data: bytes) -> None:
    """Raises OSError where the other end is gone."""
    pipe.write(HEAD.pack(kind, len(data)))
    pipe.write(data)
    pipe.flush()


def read_frame(pipe: BinaryIO, most: int | None = None) -> tuple[bytes, bytes] | None:
    """(kind, data), or None at the end of the stream, also in the middle of a frame, and where one is
    longer than `most` bytes."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    kind, length = HEAD.unpack(head)
    if most is not None and length > most:
        return None
    data = pipe.read(length)
    return (kind, data) if len(data) == length else None
