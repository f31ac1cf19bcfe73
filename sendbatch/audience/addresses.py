"""Addresses: whether one is usable, and when two are the same."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna
from email_validator import EmailNotValidError, validate_email

LONGEST = 320  # characters: 64 and 255 with the @ between (RFC 5321 §4.5.3.1)
PRIVATE = (".test", ".local", ".localhost")  # email-validator refuses these; some servers know them
STAND_IN = ".example"
# A part before the @ that email-validator takes, and gives back, as it is: lower-case letters, digits
# and the marks that stand in all but a few addresses, with dots between.
_PLAIN = re.compile(r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([A-Za-z0-9.-]+)")
LONGEST_LOCAL = 64
LONGEST_PLAIN = 254 - len(STAND_IN)


@dataclass(frozen=True, slots=True)
class Address:
    """`email` has an internationalised domain in Unicode, `domain` as A-labels in lower case;
    `smtputf8` says that the part before the @ needs a server that takes it (RFC 6531)."""

    email: str
    domain: str
    smtputf8: bool


def normalise(text: str) -> Address:
    """Raises ValueError with a reason for a person.

    Names reserved for documentation and tests (.example, .test) and for private networks (.local)
    are taken as they are, for it is the server that decides; `.invalid` never exists (RFC 2606 §2).
    """
    text = text.strip()
    if (plain := _PLAIN.fullmatch(text)) is not None and len(text) <= LONGEST_PLAIN:
        local, domain = plain.groups()
        if len(local) <= LONGEST_LOCAL:
            return _at(local, _domain(domain))
    return _normalised(text)


def _at(local: str, home: Address) -> Address:
    return Address(local + home.email, home.domain, smtputf8=False)


@lru_cache(maxsize=8192)
def _domain(domain: str) -> Address:
    """What email-validator makes of an address there, without the part before the @: for a plain
    one its verdict depends on the domain alone, and takes 20 µs. Raises ValueError."""
    found = _normalised(f"a@{domain}")
    return Address(found.email[1:], found.domain, smtputf8=False)


def _normalised(text: str) -> Address:
    if len(text) > LONGEST:
        raise ValueError("the address is too long")
    if "<" in text and text.endswith(">"):
        raise ValueError("only the address belongs here, without a name and <>")
    tail = STAND_IN if text.lower().endswith(PRIVATE) else ""
    try:
        found = validate_email(text + tail, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    domain = found.ascii_domain.lower().removesuffix(tail)
    if "." not in domain:
        raise ValueError("the part after the @ has no dot: no such domain has mail")
    return Address(found.normalized.removesuffix(tail), domain, found.smtputf8)


def default_key(email: str) -> str:
    """What makes two spellings one address: NFC, case-folded, the domain as A-labels.

    Dots and plus signs stay: only the server knows whether they matter. Takes what `normalise`
    returns, and never changes within a record.
    """
    local, _, domain = email.rpartition("@")
    if email.isascii():  # nothing to compose, and to fold is to lower
        return f"{local.lower()}@{ascii_domain(domain)}"
    local, _, domain = unicodedata.normalize("NFC", email).rpartition("@")
    return f"{unicodedata.normalize('NFC', local.casefold())}@{ascii_domain(domain)}"


def spellings_of_domain(domain: str) -> tuple[str, ...]:
    """How a domain (A-labels) stands in addresses as `normalise` returns them."""
    try:
        return domain, idna.decode(domain)
    except idna.IDNAError:
        return (domain,)


def ascii_domain(domain: str) -> str:
    """A domain as A-labels in lower case; as it is, where it cannot be one."""
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        return domain
