"""A link as a person would write it: the words, and the address where they do not say it already."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

_BROKEN = re.compile(r"[\t\n\r]+")  # browsers take them out, as the URL standard says
_WEB = re.compile(r"(?:https?://)?(?:www\.)?", re.IGNORECASE)
_NOT_DIGITS = re.compile(r"[\s().\-/\u00a0]+")
_NOWHERE = ("#", "javascript:", "vbscript:", "data:", "cid:", "about:")


class Link(NamedTuple):
    """Where a link leads, as it is to be written, and the words that say just that.

    `is_number`: it is a telephone's, which words may write in more readable groups.
    """

    address: str
    names: frozenset[str]
    is_number: bool = False

    @property
    def marked(self) -> str:
        """The address as it stands behind words. Programs that look for links know both marks."""
        has_brackets = "(" in self.address or ")" in self.address
        return f"<{self.address}>" if has_brackets else f"({self.address})"

    def is_said_by(self, words: str) -> bool:
        """Whether these words are the address already."""
        plain = words.casefold()
        return plain in self.names or _NOT_DIGITS.sub("", plain) in self.names


def link_to(href: str) -> Link | None:
    """The link for an `href`; None where it leads to nothing outside of the message."""
    href = _BROKEN.sub("", href).strip().replace(" ", "%20")
    scheme, colon, rest = href.partition(":")
    if not href or href.endswith(":") or href.lower().startswith(_NOWHERE):
        return None
    kind = scheme.lower() if colon else ""
    if kind == "mailto":
        address, query, _ = rest.partition("?")
        plain = unquote(address)
        if not plain.isprintable() or " " in plain:
            plain = address
        return Link(href if query else plain, _names(href, rest, plain))
    if kind in ("tel", "sms"):
        return Link(rest, _names(href, rest, _NOT_DIGITS.sub("", rest)), is_number=True)
    return Link(href, _names(href))


def _names(href: str, *more: str) -> frozenset[str]:
    bare = _WEB.sub("", href, count=1)
    return frozenset(
        name.casefold() for name in (href, bare, href.rstrip("/"), bare.rstrip("/"), *more) if name
    )
