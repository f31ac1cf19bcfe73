"""What a project knows of all its records: how far each is, so that one that was deleted or set back is
missed.

It stands in a ref of its own, sealed as a record is. A record is told by an HMAC over its ref. No I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sendbatch.ledger.git.pages import Changed, opened, sealed
from sendbatch.ledger.git.receipts import ID, Secret

PAGE = "records"


class Seen(NamedTuple):
    """The number of a record's commit, how many had the mail or may have it by then, and that commit."""

    number: int
    sent: int
    commit: str


def written(known: Mapping[str, Seen], secret: Secret) -> dict[str, bytes]:
    lines = (f"{id_} {one.number} {one.sent} {one.commit}\n" for id_, one in sorted(known.items()))
    return sealed({PAGE: "".join(lines).encode()}, secret)


def read(files: Mapping[str, bytes], secret: Secret) -> dict[str, Seen]:
    """Raises OtherKey, Newer, Changed."""
    rest = opened(files, secret)
    known = {}
    try:
        for line in rest[PAGE].decode("ascii").splitlines():
            id_, number, sent, commit = line.split(" ")
            if not ID.fullmatch(id_) or not set(commit) <= set("0123456789abcdef"):
                raise ValueError(line)
            known[id_] = Seen(int(number), int(sent), commit)
    except (KeyError, ValueError):
        raise Changed("no page of records") from None
    return known


def id_of(ref: str, secret: Secret) -> str:
    return secret.id_of(ref)
