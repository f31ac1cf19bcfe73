"""The form of a message that a signature is over: "relaxed" of headers and body (RFC 6376 §3.4).

Runs of blanks count as one, and those at a line's end not at all. Most messages have no such run, and to look
for two blanks costs a tenth of what a regular expression does. Lines end with CRLF, as all that is composed
here does.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple


class Field(NamedTuple):
    """One header: its name in lower case, and its canonical form without the line's end."""

    name: str
    line: bytes


def fields(head: bytes) -> list[Field]:
    """The headers of a message, in their order; `head` is without the empty line behind them
    (RFC 6376 §3.4.2)."""
    if b"\r\n " in head or b"\r\n\t" in head:
        head = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    found = []
    for line in _single_spaced(head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        name = name.rstrip().lower()
        found.append(Field(name.decode("ascii"), b"%b:%b" % (name, value.strip(b" "))))
    return found


def body_hash(body: bytes) -> bytes:
    """SHA-256 of a body (RFC 6376 §3.4.4): without what is empty at its end."""
    body = _single_spaced(body)
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    if body.endswith(b"\r\n\r\n") or body == b"\r\n":
        body = body.rstrip(b"\r\n")
        body = body + b"\r\n" if body else b""
    return sha256(body).digest()


def signed_fields(found: Sequence[Field], names: Sequence[str]) -> list[bytes]:
    """The lines that a signature over headers of these `names` is over: the last of a name first, and nothing
    for a name that is there less often (RFC 6376 §5.4.2)."""
    by_name: dict[str, list[bytes]] = {}
    for field in found:
        by_name.setdefault(field.name, []).append(field.line)
    lines = []
    for name in names:
        if left := by_name.get(name):
            lines.append(left.pop())
    return lines


def _single_spaced(text: bytes) -> bytes:
    """Each run of blanks and tabs as one blank: halved until there is none."""
    if b"\t" in text:
        text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text
