"""What the DNS says of a key that signs mail (RFC 6376 §3.6): whether the one that is published is ours.

A signature by a key that is published otherwise is worse than none: mailboxes may refuse what fails. A
look-up that fails is told as that. dnspython is loaded with the first.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from typing import TYPE_CHECKING, NamedTuple

from sendbatch.errors import one_line
from sendbatch.smtp.probe import Step

if TYPE_CHECKING:
    import dns.resolver

TIMEOUT = 5.0  # seconds for the question
STEP = "dkim"
_LONGEST_SHOWN = 60


class Published(NamedTuple):
    """A public key as it should be found: `kind` is rsa or ed25519, `key` what `p=` says, decoded."""

    selector: str
    domain: str
    kind: str
    key: bytes

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What is to be published."""
        return f"v=DKIM1; k={self.kind}; p={b64encode(self.key).decode('ascii')}"


def look_up(
    wanted: Published, resolver: dns.resolver.Resolver | None = None, timeout: float = TIMEOUT
) -> Step:
    """What is found; `resolver` is the system's unless given. Raises nothing."""
    import dns.exception
    import dns.name
    import dns.resolver

    try:
        asked = resolver or dns.resolver.Resolver()
        answer = asked.resolve(dns.name.from_text(wanted.name), "TXT", lifetime=timeout)
        records = [b"".join(data.strings) for data in answer]
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return _wrong(wanted, "nothing is published", f"publish as TXT: {wanted.record}")
    except (dns.exception.DNSException, OSError) as error:
        said = f"what is published cannot be told: {one_line(str(error), 200)}"
        return _wrong(wanted, said, "try again, or ask where the domain is kept")
    if len(records) > 1:
        said = f"{len(records)} records are published, and mailboxes take any of them, or none"
        return _wrong(wanted, said, "leave one: to change keys use another selector")
    return _judged(wanted, records[0].decode("utf-8", "replace"))


def _judged(wanted: Published, record: str) -> Step:
    tags = _tags(record)
    kind = tags.get("k", "rsa").lower()
    to_publish = f"publish as TXT: {wanted.record}"
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        shown = one_line(record, _LONGEST_SHOWN)
        return _wrong(wanted, f"what is published is no key: {shown}", to_publish)
    if not tags["p"]:
        said = "the key is revoked (p= is empty): every signature by it fails"
        return _wrong(wanted, said, "make another key, under another selector")
    if kind != wanted.kind:
        shown = one_line(kind, _LONGEST_SHOWN)
        return _wrong(wanted, f"a key of {shown} is published, ours is {wanted.kind}", to_publish)
    if _decoded(tags["p"]) != wanted.key:
        said = "another key than ours is published: every signature would fail"
        return _wrong(wanted, said, f"name the key that belongs to it, or {to_publish}")
    if (limit := _limit(tags)) is not None:
        return _wrong(wanted, f"our key is published, but not for this: {limit}", to_publish)
    testing = "y" in _listed(tags.get("t", ""))
    hint = (
        "t=y says that it is only tried, and mailboxes need not mind it: take it away"
        if testing
        else None
    )
    return Step(STEP, True, f"{wanted.name}: our key is published ({wanted.kind})", hint)


def _limit(tags: dict[str, str]) -> str | None:
    """What keeps a published key from being used for our signatures (RFC 6376 §3.6.1)."""
    if "h" in tags and "sha256" not in _listed(tags["h"]):
        return f"h={one_line(tags['h'], _LONGEST_SHOWN)}"
    if "s" in tags and not {"*", "email"} & {*_listed(tags["s"])}:
        return f"s={one_line(tags['s'], _LONGEST_SHOWN)}"
    return None


def _tags(record: str) -> dict[str, str]:
    pairs = (tag.partition("=")[::2] for tag in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, value in pairs if name.strip()}


def _listed(value: str) -> list[str]:
    return [one.lower() for one in value.split(":")]


def _decoded(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (NoBase64, ValueError):
        return None


def _wrong(wanted: Published, said: str, hint: str) -> Step:
    return Step(STEP, False, f"{wanted.name}: {said}", hint)
