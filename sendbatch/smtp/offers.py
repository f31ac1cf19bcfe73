"""What a server offers, as it says in its reply to EHLO. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Offers:
    """What the EHLO offered, after TLS where there is TLS. `size` is the greatest message in bytes, None
    for no limit; `mailmax` the messages a connection may carry (RFC 9422); `auth` the mechanisms in lower
    case; `extensions` all keywords in lower case with their parameters; `extended` is False where EHLO was
    refused and HELO taken, so that there are none."""

    size: int | None = None
    pipelining: bool = False
    smtputf8: bool = False
    mailmax: int | None = None
    auth: tuple[str, ...] = ()
    extensions: Mapping[str, str] = field(default_factory=dict)
    extended: bool = True


def read_offers(lines: list[str]) -> Offers:
    """From the lines of a reply to EHLO behind the first (RFC 5321 §4.1.1.1)."""
    extensions: dict[str, str] = {}
    for line in lines:
        keyword, _, parameters = line.strip().partition(" ")
        keyword = keyword.lower()
        if keyword.startswith("auth="):  # as Exchange and others wrote it before RFC 2554
            keyword, parameters = "auth", f"{keyword[5:]} {parameters}"
        if keyword == "auth" and keyword in extensions:
            parameters = f"{extensions[keyword]} {parameters}"
        if keyword:
            extensions[keyword] = parameters.strip()
    return Offers(
        size=_count(extensions.get("size", "")),
        pipelining="pipelining" in extensions,
        smtputf8="smtputf8" in extensions,
        mailmax=_mailmax(extensions.get("limits", "")),
        auth=tuple(dict.fromkeys(extensions.get("auth", "").lower().split())),
        extensions=extensions,
    )


def _mailmax(parameters: str) -> int | None:
    for limit in parameters.split():
        name, _, value = limit.partition("=")
        if name.upper() == "MAILMAX":
            return _count(value)
    return None


def _count(text: str) -> int | None:
    """A positive number, or None: RFC 1870 §4 lets 0 and nothing mean that there is no limit."""
    digits = text.split()[0] if text.split() else ""
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        return None
    return int(digits) or None
