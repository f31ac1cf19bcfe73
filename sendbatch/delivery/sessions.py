"""Refusals that speak of one connection, and not of the row: by their words, or as a new one does not repeat
them. No I/O and no clock.

What a server says in words of its own to MAIL, RCPT or DATA, twice after the same number of accepted
messages, may be how much a connection carries. Then the second row goes over another one, with no attempt
counted. Is it refused there as well, these words speak of the row, whoever hears them; is it accepted, they
speak of the connection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from sendbatch.smtp.meanings import ADDRESS, About, meaning
from sendbatch.values import Outcome, Reply, Status

MOST_WORDS = (
    8  # different ones that are asked about in a run: some servers put a number into each reply
)
MOST_ROWS = 50  # that are kept for each
TRIES = 2  # refusals of one row after which they are its own
_VARIABLE = re.compile(r"\S*\d\S*")  # numbers, hosts, identifiers


class Whose(Enum):
    """Of whom a refusal speaks: `LIMIT` is the connection, and how much it may carry."""

    ROW = "row"
    CONNECTION = "connection"
    LIMIT = "limit"


class Found(NamedTuple):
    """Words that are seen to speak of a connection `after` so many accepted messages. `rows` were blamed for
    them before that was known."""

    after: int
    rows: list[int]


@dataclass
class _Words:
    """What is known of some words. `heard` are those blamed for them, by how many were accepted before;
    `asked` those that go over another connection, by how often."""

    whose: Whose | None = None
    heard: dict[int, int] = field(default_factory=dict)
    asked: dict[int, int] = field(default_factory=dict)


class Sessions:
    """What a run has learned of refusals."""

    def __init__(self) -> None:
        self._words: dict[str, _Words] = {}
        self._asked: dict[int, tuple[str, int]] = {}  # by row: its words, after how many accepted

    def judge(self, recipient: int, outcome: Outcome, accepted: int, refused: int) -> Whose:
        """Of whom this outcome speaks, on a connection with so many accepted messages and refused recipients
        before it."""
        reply = outcome.reply
        if reply is None or outcome.status not in (Status.DEFERRED, Status.REJECTED):
            return Whose.ROW
        if refused and (reply.code == 421 or reply.command in ("MAIL", "RSET")):
            return Whose.CONNECTION
        if reply.command == "MESSAGE" or outcome.lost:
            return Whose.ROW
        about = meaning(reply)
        if about is About.CONNECTION:
            return Whose.LIMIT if accepted else Whose.CONNECTION if refused else Whose.ROW
        if about in (
            About.RATE,
            About.QUOTA,
        ):  # slower, or later: a new connection is told the same
            return Whose.ROW
        if reply.command == "MAIL" and reply.code < 500:
            return Whose.LIMIT if accepted else Whose.ROW
        return self._judge_by_trying(recipient, reply, accepted) if about is None else Whose.ROW

    def accepted(self, recipient: int, accepted: int) -> Found | None:
        """This row was taken on a connection with so many accepted before: what that shows of the words with
        which another one had refused it."""
        if not self._asked:  # as nearly always
            return None
        said, after = self._asked.pop(recipient, ("", 0))
        words = self._words.get(said)
        if words is None or words.whose is not None:
            return None
        words.whose = Whose.LIMIT if accepted < after else Whose.ROW
        return Found(after, list(words.heard.values())) if words.whose is Whose.LIMIT else None

    def _judge_by_trying(self, recipient: int, reply: Reply, accepted: int) -> Whose:
        said = f"{reply.command} {reply.code} {_VARIABLE.sub('#', ADDRESS.sub('#', reply.text))}"
        words = self._words.get(said)
        if words is None:
            if not accepted or len(self._words) >= MOST_WORDS:
                return Whose.ROW
            words = self._words[said] = _Words()
        if not accepted:  # a new connection says it too
            words.whose = Whose.ROW
        if words.whose is not None:
            return words.whose
        if accepted not in words.heard and recipient not in words.asked:
            if len(words.heard) < MOST_ROWS:
                words.heard[accepted] = recipient
            return Whose.ROW
        return self._ask(recipient, said, words, accepted)

    def _ask(self, recipient: int, said: str, words: _Words, accepted: int) -> Whose:
        """Whether another connection says it too."""
        words.asked[recipient] = words.asked.get(recipient, 0) + 1
        if words.asked[recipient] > TRIES or len(words.asked) > MOST_ROWS:
            words.whose = Whose.ROW
            return Whose.ROW
        self._asked.setdefault(recipient, (said, accepted))
        return Whose.CONNECTION
