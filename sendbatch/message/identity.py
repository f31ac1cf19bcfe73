"""What a message is called: its Message-ID, and what else must be the same when it is sent again.

Everything is an HMAC-SHA256 under the record's salt, so that names say nothing about the
recipient and yet a repetition, from any machine that holds the record, bears the same ones.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from functools import lru_cache


def message_id(salt: bytes, key: str, content_digest: str, domain: str) -> str:
    """The Message-ID, angle brackets included, of this content for this key."""
    fed = _same_for_all("message-id", content_digest) + _framed(key)
    return f"<{hmac.digest(salt, fed, 'sha256').hex()[:40]}@{domain}>"


class MessageIds:
    """The Message-IDs of one content: as `message_id`, in half the time."""

    def __init__(self, salt: bytes, content_digest: str, domain: str) -> None:
        self._begun = hmac.new(salt, _same_for_all("message-id", content_digest), "sha256")
        self._end = f"@{domain}>"

    def of(self, key: str) -> str:
        data = key.encode("utf-8", "replace")
        mac = self._begun.copy()
        mac.update(b"%d:%b" % (len(data), data))  # framed
        return f"<{mac.hexdigest()[:40]}{self._end}"


def proof_id(salt: bytes, key: str, reviewer: str, now: float, domain: str) -> str:
    """A Message-ID that no delivery bears, and no earlier proof: mailboxes drop what they know."""
    return f"<proof.{_mac(salt, 'proof', key, reviewer, repr(now))[:40]}@{domain}>"


def idempotency_key(salt: bytes, message_id: str, email: str, cells: Sequence[str]) -> str:
    """What tells a provider that a message is one it already took: 64 hex digits. To another address, or
    from other cells, it is another message, though its ID be the same."""
    return _mac(salt, "idempotency", message_id, email, *cells)


def short(digest: str) -> str:
    """A digest as people see it in report.csv: its first 12 hex digits."""
    return digest[:12]


def _mac(salt: bytes, *parts: str) -> str:
    return hmac.digest(salt, b"".join(map(_framed, parts)), "sha256").hex()


@lru_cache(maxsize=16)
def _same_for_all(*parts: str) -> bytes:
    return b"".join(map(_framed, parts))


def _framed(part: str) -> bytes:
    """With its length before it, so that no two lists of parts give the same bytes."""
    data = part.encode("utf-8", "replace")
    return b"%d:%b" % (len(data), data)
