"""Announced: where other machines have to see it first, nobody is sent to before. No I/O and no clock.

It has none in hand until a block of recipients was announced. A connection that is there, and may send by all
other gates, is told so, and by that asks for the next block; until it is announced nobody goes.
"""

from __future__ import annotations

from collections.abc import Callable

from sendbatch.limits.gates import ANY_NUMBER, ANY_TIME, NEVER, Hold, Metered
from sendbatch.values import Status

WHOM = "the repository"
WHY = "the repository to take down who is next"


class Announced(Metered):
    """Stands behind all other gates. `ids` were announced last; `asked` is called where somebody could go if
    they were announced."""

    def __init__(self) -> None:
        self.ids: frozenset[int] = frozenset()
        self.on_the_way: set[int] = set()
        self.moved_at = ANY_TIME  # the last time one went, or was answered
        self.asked: Callable[[], None] = lambda: None
        self._is_open = False

    def open(self, now: float) -> None:
        """Those announced may go."""
        self._is_open, self.until, self.moved_at = True, ANY_TIME, now

    def shut(self) -> None:
        """Nobody goes, until somebody asks."""
        self._is_open, self.until = False, ANY_TIME

    def announcing(self) -> None:
        """Nobody goes or asks."""
        self._is_open, self.until = False, NEVER

    def hold(self, domain: str) -> Hold:
        return Hold(WHOM, WHY)

    def within(self, now: float, domain: str, seconds: float) -> float:
        return ANY_NUMBER

    def has_some(self) -> bool:
        return self._is_open

    async def refill(self) -> None:
        if not self._is_open:
            self.announcing()
            self.asked()

    async def give_back(self) -> None:
        """What was announced is told of once more when the run ends, and not from here."""

    def went(self, now: float, domain: str, recipient_id: int) -> None:
        if recipient_id not in self.ids:  # never: nobody else is in the queue while it is open
            raise RuntimeError("a recipient was about to be sent to who had not been announced")
        self.on_the_way.add(recipient_id)
        self.moved_at = now

    def answered(self, now: float, domain: str, recipient_id: int, status: Status) -> str:
        self.on_the_way.discard(recipient_id)
        self.moved_at = now
        return ""
