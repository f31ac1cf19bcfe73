"""What the changes of a run are as rows to be written: who, under which token and attempt, and where it
leaves them (`standing`). No I/O.

What happens to one delivery in one commit is written in its order: what comes second is of the next wave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sendbatch.ledger.facts import (
    Change,
    Failed,
    InARow,
    Intent,
    Noted,
    Remembered,
    Settled,
)
from sendbatch.ledger.postgres.blocks import Block, Sent
from sendbatch.ledger.standing import UNTRIED, OfOne, Standing, changed, event_of
from sendbatch.ledger.states import SENDABLE
from sendbatch.values import Status

# What is no end of an attempt stands in no story, nor that somebody was accepted at the first.
_PASSING = ("intent", "release", "restore", "own")


class Begun(NamedTuple):
    """An intent, in a block that is held."""

    change: Intent
    attempt: int
    block: Block
    before: Standing
    after: Standing


class Answered(NamedTuple):
    """What became of an intent; `story` says whether that is kept as part of somebody's story."""

    id: int
    attempt: int
    what: str
    at: float | None
    after: Standing
    story: bool


class Stated(NamedTuple):
    """What happened to somebody without an intent. Within `block`, where it is said that only who holds that
    may say it; in any case only where they stand as they did."""

    id: int
    number: int
    what: str
    at: float | None
    block: Block | None
    before: Standing
    after: Standing
    story: bool


@dataclass(slots=True)
class Wave:
    """Of each delivery at most one."""

    begun: list[Begun] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    stated: list[Stated] = field(default_factory=list)


@dataclass(slots=True)
class Writes:
    """`lost` are those whose block is not held any more, `wrong` those who cannot be sent to as they
    stand."""

    waves: list[Wave] = field(default_factory=list)
    told: list[tuple[int, Noted]] = field(default_factory=list)
    remembered: list[Remembered] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    made: dict[int, Standing] = field(default_factory=dict)

    @property
    def begun(self) -> list[Begun]:
        return [one for wave in self.waves for one in wave.begun]

    @property
    def answered(self) -> list[Answered]:
        return [one for wave in self.waves for one in wave.answered]

    @property
    def stated(self) -> list[Stated]:
        return [one for wave in self.waves for one in wave.stated]


class Sorting:
    """Of the changes of one commit. `known` says where somebody stands, `sent` whose answer is awaited,
    `block_of` which held block a delivery is in, `numbers` are ids of attempts."""

    def __init__(
        self,
        known: Mapping[int, Standing],
        sent: Mapping[int, Sent],
        block_of: Callable[[int], Block | None],
        numbers: Callable[[], int],
    ) -> None:
        self._known, self._sent = known, sent
        self._block_of, self._number = block_of, numbers
        self._now: dict[int, Standing] = {}  # where the changes before left somebody
        self._attempt: dict[int, int | None] = {}
        self._wave: dict[int, int] = {}
        self._writes = Writes()

    def sorted(self, changes: Sequence[Change]) -> Writes:
        for change in changes:
            match change:
                case Noted():
                    self._writes.told.append((self._number(), change))
                case Remembered():
                    self._writes.remembered.append(change)
                case InARow():
                    pass  # `streak` counts them
                case Intent():
                    self._begin(change)
                case _:
                    self._end(change)
        self._writes.made = self._now
        return self._writes

    def _begin(self, change: Intent) -> None:
        id_ = change.id
        block, before = self._block_of(id_), self._stands(id_)
        if before is None or before.status not in SENDABLE:
            self._writes.wrong.append(id_)
            return
        if block is None:
            self._writes.lost.append(id_)
            return
        after = changed(before, change)
        assert after is not None
        attempt = self._number()
        self._next_wave(id_).begun.append(Begun(change, attempt, block, before, after))
        self._now[id_], self._attempt[id_] = after, attempt

    def _end(self, change: OfOne) -> None:
        id_ = change.id
        before = self._stands(id_)
        after = changed(before, change) if before is not None else None
        if before is None or after is None:
            return
        what, at = str(event_of(change) or "own"), getattr(change, "at", None)
        story = what not in _PASSING and not (what == "accept" and after.attempts == 1)
        attempt = self._attempt_of(id_)
        wave = self._next_wave(id_)
        if before.status is Status.SENDING and attempt is not None:
            wave.answered.append(Answered(id_, attempt, what, at, after, story))
            self._attempt[id_] = None
        else:
            is_held = isinstance(change, Failed) or (
                isinstance(change, Settled) and change.counts_attempt
            )
            block = self._block_of(id_) if is_held else None
            if is_held and block is None:
                return  # another's by now, who finds out for themselves
            wave.stated.append(
                Stated(id_, self._number(), what, at, block, before, after, story)
            )
        self._now[id_] = after

    def _stands(self, id_: int) -> Standing | None:
        if id_ in self._now:
            return self._now[id_]
        sent = self._sent.get(id_)
        return sent.standing if sent is not None else self._known.get(id_)

    def _attempt_of(self, id_: int) -> int | None:
        if id_ in self._attempt:
            return self._attempt[id_]
        sent = self._sent.get(id_)
        return sent.attempt if sent is not None else None

    def _next_wave(self, id_: int) -> Wave:
        number = self._wave.get(id_, -1) + 1
        self._wave[id_] = number
        if number == len(self._writes.waves):
            self._writes.waves.append(Wave())
        return self._writes.waves[number]


def released(begun: Begun) -> Standing:
    """As before the intent, where a delivery is there by now."""
    before = begun.before
    return before._replace(status=before.status) if before is UNTRIED else before
