"""One person in a record: who is meant, and all that it tells of them.

An address is matched as keys are, whichever way it is written where it stands; a key also as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from sendbatch.ledger.facts import Entry, Event

FORGOTTEN = "forgotten "  # how the key of who was forgotten begins; behind it stands a hash of theirs
_NAME = re.compile(rf"{FORGOTTEN}[0-9a-f]{{32}}")
SOMEBODY = "(somebody who was forgotten)"  # where a text named them


@dataclass(frozen=True, slots=True)
class Whose:
    """`typed` is how a person said it, `addresses` are what that is as default keys, `keys` what a key may be
    spelled like. `is_theirs` says of a text that is no plain address whether it is one of these."""

    typed: str
    addresses: frozenset[str]
    keys: frozenset[str]
    is_theirs: Callable[[str], bool] = field(repr=False)


@dataclass(frozen=True)
class Names:
    """By which words a text may speak of somebody: `addresses`, in small letters, and keys, which may be so
    short that they stand for other things too."""

    addresses: frozenset[str]
    keys: frozenset[str]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """An address of theirs, and not as a part of another."""
        as_json = {json.dumps(address)[1:-1] for address in self.addresses}
        words = sorted({*self.addresses, *as_json}, key=len, reverse=True)
        either = "|".join(map(re.escape, words)) or "(?!)"
        return re.compile(rf"(?<![\w.+-])(?:{either})(?![\w-]|\.\w)", re.IGNORECASE)

    def stand_in(self, text: str) -> bool:
        return self.pattern.search(text) is not None

    def begin(self, text: str) -> bool:
        """Whether it is told of one of the keys, as by `resolve`."""
        return any(text.startswith(f"{key}: ") for key in self.keys)

    def without(self, text: str) -> str:
        """The same text, in which they are somebody."""
        for key in self.keys:
            if text.startswith(f"{key}: "):
                text = SOMEBODY + text[len(key) :]
                break
        return self.pattern.sub(SOMEBODY, text)


@dataclass(frozen=True, slots=True)
class Try:
    """How one attempt ended, or what a person settled: what happened (an event of `states`), when, and where
    it left the delivery; `email` is where it was tried, if that is not where it would be now."""

    at: float | None
    what: str
    status: str
    code: int | None
    enhanced: str | None
    reply: str | None
    why: str | None
    detail: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """One row or delivery that is theirs. `is_gone`: the last plan has no row of it; `addresses` are all that
    stand there for it, where the mail goes first; `tries` the earlier attempts that are kept, the last one
    stands in the `entry`."""

    entry: Entry
    is_gone: bool
    addresses: tuple[str, ...]
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Stories:
    """All of one record. `events` name them; `others` is how many rows of other people have their address
    among their cells. `forgotten_at` is when they were forgotten there, if they were."""

    stories: tuple[Story, ...] = ()
    events: tuple[Event, ...] = ()
    others: int = 0
    forgotten_at: float | None = None

    def __bool__(self) -> bool:
        return bool(self.stories or self.events or self.others or self.forgotten_at is not None)


@dataclass(frozen=True, slots=True)
class Blanked:
    """What was blanked of somebody in one record: how many rows and deliveries, attempts, and texts of the
    record (events, replies of others, how the last run ended, letters kept for comparison) that name them.
    `others` as in Stories: those stay as they are."""

    rows: int = 0
    attempts: int = 0
    texts: int = 0
    others: int = 0

    def __bool__(self) -> bool:
        return bool(self.rows or self.attempts or self.texts)


def is_forgotten(key: str) -> bool:
    return _NAME.fullmatch(key) is not None


class Words(NamedTuple):
    """What other rooms know: what else a key may be written as, by each of which a later plan knows them; and
    what a letter says that is kept for comparison."""

    spelled: Callable[[str], Collection[str]]
    of_letter: Callable[[str], str]
