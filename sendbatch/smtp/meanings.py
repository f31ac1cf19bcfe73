"""What a refusal speaks about: the recipient, the message, or us.

The knowledge is data, in `meanings.yaml` beside this file, each entry with the page it is from. Text never
makes a message `accepted`, and it condemns nobody: it steers the pace, and holds back what is not the
recipient's fault (RFC 5321 §4.2.1 gives the same codes to both). No I/O once the file is read.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache, lru_cache
from itertools import groupby
from typing import TypedDict, cast

from sendbatch.runtime.datafiles import loaded, text_of
from sendbatch.values import Reply

# An address is data of somebody's list, and may be called anything.
_ADDRESS = re.compile(r"<[^<>]*@[^<>]*>|[^\s<>,;:()]+@[^\s<>,;:()]+")


class About(StrEnum):
    """Whom or what a reply is known to speak about; the words of meanings.yaml."""

    MAILBOX = "mailbox"
    MESSAGE = "message"
    CONNECTION = "connection"
    GREYLISTING = "greylisting"
    RATE = "rate"
    QUOTA = "quota"
    SENDER = "sender"
    ACCOUNT = "account"
    SET_UP = "set-up"


class Entry(TypedDict):
    """One of meanings.yaml. It is ours, so it is trusted; the tests hold it to its rules."""

    about: str
    pattern: str
    reply: str
    source: str


def meaning(reply: Reply) -> About | None:
    """What a refusal speaks about, None where nobody knows; the first entry that fits decides."""
    return _meaning(line_of(reply))


def line_of(reply: Reply) -> str:
    """What patterns are searched in: "CODE ENHANCED TEXT", without addresses."""
    said = _ADDRESS.sub("<>", reply.text)
    return f"{reply.code} {reply.enhanced} {said}" if reply.enhanced else f"{reply.code} {said}"


@lru_cache(maxsize=1024)  # a server says the same to thousands
def _meaning(line: str) -> About | None:
    return next((about for about, pattern in _patterns() if pattern.search(line)), None)


def entries() -> list[Entry]:
    """All there are, in the file's order. Read once a run meets its first refusal, for it takes 70 ms."""
    return cast(list[Entry], loaded(text_of("sendbatch.smtp", "meanings.yaml")))


@cache
def _patterns() -> tuple[tuple[About, re.Pattern[str]], ...]:
    """Neighbours that speak about the same are one pattern: a refusal costs a dozen searches, not seventy."""
    neighbours = groupby(entries(), key=lambda entry: entry["about"])
    return tuple((About(about), _any_of(list(some))) for about, some in neighbours)


def _any_of(some: list[Entry]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{entry['pattern']})" for entry in some), re.IGNORECASE)
