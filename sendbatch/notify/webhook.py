"""The address of a webhook: all of it but the host is a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from sendbatch.campaign.written.hosts import ascii_domain, is_address, is_loopback

LONGEST_URL = 4000
_PRINTABLE = re.compile("[!-~]+")


class NotTold(Exception):
    """Why a webhook was not told, as a sentence's end: nothing of its address is in it but the host."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that may be posted to; `target` is its path and query."""

    host: str
    port: int
    secure: bool
    target: str = field(repr=False)

    @property
    def name(self) -> str:
        """As it may be shown."""
        usual = 443 if self.secure else 80
        return self.host if self.port == usual else f"{self.host}:{self.port}"


def webhook_of(url: str) -> Webhook:
    """Raises NotTold, with nothing of the address, where it is none that may be posted to."""
    if len(url) > LONGEST_URL or not _PRINTABLE.fullmatch(url):
        raise NotTold("what its variable holds is no address: one line without blanks, https://…")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if is_address(host) else ascii_domain(host.rstrip("."))
    except ValueError:
        raise NotTold("what its variable holds is no address") from None
    if parts.scheme not in ("https", "http") or not host:
        raise NotTold("what its variable holds is no address: it begins with https://")
    if "@" in parts.netloc:
        raise NotTold("a user name or password in its address is not supported: leave it out")
    if parts.scheme == "http" and not is_loopback(host):
        raise NotTold("http:// is for this machine alone: it needs https://")
    secure = parts.scheme == "https"
    return Webhook(host, port or (443 if secure else 80), secure, _target(parts))


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
