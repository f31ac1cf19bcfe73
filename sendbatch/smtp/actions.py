"""What a transaction wants done, in the order in which it says so, and what it may be given along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from sendbatch.values import Message, Outcome


@dataclass(frozen=True, slots=True)
class Write:
    """Write these few bytes at once."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SendBody:
    """Write a large body at the pace of the connection; other events may come meanwhile."""

    data: bytes


@dataclass(frozen=True, slots=True)
class MakeDurable:
    """Make the intent of the message started last durable, then tell by `durable`."""


@dataclass(frozen=True, slots=True)
class Settle:
    """The message started last has ended so."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Drop:
    """Drop the connection without another byte, not even one that is buffered."""


Action: TypeAlias = Write | SendBody | MakeDurable | Settle | Drop


@dataclass(frozen=True, slots=True)
class Quit:
    """Goes along with a dot where nothing follows on this connection."""


QUIT: Final = Quit()
Along: TypeAlias = Message | Quit | None  # what goes in the same write as a dot
