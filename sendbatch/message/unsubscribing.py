"""Unsubscribing: the link that templates show, and the headers that mail programs make a button of
(RFC 2369, RFC 8058).

Where `sign` is declared, each link ends with a token (`tokens`), which the process that sends has made.

In a proof the button and the links lead nowhere: a reviewer who tries them must not take the
recipient off the list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from sendbatch.campaign.model import Unsubscribe
from sendbatch.campaign.written.hosts import ascii_domain
from sendbatch.campaign.written.links import LONGEST_URL, own_parameter
from sendbatch.message.headers import Header, uris
from sendbatch.message.templates import Failed, LineTemplate

NAME = "unsubscribe_url"  # of the finished link, for templates
INERT_URL = "https://unsubscribe.invalid/proof"  # RFC 2606 §2: no such domain will ever be
INERT_ADDRESS = "proof@unsubscribe.invalid"
_POST = Header(
    "List-Unsubscribe-Post",
    "List-Unsubscribe=One-Click",
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
)
_USUAL = re.compile(r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)+/[!#-;=?-~]*")  # nothing in it is to be looked at
# What HTML may escape of a link: of its parts one may be, and another, which its author wrote, not.
_ESCAPED = {
    "&": "&(?:amp;|#38;)?",
    "'": "(?:'|&#39;|&#x27;|&apos;)",
}
# What would end the URI in its header, or the header itself.
_UNFIT = re.compile(r"[\s<>\"\x00-\x1f\x7f-\x9f]")

Links: TypeAlias = tuple[str | None, str | None]  # a URL, and a mailto URI
Spellings: TypeAlias = Sequence[tuple[str, str]]  # of links, each with what goes in its place


class Unsubscribing:
    """The declared ways, compiled; None of them gives no header."""

    def __init__(self, declared: Unsubscribe | None) -> None:
        self.are_declared = declared is not None
        self.signs = bool(declared and declared.sign)
        self._url = _template_of("unsubscribe.url", declared.url if declared else None)
        self._mailto = _template_of("unsubscribe.mailto", declared.mailto if declared else None)
        self._one_click = bool(declared and declared.one_click)
        self.templates = [one for one in (self._url, self._mailto) if one is not None]

    def links(self, variables: dict[str, object], query: str = "") -> Links:
        """The URL and the mailto URI for one recipient, the first with its `query` where it is signed. Raises
        Failed where one is not usable."""
        return self.finished(self.unsigned(variables), query)

    def finished(self, links: Links, query: str) -> Links:
        """The recipient's links, of those that they have unsigned. Raises Failed."""
        url, mailto = links
        if url is None or not self.signs:
            return links
        assert query
        return _signed(url, query), mailto

    def unsigned(self, variables: dict[str, object]) -> Links:
        """What `finished` makes the links of: it depends on nothing but what the templates use. Raises
        Failed."""
        url = _web(self._url.render(variables), self._one_click) if self._url else None
        if url is not None and self.signs and (own := own_parameter(url)) is not None:
            raise Failed(f"unsubscribe.url has a parameter {own} of its own: {url[:200]!r}")
        mailto = _mail(self._mailto.render(variables)) if self._mailto else None
        return url, mailto

    def spellings(self, variables: dict[str, object]) -> list[tuple[str, str]]:
        """How a body may spell the ways of one recipient, each with what leads nowhere in its place; a
        longer one first, which may have a shorter one in it. An address that is everybody's, and is nobody's
        way out without its token, stays. Raises Failed."""
        url, mailto = self.unsigned(variables)
        found: dict[str, str] = {}
        is_own = self._url is not None and not (self.signs and self._url.fixed is not None)
        if self._url is not None and url is not None and is_own:
            found |= dict.fromkeys((url, self._url.render(variables).strip()), INERT_URL)
        if self._mailto is not None and mailto is not None:
            written = self._mailto.render(variables).strip().removeprefix("mailto:")
            found |= dict.fromkeys((mailto, f"mailto:{written}"), f"mailto:{INERT_ADDRESS}")
        return sorted(found.items(), key=lambda pair: -len(pair[0]))

    def headers(self, links: Links) -> list[Header]:
        """List-Unsubscribe, with List-Unsubscribe-Post where one click is enough."""
        given = [link for link in links if link]
        if not given:
            return []
        header = uris("List-Unsubscribe", given)
        return [header, _POST] if self._one_click and links[0] else [header]


def shown(links: Links) -> str:
    """The one that templates show."""
    return links[0] or links[1] or ""


def inert(links: Links) -> Links:
    """The same ways, leading nowhere."""
    url, mailto = links
    return (INERT_URL if url else None), (f"mailto:{INERT_ADDRESS}" if mailto else None)


def without_links(text: str, spellings: Spellings) -> str:
    """A rendered body with the recipient's own ways to unsubscribe made inert."""
    for spelled, instead in spellings:
        pattern = "".join(
            [_ESCAPED.get(character) or re.escape(character) for character in spelled]
        )
        text = re.sub(pattern, instead, text)
    return text


def _template_of(what: str, source: str | None) -> LineTemplate | None:
    return LineTemplate(what, source) if source else None


def _signed(url: str, query: str) -> str:
    """The URL with the query behind its own, if it has one, and before its fragment."""
    front, mark, fragment = url.partition("#")
    joined = "?" if "?" not in front else "" if front.endswith(("?", "&")) else "&"
    whole = f"{front}{joined}{query}{mark}{fragment}"
    if len(whole) > LONGEST_URL:
        raise Failed(f"unsubscribe.url is longer than {LONGEST_URL} characters with its token")
    return whole


def _web(url: str, one_click: bool) -> str:
    if len(url) <= LONGEST_URL and _USUAL.fullmatch(url):
        return url
    url = url.strip()
    wrong = _wrong(url)
    if wrong is None:
        try:
            parts = urlsplit(url)
        except ValueError:  # a bracket that is no IPv6 address
            parts = urlsplit("")
        if parts.scheme.lower() not in ("https", "http") or not parts.hostname:
            wrong = "is not an http or https address"
        elif one_click and parts.scheme.lower() != "https":
            wrong = "must be https for one_click (RFC 8058 §3.1)"
    if wrong is not None:
        raise Failed(f"unsubscribe.url {wrong}: {url[:200]!r}")
    if url.isascii():
        return url
    host = urlsplit(url).hostname or ""
    try:
        url = url.replace(host, ascii_domain(host), 1)
    except ValueError:
        raise Failed(f"unsubscribe.url has no usable host: {url[:200]!r}") from None
    return _percent(url)


def _mail(written: str) -> str:
    address = written.strip().removeprefix("mailto:")
    wrong = _wrong(address)
    mailbox, question, rest = address.partition("?")
    local, at, domain = mailbox.rpartition("@")
    if (wrong is None and not (local and at and domain)) or "," in mailbox:
        wrong = "is not one mail address"
    if wrong is not None:
        raise Failed(f"unsubscribe.mailto {wrong}: {address[:200]!r}")
    try:
        domain = ascii_domain(domain)
    except ValueError:
        raise Failed(f"unsubscribe.mailto has no usable domain: {address[:200]!r}") from None
    return f"mailto:{_percent(local)}@{domain}{question}{_percent(rest)}"


def _wrong(link: str) -> str | None:
    if not link:
        return "is empty"
    if _UNFIT.search(link):
        return "has a space or another character that no link may have (use |urlencode)"
    if len(_percent(link)) > LONGEST_URL:
        return f"is longer than {LONGEST_URL} characters"
    return None


def _percent(text: str) -> str:
    """Non-ASCII characters as percent-encoded UTF-8 (RFC 3987 §3.1); the rest as it is."""
    return text if text.isascii() else "".join(c if c.isascii() else quote(c) for c in text)
