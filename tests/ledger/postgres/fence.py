"""The fence as a model: blocks with tokens, rows with attempts, and runners that know only what they were
told. Rules 4 to 7 of "Several machines, one record", and nothing of SQL, time or a network. """

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

PENDING, SENDING, DOUBT = "pending", "sending", "in_doubt"
ACCEPTED, REJECTED, DEFERRED, RELEASED = "accepted", "rejected", "deferred", "released"
SENDABLE = (PENDING, DEFERRED)


@dataclass
class Row:
    status: str = PENDING
    was: str = PENDING
    attempt: int | None = None


@dataclass
class Block:
    rows: tuple[str, ...]
    token: int = 0
    owner: int | None = None


@dataclass
class Runner:
    """`tokens` by block, as it believes; `claimed` people with the token that they were handed out under;
    `sent` attempts whose answer it waits for."""

    tokens: dict[int, int] = field(default_factory=dict)
    claimed: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)


class Fence:
    """All of it; each method is one transaction, but for what a runner remembers."""

    def __init__(self, keys: tuple[str, ...], size: int, runners: int) -> None:
        self.rows = {key: Row() for key in keys}
        parts = [keys[at : at + size] for at in range(0, len(keys), size)]
        self.blocks = [Block(part) for part in parts]
        self.runners = [Runner() for _ in range(runners)]
        self._counter = count(1)

    def status(self, key: str) -> str:
        return self.rows[key].status

    def claim(self, runner: int) -> list[str]:
        """Of the blocks it believes in, else of the first that is free, which it takes."""
        one = self.runners[runner]
        found = self._claimed(one)
        for number, block in enumerate(self.blocks):
            if found:
                break
            if block.owner is None:
                self._take(number, runner)
                found = self._claimed(one)
        return found

    def _claimed(self, one: Runner) -> list[str]:
        found = [
            key
            for number in one.tokens
            for key in self.blocks[number].rows
            if self.rows[key].status in SENDABLE and key not in one.claimed and key not in one.sent
        ]
        one.claimed.update((key, one.tokens[self._block_of(key)]) for key in found)
        return found

    def _block_of(self, key: str) -> int:
        return next(number for number, block in enumerate(self.blocks) if key in block.rows)

    def _take(self, number: int, runner: int) -> None:
        block, one = self.blocks[number], self.runners[runner]
        block.token, block.owner = next(self._counter), runner
        one.tokens[number] = block.token
        for key in block.rows:
            row = self.rows[key]
            if row.status == SENDING and row.attempt not in one.sent.values():
                row.status = DOUBT

    def expire(self, runner: int) -> None:
        """It was not heard of for a lease: whoever likes may take its blocks. It does not know."""
        for block in self.blocks:
            if block.owner == runner:
                block.owner = None

    def begin(self, runner: int, key: str, *, lost: bool) -> bool:
        """Whether its dot may leave. The answer to the commit is `lost`, and it was made: undone then."""
        one, number = self.runners[runner], self._block_of(key)
        block, row = self.blocks[number], self.rows[key]
        taken = one.claimed.pop(key)
        if one.tokens.get(number) != taken or block.token != taken:
            one.tokens.pop(number, None)
            return False
        if row.status not in SENDABLE:
            return False
        row.was, row.status, row.attempt = row.status, SENDING, next(self._counter)
        block.owner = runner  # renewed
        if lost:
            row.status, row.attempt = row.was, None
            return False
        one.sent[key] = row.attempt
        return True

    def end(self, runner: int, key: str, answer: str) -> None:
        """The server's answer, however late."""
        attempt, row = self.runners[runner].sent.pop(key), self.rows[key]
        if row.attempt != attempt:
            return
        if row.status in (SENDING, DOUBT):
            row.status = row.was if answer == RELEASED else answer
        elif row.status == PENDING and answer == ACCEPTED:
            row.status = ACCEPTED

    def resolve(self, key: str, to: str) -> None:
        """A person's word about somebody in doubt."""
        if self.rows[key].status == DOUBT:
            self.rows[key].status = to
