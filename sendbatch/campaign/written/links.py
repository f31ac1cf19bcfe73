"""Where an unsubscribe link leads: a URL, or an address to write to; either may be a template."""

from __future__ import annotations

import re

from sendbatch.campaign.language.checks import literal
from sendbatch.campaign.language.environment import is_template
from sendbatch.campaign.written.parsing import Wrong, parse_address

LONGEST_URL = 900  # so that List-Unsubscribe fits a line of 998 bytes (RFC 5322 §2.1.1)

# The parameters that a signed link ends with: a second one of that name would be read for it.
_OWN = re.compile("[?&;](?P<name>[ckt])(?:[=&;]|$)")


def own_parameter(url: str) -> str | None:
    """Which of the parameters of a signed link stands in the author's address already."""
    found = _OWN.search(url.partition("#")[0])
    return None if found is None else found["name"]


def leads_to(text: str) -> str:
    """Whether a text is a "url" or a "mailto"."""
    low = text.lower()
    is_mail = low.startswith("mailto:") or ("@" in low and "/" not in low)
    return "mailto" if is_mail and not low.startswith("{{") else "url"


def check_url(url: str) -> None:
    """Raises Wrong unless it is a URL that fits into a header, as far as it is no template."""
    said = literal(url)
    if not url.startswith("{") and not re.match(r"https?://[^/\s]", url, re.IGNORECASE):
        raise Wrong("not a URL", "it begins with https://")
    if re.search(r"[\s<>]", said):
        raise Wrong("a URL has no spaces and no angle brackets", "use |urlencode")
    if len(said) > LONGEST_URL:
        raise Wrong("too long for a header")


def check_mailto(mailto: str) -> None:
    """Raises Wrong unless it is an address, or a mailto: with one, or a template."""
    address = mailto.removeprefix("mailto:").partition("?")[0]
    if not is_template(address):
        parse_address(address)
    if re.search(r"[\s<>]", literal(mailto)):
        raise Wrong("a mailto has no spaces and no angle brackets", "write %20 for a space")
