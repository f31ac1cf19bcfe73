"""How the house asks for rows to be checked and messages to be built.

A small campaign is dealt with in this process; beyond `SMALL` rows, or where worker processes were
started before, batches go to them, several at once. What crosses to either is bytes both ways.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from functools import partial
from itertools import islice
from typing import TypeAlias, TypeVar

from sendbatch.errors import AudienceError
from sendbatch.rendering import batches
from sendbatch.rendering.batches import Built, Surveyed
from sendbatch.rendering.frames import CHECK, RENDER
from sendbatch.rendering.here import Here, in_thread
from sendbatch.rendering.setup import Setup
from sendbatch.rendering.worker import MOST_BYTES
from sendbatch.rendering.workers import PATIENCE, Broken, Workers
from sendbatch.values import Message, Recipient, Row, Unbuildable

T = TypeVar("T")
Heed: TypeAlias = Callable[[], None]  # called while an answer is awaited; what it raises ends that

SMALL = 1000  # rows; starting processes takes as long as a thousand rows
# Seconds for one row whose batch broke a worker, or to build a batch in this process.
ROW_PATIENCE = 10.0
EACH = 128  # recipients that are rendered in one go where nothing is sent
MOMENT = 0.1  # seconds between two calls of a `Heed`


class Pool:
    """What is built from one `Setup`; it is sent to each worker once. `workers` are shared with
    other pools."""

    def __init__(self, setup: Setup, workers: Workers) -> None:
        self._setup = setup.to_bytes()
        self._workers = workers
        self._here = Here(self._setup, workers.watch)
        self._asked = 0

    @property
    def width(self) -> int:
        """How many batches are worth having under way at once."""
        return 2 * self._workers.count

    def check(self, parts: Iterable[Sequence[Row]], heed: Heed) -> Iterator[Surveyed]:
        """What was found of each batch, in order, some batches ahead of what is taken.

        Raises AudienceError where `where` fails on a row, or a batch takes too long.
        """
        waiting: deque[tuple[Sequence[Row], Future[bytes]]] = deque()
        for rows in parts:
            waiting.append((rows, self._given(CHECK, batches.unchecked(rows), len(rows))))
            if len(waiting) >= self.width:
                yield self._checked(*waiting.popleft(), heed)
        while waiting:
            yield self._checked(*waiting.popleft(), heed)

    def _checked(self, rows: Sequence[Row], answer: Future[bytes], heed: Heed) -> Surveyed:
        try:
            return batches.surveyed_from(_awaited(answer, heed))
        except Broken:  # once more, and then it is no accident
            data = batches.unchecked(rows)
            again = self._workers.give(self._setup, CHECK, data)
            try:
                return batches.surveyed_from(_awaited(again, heed))
            except Broken:
                raise AudienceError(
                    f"checking the rows {rows[0].line} to {rows[-1].line} took too long or all memory",
                    hint="look at recipients.where, recipients.key and the paths of attachments",
                ) from None

    async def render(self, recipients: Sequence[Recipient], now: float) -> Built:
        """One result for each of the first recipients, in order: for as many as fit into one answer,
        at least one. `now` dates those not dated yet."""
        try:
            return batches.built_from(await asyncio.wrap_future(self._rendering(recipients, now)))
        except Broken:
            alone = in_thread(partial(self._one_by_one, recipients, now, lambda: None))
            return await asyncio.wrap_future(alone)

    def each(
        self, recipients: Iterable[Recipient], now: float, heed: Heed
    ) -> Iterator[tuple[Recipient, Message | Unbuildable]]:
        """Every recipient with what is built for them, in order, some batches ahead of what is taken."""
        source = iter(recipients)
        waiting: deque[tuple[Sequence[Recipient], Future[bytes]]] = deque()
        while True:
            while len(waiting) < self.width and (batch := list(islice(source, EACH))):
                waiting.append((batch, self._rendering(batch, now)))
            if not waiting:
                return
            first, answer = waiting.popleft()
            try:
                built = batches.built_from(_awaited(answer, heed))
            except Broken:
                built = self._one_by_one(first, now, heed)
            yield from zip(first, built, strict=False)
            if rest := first[len(built) :]:
                waiting.appendleft((rest, self._rendering(rest, now)))

    def _rendering(self, recipients: Sequence[Recipient], now: float) -> Future[bytes]:
        """Fails with Broken where it takes too long."""
        return self._given(RENDER, batches.asked(recipients, now), len(recipients))

    def _given(self, kind: bytes, data: bytes, rows: int) -> Future[bytes]:
        if self._is_small(rows):
            return self._here.give(kind, data, PATIENCE if kind == CHECK else ROW_PATIENCE)
        return self._workers.give(self._setup, kind, data)

    def _one_by_one(self, recipients: Sequence[Recipient], now: float, heed: Heed) -> Built:
        """Of a batch that took too long or broke a worker: which row is it? As many as fit into one
        answer."""
        built: Built = []
        size = 0
        for recipient in recipients:
            if size > MOST_BYTES:
                break
            built += self._alone(recipient, now, heed)
            size += len(built[-1].data) if isinstance(built[-1], Message) else 0
        return built

    def _alone(self, recipient: Recipient, now: float, heed: Heed) -> Built:
        data = batches.asked([recipient], now)
        try:
            answer = self._workers.give(self._setup, RENDER, data, ROW_PATIENCE)
            return batches.built_from(_awaited(answer, heed))
        except Broken:
            reason = (
                f"building the message took longer than {ROW_PATIENCE:.0f} s or all memory "
                f"(row {recipient.row})"
            )
            return [Unbuildable(reason)]

    def _is_small(self, rows: int) -> bool:
        self._asked += rows
        few = self._asked <= SMALL and not self._workers.has_started
        return few and not self._here.is_stuck


def _awaited(answer: Future[T], heed: Heed) -> T:
    """Its result. A person who asks to stop is heard, however long it takes."""
    heed()
    while not answer.done():
        wait((answer,), MOMENT)
        heed()
    return answer.result()
