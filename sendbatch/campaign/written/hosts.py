"""Names of hosts and domains: how people write them, and how the wire has them. Each raises Wrong."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import unicodedata

import idna

from sendbatch.campaign.written.parsing import Wrong

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PART = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SELECTOR = re.compile(rf"{_PART}(?:\.{_PART})*")


def host(text: str) -> str:
    """A host's name or address."""
    found = text.strip().rstrip(".").lower()
    if is_address(found):
        return found
    if "://" in found:
        raise Wrong("must be a host's name alone", "without smtp:// before it")
    if re.fullmatch(r"[^:]+:[0-9]+", found):
        raise Wrong("must be a host's name alone", "the port is a key of its own: `port:`")
    return a_labels(found)


def domain(text: str) -> str:
    """A recipients' domain, which may be written with its @."""
    return a_labels(text.strip().lstrip("@").rstrip(".").lower())


def signing_domain(text: str) -> str:
    """A domain that signs mail (d=)."""
    found = domain(text)
    if "." not in found:
        raise Wrong("nobody can sign for all of it", "such as example.com")
    return found


def is_signed_by(address: str, signing: str) -> bool:
    """Whether mailboxes count a signature of that domain (A-labels) for a sender's address: it is theirs, or
    one above it (DMARC, RFC 7489 §3.1.1)."""
    try:
        own = ascii_domain(address.rpartition("@")[2])
    except ValueError:  # the address is refused for it
        return False
    return own == signing or own.endswith(f".{signing}")


def selector(text: str) -> str:
    """Under what name in its domain a public key is published (RFC 6376 §3.1)."""
    found = text.strip().lower()
    if "._domainkey" in found:
        raise Wrong("must be the selector alone", f"write {found.partition('._domainkey')[0]}")
    if len(found) > 200 or not _SELECTOR.fullmatch(found):
        raise Wrong(
            "must be letters, digits and hyphens, in parts with dots between them", "such as s1"
        )
    return found


def helo(text: str) -> str:
    """What is said in EHLO: a host's name, or an address in brackets."""
    found = text.strip()
    literal = re.fullmatch(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]", found)  # RFC 5321 §4.1.3
    if literal and is_address(literal[1]):
        return found
    return a_labels(found)


def fingerprint(text: str) -> str:
    """A certificate's SHA-256, in lower case and without colons."""
    found = text.strip()
    kind, _, digits = found.partition(":")
    digits = digits.replace(":", "").lower()
    if kind.lower() != "sha256" or not re.fullmatch("[0-9a-f]{64}", digits):
        raise Wrong(
            "not a SHA-256 fingerprint",
            "sha256: and 64 hexadecimal digits, as from openssl x509 -noout -sha256 -fingerprint -in FILE",
        )
    return f"sha256:{digits}"


def a_labels(found: str) -> str:
    """The name of a host or domain as the wire has it, and as there can be one."""
    wrong = Wrong("not the name of a host or domain", "such as mail.example.com")
    try:
        found = found if found.isascii() else ascii_domain(found)
    except ValueError:
        raise wrong from None
    if len(found) > 253 or not _HOST.fullmatch(found):
        raise wrong
    return found


def ascii_domain(domain: str) -> str:
    """A domain as A-labels, lower case (RFC 5890 §2.3.2.1). Raises ValueError for none."""
    if domain.isascii():
        return domain.lower()
    return idna.encode(domain, uts46=True).decode("ascii").lower()


def is_loopback(host: str) -> bool:
    """Whether what is sent to this host never leaves the machine, as its name or address alone tells."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        name = host.lower().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")  # RFC 6761 §6.3


def is_address(found: str) -> bool:
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return False
    return True


def comparable(address: str) -> str:
    """An address as it is compared with another: its domain as A-labels in lower case, if it can be one."""
    local, _, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    with contextlib.suppress(ValueError):  # else it is compared as it is
        domain = ascii_domain(domain)
    return f"{local}@{domain.lower()}"
