"""What a transaction wants done, in the order in which it says so, and what it may be given along.

Named tuples, as the changes of the record are: some are made for every message, and a frozen dataclass
takes twice as long to make.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from sendbatch.smtp.transport import Fact, Quit
from sendbatch.values import Message


class Write(NamedTuple):
    """Write these few bytes at once."""

    data: bytes


class SendBody(NamedTuple):
    """Write a large body at the pace of the connection; other events may come meanwhile."""

    data: bytes


class MakeDurable(NamedTuple):
    """Make the intent of the message started last durable, then tell by `durable`."""


class Settle(NamedTuple):
    """The message started last has ended so."""

    fact: Fact


class Drop(NamedTuple):
    """Drop the connection without another byte, not even one that is buffered."""


Action: TypeAlias = Write | SendBody | MakeDurable | Settle | Drop
Along: TypeAlias = Message | Quit | None  # what goes in the same write as a dot
