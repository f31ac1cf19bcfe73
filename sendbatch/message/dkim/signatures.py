"""The DKIM-Signature headers of a message (RFC 6376 §3.5), one for each key, in the order declared.

A signature covers what a reader sees and what mail programs act upon, and says of the most important headers
that there is no further one: nobody can add a second Subject to a signed message and send it on
(RFC 6376 §8.15). Ways to unsubscribe are covered wherever they are there (RFC 8058 §4). There is no length
(l=), so that nothing can be added below the body, and no end of its validity.

`t` is when the message is dated, not when it was signed: RSA and Ed25519 have no chance in them, so the same
message made again is the same, byte for byte.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

from sendbatch.message.dkim.canonical import body_hash, fields, signed_fields
from sendbatch.message.dkim.keys import SigningKey, signing
from sendbatch.message.headers import WIDTH

# Signed once more than they are there, which says that there are no more of them.
_SEALED = (
    *("from", "reply-to", "to", "cc", "subject", "date", "message-id", "content-type"),
    "content-transfer-encoding",
)
# So too where they are there: a relay may add such a header of its own to a message without one.
_SEALED_IF_THERE = ("list-unsubscribe", "list-unsubscribe-post")
# Signed where they are there. Others are left out: a provider takes its own headers out again.
_SIGNED = (
    *("sender", "mime-version", "in-reply-to", "references", "list-id", "list-help", "list-owner"),
    *("list-post", "list-subscribe", "list-archive", "feedback-id", "precedence", "auto-submitted"),
)
_NAME = "DKIM-Signature"


class Signatures:
    """What signs with some keys. It takes 0.3 ms for a key of RSA with 2048 bits, 0.05 for one of Ed25519."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._signers = [_Signer(key) for key in keys]

    def headers(self, data: bytes, at: float) -> bytes:
        """The signatures that stand before the message `data`, which is dated `at` (seconds since the
        epoch)."""
        head, _, body = data.partition(b"\r\n\r\n")
        found = fields(head)
        hashed = b64encode(body_hash(body)).decode("ascii")
        names = _names(tuple(field.name for field in found))
        signed = b"".join([line + b"\r\n" for line in signed_fields(found, names)])
        return b"".join(
            [signer.header(names, signed, hashed, int(at // 1)) for signer in self._signers]
        )


class _Signer:
    """One key, ready to sign."""

    def __init__(self, key: SigningKey) -> None:
        self._tags = [
            f"v=1; a={key.algorithm}; c=relaxed/relaxed;",
            f"d={key.domain};",
            f"s={key.selector};",
        ]
        self._sign = signing(key)

    def header(self, names: tuple[str, ...], signed: bytes, hashed: str, at: int) -> bytes:
        """With its CRLF."""
        lines = _folded([*self._tags, f"t={at};", *_listed(names), f"bh={hashed};"])
        # RFC 6376 §3.7: the header itself comes last, its b= empty, without a line's end.
        own = f"{_NAME.lower()}:{' '.join(lines)} b="
        digest = sha256(signed + own.encode("ascii")).digest()
        lines += _wrapped(f"b={b64encode(self._sign(digest)).decode('ascii')}")
        written = "\r\n ".join(lines)
        return f"{_NAME}: {written}\r\n".encode("ascii")


@lru_cache(maxsize=64)
def _names(there: tuple[str, ...]) -> tuple[str, ...]:
    """What `h=` says where these headers are there."""
    found: list[str] = []
    for name in (*_SEALED, *_SEALED_IF_THERE, *_SIGNED):
        times = there.count(name)
        if name in _SEALED or (name in _SEALED_IF_THERE and times):
            times += 1
        found += [name] * times
    return tuple(found)


@lru_cache(maxsize=64)
def _listed(names: tuple[str, ...]) -> list[str]:
    """`h=` in pieces, each of which fits a line."""
    pieces, piece = [], "h="
    for name in names:
        if len(piece) + len(name) + 2 > WIDTH:
            pieces.append(piece)
            piece = ""
        piece += f"{name}:"
    return [*pieces, f"{piece[:-1]};"]


def _folded(words: Sequence[str]) -> list[str]:
    """Words as lines, each of which has a blank before it, and the first the header's name."""
    lines, used = [words[0]], len(_NAME) + 2 + len(words[0])
    for word in words[1:]:
        if used + 1 + len(word) <= WIDTH:
            lines[-1] += f" {word}"
            used += 1 + len(word)
        else:
            lines.append(word)
            used = 1 + len(word)
    return lines


def _wrapped(value: str) -> list[str]:
    width = WIDTH - 1
    return [value[start : start + width] for start in range(0, len(value), width)]
