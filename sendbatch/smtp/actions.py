"""What a transaction wants done, in the order in which it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sendbatch.values import Outcome


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
