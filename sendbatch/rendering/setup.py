"""All that a worker is told, once and as bytes: the content, the rules, the columns, the salt, and the keys
that sign. It comes over a pipe: nothing secret stands in a file, in arguments or in an environment."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field

from sendbatch.audience.rules import Rules
from sendbatch.message.checks.traits import Gaps
from sendbatch.message.content import Content
from sendbatch.message.dkim.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Looking:
    """What is looked for in messages that nobody is sent: the texts `sought`, each in all its spellings; the
    `gaps` that empty values leave; and, where it `traces`, the ways that their templates take."""

    sought: tuple[tuple[str, ...], ...] = ()
    traces: bool = False
    gaps: Gaps = field(default_factory=Gaps)


@dataclass(frozen=True, slots=True)
class Setup:
    """`columns` are the plan's, in the order of every row's cells; `salt` is the record's.

    `rules` are None for a worker that only builds messages.
    """

    content: Content
    rules: Rules | None
    columns: tuple[str, ...]
    salt: bytes
    size_limit: int | None = None  # bytes of a whole message, if the provider publishes it
    keys: tuple[SigningKey, ...] = ()  # that sign each message; nothing shows them
    marked: bool = False  # each checked row is told with what suppression and look-ups go by
    looking: Looking | None = None  # no message is asked for, but what is to be known of each

    def to_bytes(self) -> bytes:
        return pickle.dumps(self, protocol=5)


def setup_from(data: bytes) -> Setup:
    """The other end of `Setup.to_bytes`; `data` comes from our own process, never from a file."""
    setup = pickle.loads(data)  # noqa: S301
    assert isinstance(setup, Setup)
    return setup


def too_large(size: int, limit: int) -> str:
    """What is said of a row whose attachments and pictures the server does not take."""
    return f"its files make a message of {size:,} bytes; the server takes {limit:,}"
