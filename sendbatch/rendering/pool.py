"""How the house asks for rows to be checked and messages to be built: by worker processes, several
batches at once. What crosses to them is bytes both ways.

A batch whose worker broke is asked for once more, row by row: whoever breaks one alone is to blame, and
nobody else of the batch suffers from it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from typing import TypeAlias, TypeVar

from sendbatch.errors import AudienceError, Fault, Place
from sendbatch.rendering import batches
from sendbatch.rendering.batches import Built, Surveyed
from sendbatch.rendering.frames import CHECK, RENDER
from sendbatch.rendering.setup import Setup
from sendbatch.rendering.workers import Broken, Workers
from sendbatch.values import Message, Recipient, Row, Unbuildable

T = TypeVar("T")
Heed: TypeAlias = Callable[[], None]  # called while an answer is awaited; what it raises ends that

EACH = 128  # recipients that are rendered in one go where nothing is sent
MOST_CHARACTERS = 4_000_000  # of the cells in one batch, which holds one row at least
MOMENT = 0.1  # seconds between two calls of a `Heed`


class Pool:
    """What is built from one `Setup`; it is sent to each worker once. `workers` are shared with
    other pools."""

    def __init__(self, setup: Setup, workers: Workers) -> None:
        self._setup = setup.to_bytes()
        self._file = setup.rules.file if setup.rules is not None else ""
        self._workers = workers
        self._suspects: set[int] = set()  # IDs of those whose batch broke a worker

    @property
    def width(self) -> int:
        """How many batches are worth having under way at once."""
        return 2 * self._workers.count

    def check(self, parts: Iterable[Sequence[Row]], heed: Heed) -> Iterator[Surveyed]:
        """What was found of each batch, in order, some batches ahead of what is taken.

        Raises AudienceError where `where` fails on a row, or one takes too long or too much memory.
        """
        waiting: deque[tuple[Sequence[Row], Future[bytes]]] = deque()
        for rows in parts:
            waiting.append((rows, self._checking(rows)))
            if len(waiting) >= self.width:
                yield from self._checked(*waiting.popleft(), heed)
        while waiting:
            yield from self._checked(*waiting.popleft(), heed)

    def _checking(self, rows: Sequence[Row]) -> Future[bytes]:
        return self._workers.give(self._setup, CHECK, batches.unchecked(rows), len(rows))

    def _checked(
        self, rows: Sequence[Row], answer: Future[bytes], heed: Heed
    ) -> Iterator[Surveyed]:
        try:
            yield batches.surveyed_from(_awaited(answer, heed))
            return
        except Broken:  # once more, and then it is no accident
            pass
        for row in rows:
            try:
                yield batches.surveyed_from(_awaited(self._checking([row]), heed))
            except Broken as broken:
                place = Place(self._file, row.line)
                hint = "look at recipients.where, recipients.key and the paths of attachments"
                raise AudienceError(Fault(f"checking this row {broken}", place, hint)) from None

    async def render(self, recipients: Sequence[Recipient], now: float) -> Built:
        """One result for each of the first recipients, in order: for as many as fit into one answer,
        at least one. `now` dates those not dated yet."""
        while True:
            asked = self._at_once(recipients)
            try:
                answer = await asyncio.wrap_future(self._rendering(asked, now))
                return self._built(asked, answer)
            except Broken as broken:
                if built := self._blamed(asked, broken):
                    return built

    def each(
        self,
        recipients: Iterable[Recipient],
        now: float,
        heed: Heed,
        reviewer: str | None = None,
    ) -> Iterator[tuple[Recipient, Message | Unbuildable]]:
        """Every recipient with what is built for them, in order, some batches ahead of what is taken:
        their message, or the proof of it for a reviewer."""
        parts: Iterator[Sequence[Recipient]] = in_parts(recipients, EACH)
        waiting: deque[tuple[Sequence[Recipient], Sequence[Recipient], Future[bytes]]] = deque()
        while True:
            while len(waiting) < self.width and (new := next(parts, None)):
                waiting.append((new, new, self._rendering(new, now, reviewer)))
            if not waiting:
                return
            batch, asked, answer = waiting.popleft()
            try:
                built = self._built(asked, _awaited(answer, heed))
            except Broken as broken:
                built = self._blamed(asked, broken)
            yield from zip(asked, built, strict=False)
            if rest := batch[len(built) :]:
                asked = self._at_once(rest)
                waiting.appendleft((rest, asked, self._rendering(asked, now, reviewer)))

    def _rendering(
        self, recipients: Sequence[Recipient], now: float, reviewer: str | None = None
    ) -> Future[bytes]:
        """Fails with Broken where a row takes too long or too much memory."""
        asked = batches.asked(recipients, now, reviewer)
        return self._workers.give(self._setup, RENDER, asked, len(recipients))

    def _at_once(self, recipients: Sequence[Recipient]) -> Sequence[Recipient]:
        """Those that may be built in one batch: whoever is suspected is alone."""
        return recipients[:1] if recipients[0].id in self._suspects else recipients

    def _built(self, asked: Sequence[Recipient], answer: bytes) -> Built:
        self._suspects.discard(asked[0].id)
        return batches.built_from(answer)

    def _blamed(self, asked: Sequence[Recipient], broken: Broken) -> Built:
        """Of those asked for together, who is it? Nobody yet, where they are to be asked for again."""
        first = asked[0]
        if first.id in self._suspects:
            self._suspects.discard(first.id)
            return [Unbuildable(f"building the message {broken}")]
        self._suspects.update(recipient.id for recipient in asked)
        return []


Rows = TypeVar("Rows", Row, Recipient)


def in_parts(rows: Iterable[Rows], most: int) -> Iterator[list[Rows]]:
    """At most so many at a time, and fewer where their cells are long."""
    part: list[Rows] = []
    size = 0
    for row in rows:
        part.append(row)
        size += sum(map(len, row.cells))
        if len(part) >= most or size > MOST_CHARACTERS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _awaited(answer: Future[T], heed: Heed) -> T:
    """Its result. A person who asks to stop is heard, however long it takes."""
    heed()
    while not answer.done():
        wait((answer,), MOMENT)
        heed()
    return answer.result()
