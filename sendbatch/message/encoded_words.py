"""Encoded words (RFC 2047): text outside of ASCII, as headers can carry it."""

from __future__ import annotations

from binascii import b2a_base64

_LONGEST = 75  # characters of one word (§2)
_CHARSET = len("=?utf-8?q??=")
# §5 (3): what may stand unencoded in a phrase; safe everywhere else too.
_Q = [
    chr(b) if (chr(b).isalnum() and b < 128) or chr(b) in "!*+-/" else f"={b:02X}"
    for b in range(256)
]
_Q[0x20] = "_"


def encoded_words(text: str, used: int = 0) -> list[str]:
    """RFC 2047 encoded words that together say `text`; the first leaves `used` characters of room.

    No word splits a character. The shorter of Q and B is taken for the whole of it.
    """
    data = text.encode("utf-8")
    quoted = "".join(map(_Q.__getitem__, data))
    as_q = len(quoted) <= -(-len(data) // 3) * 4
    room = max(_LONGEST - used, 24) - _CHARSET
    if as_q and len(quoted) <= room:
        return [f"=?utf-8?q?{quoted}?="]
    words: list[str] = []
    chunk, length = b"", 0
    for char in text:
        piece = char.encode("utf-8")
        size = sum(len(_Q[b]) for b in piece) if as_q else len(piece)
        if chunk and length + size > (room if as_q else room // 4 * 3):
            words.append(_word(chunk, as_q))
            chunk, length, room = b"", 0, _LONGEST - _CHARSET
        chunk, length = chunk + piece, length + size
    words.append(_word(chunk, as_q))
    return words


def _word(chunk: bytes, as_q: bool) -> str:
    if as_q:
        return f"=?utf-8?q?{''.join(map(_Q.__getitem__, chunk))}?="
    return f"=?utf-8?b?{b2a_base64(chunk, newline=False).decode()}?="
