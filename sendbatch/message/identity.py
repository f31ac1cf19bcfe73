"""What a message is called: its Message-ID, and what else must be the same when it is sent again.

Everything is an HMAC-SHA256 under the record's salt, so that names say nothing about the
recipient and yet a repetition, from any machine that holds the record, bears the same ones.
"""

from __future__ import annotations

import hashlib
import hmac


def message_id(salt: bytes, key: str, content_digest: str, domain: str) -> str:
    """The Message-ID, angle brackets included, of this content for this key."""
    return f"<{_mac(salt, 'message-id', content_digest, key)[:40]}@{domain}>"


def proof_id(salt: bytes, key: str, reviewer: str, now: float, domain: str) -> str:
    """A Message-ID that no delivery bears, and no earlier proof: mailboxes drop what they know."""
    return f"<proof.{_mac(salt, 'proof', key, reviewer, repr(now))[:40]}@{domain}>"


def idempotency_key(salt: bytes, message_id: str) -> str:
    """What tells a provider that a message is one it already took: 64 hex digits."""
    return _mac(salt, "idempotency", message_id)


def boundary(message_id: str) -> str:
    """A boundary without its number. "=_" occurs in no quoted-printable or base64 line
    (RFC 2045 §6.7), so no body can contain it."""
    return "=_" + hashlib.sha256(message_id.encode()).hexdigest()[:24]


def short(digest: str) -> str:
    """A digest as people see it in report.csv: its first 12 hex digits."""
    return digest[:12]


def _mac(salt: bytes, *parts: str) -> str:
    """Lengths go first, so that no two lists of parts give the same bytes."""
    fed = b"".join(b"%d:%b" % (len(b), b) for b in (p.encode("utf-8", "replace") for p in parts))
    return hmac.digest(salt, fed, "sha256").hex()
