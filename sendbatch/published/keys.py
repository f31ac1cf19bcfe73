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
        return _wrong(wanted, f"a key of {shown} is published, ours is {wanted.kind}", to_publish)
    decoded = _decoded(tags["p"])
    if decoded is None:
        shown = one_line(tags["p"], _LONGEST_SHOWN)
        return _wrong(wanted, f"what is published is no key: {shown}", to_publish)
    if wanted.key is not None and decoded != wanted.key:
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
    whose = "our key" if wanted.key is not None else "a key"
    return Found(True, f"{wanted.name}: {whose} is published ({kind})", hint)


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
