"""What the signatures in a mail say that they are over (RFC 6376 §3.5). Whether they hold says the server
that took the mail in: a mail that was saved may have changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sendbatch.arrival.authentication import Verdict
from sendbatch.arrival.reading import Arrived, Field

NAME = "dkim-signature"
MOST = 50  # that are looked at
_MOST_NAMES = 1000  # that one is over


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM-Signature. `names` are the headers it is over, in lower case; `length` what `l=` says; `held`
    is what the receiving server found, None where it says nothing of this one."""

    domain: str
    selector: str
    algorithm: str
    names: tuple[str, ...]
    length: str | None
    field: Field
    held: bool | None

    @property
    def called(self) -> str:
        return f"{self.domain or '?'} ({self.selector or '?'})"


class _Tags(NamedTuple):
    domain: str
    selector: str
    start: str


def signatures_of(mail: Arrived, verdict: Verdict | None) -> list[Signature]:
    """The first, from the top."""
    found = []
    for field in mail.all(NAME)[:MOST]:
        tags = tags_of(field.value)
        key = _Tags(tags.get("d", "").lower(), tags.get("s", "").lower(), tags.get("b", ""))
        names = tags.get("h", "").lower().split(":", _MOST_NAMES)[:_MOST_NAMES]
        found.append(
            Signature(
                key.domain,
                key.selector,
                tags.get("a", "").lower(),
                tuple(filter(None, names)),
                tags.get("l"),
                field,
                _held(key, verdict),
            )
        )
    return found


def _held(key: _Tags, verdict: Verdict | None) -> bool | None:
    """By its own result: of several of one domain the one with its selector and the beginning of its `b=`
    (RFC 6008 §4)."""
    if verdict is None:
        return None
    own = [
        one
        for one in verdict.of("dkim")
        if one.domain == key.domain
        and one.properties.get("header.s", key.selector).lower() == key.selector
        and key.start.startswith(one.properties.get("header.b", ""))
    ]
    return any(one.passed for one in own) if own else None


def tags_of(record: str) -> dict[str, str]:
    """RFC 6376 §3.2: `name=value` between semicolons; blanks within a value count for nothing here."""
    pairs = (tag.partition("=")[::2] for tag in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, value in pairs if name.strip()}
