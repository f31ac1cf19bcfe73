"""Domains of throw-away mail: addresses that are made for one message, and that nobody reads a week later.

The list is kept by many at https://github.com/disposable-email-domains/disposable-email-domains, and is in
the public domain (CC0). `data/disposable.json` says which version this is; `make disposable VERSION=…` brings
another. Services that forward mail to people's own mailboxes are not in it, nor are they meant.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


def is_disposable(domain: str) -> bool:
    """Whether a domain (in lower case), or one above it, is for throw-away mail."""
    known = _domains()
    while "." in domain:
        if domain in known:
            return True
        domain = domain.partition(".")[2]
    return False


@cache
def _domains() -> frozenset[str]:
    data = resources.files(__package__) / "data/disposable.txt"
    return frozenset(data.read_text(encoding="ascii").split())
