"""Addresses as the wire has them: A-labels for the domain, and whether that is enough."""

from __future__ import annotations

import re
from functools import lru_cache

from sendbatch.campaign.written.hosts import ascii_domain

# Would end the address, or the header, or make another of it: a route, a comment, a group.
_UNSAFE = re.compile(r"""[\x00-\x20\x7f-\xa0\u2028\u2029<>()"\\,;:]""")


@lru_cache(maxsize=4096)
def _wire_domain(domain: str) -> str:
    return domain if domain.isascii() else ascii_domain(domain)


def wire_address(address: str) -> tuple[str, bool]:
    """An address as headers and envelope have it, and whether that takes SMTPUTF8 (RFC 6531):
    the domain as A-labels, so that only the part before the @ decides.

    Raises ValueError where the domain has no A-labels, or the address something that could end it.
    """
    local, _, domain = address.rpartition("@")
    plain = local[1:-1] if local[:1] == local[-1:] == '"' else local  # RFC 5322 §3.4.1
    if _UNSAFE.search(f"{plain}@{domain}") or not plain or not domain or "@" in plain:
        raise ValueError("the address has characters that no message can carry")
    try:
        wired = _wire_domain(domain)
    except ValueError:
        raise ValueError("no mail can be addressed to this domain") from None
    return f"{local}@{wired}", not local.isascii()
