"""What the DNS says of a key that signs mail (RFC 6376 §3.6): whether the one that is published is ours.

A signature by a key that is published otherwise is worse than none: mailboxes may refuse what fails.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from typing import NamedTuple

from sendbatch.errors import one_line
from sendbatch.published.asking import Asking

_LONGEST_SHOWN = 60
_SHORTEST, _LONGEST = 138, 2200  # bytes of a public key of RSA, in whichever way it is written


class Published(NamedTuple):
    """A public key as it should be found: `kind` is rsa or ed25519, `key` what `p=` says, decoded. It is None
    where the private one is not to be had here: then any key will do."""

    selector: str
    domain: str
    kind: str = ""
    key: bytes | None = None

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def to_publish(self) -> str:
        if self.key is None:
            return f"publish the key that signs there, as TXT at {self.name}"
        return f"publish as TXT: {self.record}"

    @property
    def elsewhere(self) -> str:
        """Where another is published: that may be what somebody else signs with."""
        return (
            "name the key that belongs to it; or choose another selector, for other mail may be signed by "
            f"the one that is there, and publish ours at that: {self.record}"
        )

    @property
    def record(self) -> str:
        """What is to be published."""
        return f"v=DKIM1; k={self.kind}; p={b64encode(self.key or b'').decode('ascii')}"


class Found(NamedTuple):
    """Whether the key that is published is ours; `ok` is None where that could not be asked, `hint` what to
    do."""

    ok: bool | None
    text: str
    hint: str | None = None


def look_up(wanted: Published, asking: Asking) -> Found:
    """Raises nothing."""
    answer = asking.ask(wanted.name, "TXT")
    if not answer.is_known:
        said = f"{wanted.name}: what is published cannot be told: {answer.failed}"
        return Found(None, said, "try again, or ask where the domain is kept")
    records = answer.values
    if not records:
        return _wrong(wanted, "nothing is published", wanted.to_publish)
    if len(records) > 1:
        said = f"{len(records)} records are published, and mailboxes take any of them, or none"
        return _wrong(wanted, said, "leave one: to change keys use another selector")
    return _judged(wanted, records[0])


def _judged(wanted: Published, record: str) -> Found:
    tags = _tags(record)
    kind = tags.get("k", "rsa").lower()
    to_publish = wanted.to_publish
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        shown = one_line(record, _LONGEST_SHOWN)
        return _wrong(wanted, f"what is published is no key: {shown}", to_publish)
    if not tags["p"]:
        said = "the key is revoked (p= is empty): every signature by it fails"
        return _wrong(wanted, said, "make another key, under another selector")
    if wanted.key is not None and kind != wanted.kind:
        shown = one_line(kind, _LONGEST_SHOWN)
        return _wrong(wanted, f"a key of {shown} is published, ours is {wanted.kind}", wanted.elsewhere)
    decoded = _decoded(tags["p"])
    if decoded is None:
        shown = one_line(tags["p"], _LONGEST_SHOWN)
        return _wrong(wanted, f"what is published is no key: {shown}", to_publish)
    if wanted.key is not None and decoded != wanted.key:
        said = "another key than ours is published: every signature would fail"
        return _wrong(wanted, said, wanted.elsewhere)
    if wanted.key is None and (strange := _strange(kind, decoded)) is not None:
        return _wrong(wanted, f"what is published is no key that mailboxes take: {strange}", to_publish)
    if (limit := _limit(tags)) is not None:
        return _wrong(wanted, f"our key is published, but not for this: {limit}", to_publish)
    testing = "y" in _listed(tags.get("t", ""))
    hint = (
        "t=y says that it is only tried, and mailboxes need not mind it: take it away"
        if testing
        else None
    )
    whose = "our key" if wanted.key is not None else "a key"
    return Found(True, f"{wanted.name}: {whose} is published ({kind})", hint)


def _strange(kind: str, key: bytes) -> str | None:
    """What is wrong in a key that is not ours to compare with, as far as its length and beginning tell."""
    if kind == "ed25519":
        return None if len(key) in (32, 44) else "one of ed25519 has 32 bytes"  # RFC 8463 §4.2
    if kind != "rsa":
        return f"k={one_line(kind, _LONGEST_SHOWN)}"
    if not key.startswith(b"\x30"):  # a SEQUENCE of ASN.1, as RFC 6376 §3.6.1 has it
        return "it does not begin as one of RSA"
    if len(key) < _SHORTEST:
        return "it is shorter than 1024 bits (RFC 8301 §3.2)"
    return "it is longer than 16384 bits" if len(key) > _LONGEST else None


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


def _wrong(wanted: Published, said: str, hint: str) -> Found:
    return Found(False, f"{wanted.name}: {said}", hint)
