"""Addresses: whether one is usable, and when two are the same."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import idna
from email_validator import EmailNotValidError, validate_email

from sendbatch.audience.cells import bare
from sendbatch.campaign.names import narrowed
from sendbatch.campaign.written.hosts import ascii_domain

LONGEST = 320  # characters: 64 and 255 with the @ between (RFC 5321 §4.5.3.1)
PRIVATE = (".test", ".local", ".localhost")  # email-validator refuses these; some servers know them
STAND_IN = ".example"
# A part before the @ that email-validator takes, and gives back, as it is: lower-case letters, digits
# and the marks that stand in all but a few addresses, with dots between.
_PLAIN = re.compile(r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([A-Za-z0-9.-]+)")
# With quotes around it, or dots at its ends or in a row: else what an atom has (RFC 5321 §4.1.2).
_TEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]"
_LOOSE = re.compile(
    rf'(?=.*[^."])(?:"(?P<quoted>{_TEXT}+)"|(?P<bare>\.{_TEXT}+|(?=.*(?:\.\.|\.$)){_TEXT}+))'
)
# Domains whose phone companies gave out addresses with dots where no standard has them, each with the page
# that says so. Others are taken with `recipients: {addresses: as_given}`.
LOOSE_DOTS = {
    # "docomo..ab1234yz@docomo.ne.jp, docomo-ab1234yz.@docomo.ne.jp": given out until 2009, still in use
    "docomo.ne.jp": "https://www.docomo.ne.jp/service/docomo_mail/rfc_add/",
    # two dots in a row, or one right before the @, "may not be delivered by some providers"
    "ezweb.ne.jp": "http://www.au.kddi.com/notice/meiwaku/email/mail_address/index.html",
    # since 2018 addresses of ezweb.ne.jp may keep what is before the @ here
    "au.com": "https://www.gapsis.jp/2018/04/about-aucom-mailaddress.html",
}
LONGEST_LOCAL = 64
LONGEST_PATH = 254  # RFC 5321 §4.5.3.1.3, without the <>
LONGEST_PLAIN = LONGEST_PATH - len(STAND_IN)


class Address(NamedTuple):
    """`email` has an internationalised domain in Unicode, `domain` as A-labels in lower case;
    `smtputf8` says that the part before the @ needs a server that takes it (RFC 6531)."""

    email: str
    domain: str
    smtputf8: bool


def normalise(text: str, *, as_given: bool = False) -> Address:
    """Raises ValueError with a reason for a person.

    Dots before the @ stand where the standard has them (RFC 5321 §4.1.2), but at carriers that gave out
    others, or `as_given`: such a part is quoted, which is how the standard writes it and what
    relays make of it by themselves (Postfix: smtp_quote_rfc821_envelope). Full-width characters are
    the ordinary ones (RFC 8265 §3.1). Names reserved for documentation and tests (.example, .test) and
    for private networks (.local) are taken as they are, for it is the server that decides; `.invalid`
    never exists (RFC 2606 §2).
    """
    text = text.strip() if text.isascii() else bare(text)
    if (plain := _PLAIN.fullmatch(text)) is not None and len(text) <= LONGEST_PLAIN:
        local, domain = plain.groups()
        if len(local) <= LONGEST_LOCAL:
            return _at(local, _domain(domain))
    text = narrowed(text)
    local, _, domain = text.rpartition("@")
    if len(text) <= LONGEST and (found := _LOOSE.fullmatch(local)) is not None:
        return _loose(found["quoted"] or found["bare"], domain, as_given)
    return _normalised(text)


def _loose(local: str, domain: str, as_given: bool) -> Address:
    """Of a part before the @ with quotes, or with dots where none are expected."""
    if not _is_loose(local):
        return normalise(f"{local}@{domain}")  # the quotes say nothing
    if not as_given and comparable_domain(domain) not in LOOSE_DOTS:
        try:
            return _normalised(f"{local}@{domain}")
        except ValueError as error:
            raise ValueError(
                f"{error} With addresses: as_given it is taken all the same."
            ) from None
    home = _normalised(f"a@{domain}")
    if len(local) > LONGEST_LOCAL - 2 or len(local) + len(home.domain) > LONGEST_PATH - 3:
        raise ValueError("the address is too long")
    return _at(f'"{local}"', home._replace(email=home.email[1:]))


def _is_loose(local: str) -> bool:
    return local[0] == "." or local[-1] == "." or ".." in local


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
    if domain.rpartition(".")[2].isdecimal():  # RFC 3696 §2
        raise ValueError("the part after the @ ends in a number: it is no domain")
    return Address(found.normalized.removesuffix(tail), domain, found.smtputf8)


@lru_cache(maxsize=8)  # a row asks twice: for its key, and for suppression
def default_key(email: str) -> str:
    """What makes two spellings one address: NFC, case-folded, the domain as A-labels.

    Dots and plus signs stay: only the server knows whether they matter. Takes what `normalise`
    returns, and never changes within a record.
    """
    local, _, domain = email.rpartition("@")
    if email.isascii():  # nothing to compose, and to fold is to lower
        return f"{local.lower()}@{comparable_domain(domain)}"
    local, _, domain = unicodedata.normalize("NFC", email).rpartition("@")
    return f"{unicodedata.normalize('NFC', local.casefold())}@{comparable_domain(domain)}"


def spellings_of_domain(domain: str) -> tuple[str, ...]:
    """How a domain (A-labels) stands in addresses as `normalise` returns them."""
    try:
        return domain, idna.decode(domain)
    except idna.IDNAError:
        return (domain,)


def comparable_domain(domain: str) -> str:
    """A domain as A-labels in lower case; as it is, where it cannot be one."""
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return ascii_domain(domain)
    except ValueError:
        return domain
