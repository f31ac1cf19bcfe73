"""How the house asks for rows to be checked and messages to be built.

A small campaign is dealt with in this process; beyond `SMALL` rows, or where worker processes were
started before, batches go to them, several at once. What crosses to either is bytes both ways.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import islice

from sendbatch.errors import AudienceError
from sendbatch.rendering import batches
from sendbatch.rendering.batches import Built, Surveyed
from sendbatch.rendering.frames import CHECK, RENDER
from sendbatch.rendering.here import Here, in_thread
from sendbatch.rendering.setup import Setup
from sendbatch.rendering.worker import MOST_BYTES
from sendbatch.rendering.workers import Broken, Workers
from sendbatch.values import Message, Recipient, Row, Unbuildable

SMALL = 1000  # rows; starting processes takes as long as a thousand rows
ROW_PATIENCE = 10.0  # seconds for one row, once its batch broke a worker, or for a batch in this process
EACH = 128  # recipients that are rendered in one go where nothing is sent


class Pool:
    """What is built from one `Setup`; it is sent to each worker once. `workers` are shared with
    other pools."""

    def __init__(self, setup: Setup, workers: Workers) -> None:
        self._setup = setup.to_bytes()
        self._workers = workers
        self._here = Here(self._setup)
        self._asked = 0

    @property
    def width(self) -> int:
        """How many batches are worth having under way at once."""
        return 2 * self._workers.count

    def check(self, parts: Iterable[Sequence[Row]]) -> Iterator[Surveyed]:
        """What was found of each batch, in order, some batches ahead of what is taken.

        Raises AudienceError where `where` fails on a row.
        """
        waiting: deque[Callable[[], Surveyed]] = deque()
        for rows in parts:
            waiting.append(self._checking(rows))
            if len(waiting) >= self.width:
                yield waiting.popleft()()
        while waiting:
            yield waiting.popleft()()

    def _checking(self, rows: Sequence[Row]) -> Callable[[], Surveyed]:
        data = batches.unchecked(rows)
        if self._is_small(len(rows)):
            found = batches.surveyed_from(self._here.worker.check(data))
            return lambda: found
        answer = self._workers.give(self._setup, CHECK, data)
        return lambda: batches.surveyed_from(self._checked(answer, data))

    def _checked(self, answer: Future[bytes], data: bytes) -> bytes:
        try:
            return answer.result()
        except Broken:  # once more, and then it is no accident
            try:
                return self._workers.give(self._setup, CHECK, data).result()
            except Broken:
                raise AudienceError(
                    "checking some rows took too long or all memory; look at recipients.where and key"
                ) from None

    async def render(self, recipients: Sequence[Recipient], now: float) -> Built:
        """One result for each of the first recipients, in order: for as many as fit into one answer,
        at least one. `now` dates those not dated yet."""
        try:
            return batches.built_from(await asyncio.wrap_future(self._rendering(recipients, now)))
        except Broken:
            alone = in_thread(partial(self._one_by_one, recipients, now))
            return await asyncio.wrap_future(alone)

    def each(
        self, recipients: Iterable[Recipient], now: float
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
                built = batches.built_from(answer.result())
            except Broken:
                built = self._one_by_one(first, now)
            yield from zip(first, built, strict=False)
            if rest := first[len(built) :]:
                waiting.appendleft((rest, self._rendering(rest, now)))

    def _rendering(self, recipients: Sequence[Recipient], now: float) -> Future[bytes]:
        """Fails with Broken where it takes too long."""
        data = batches.asked(recipients, now)
        if self._is_small(len(recipients)):
            return self._here.render(data, ROW_PATIENCE)
        return self._workers.give(self._setup, RENDER, data)

    def _one_by_one(self, recipients: Sequence[Recipient], now: float) -> Built:
        """Of a batch that took too long or broke a worker: which row is it? As many as fit into one
        answer."""
        built: Built = []
        size = 0
        for recipient in recipients:
            if size > MOST_BYTES:
                break
            built += self._alone(recipient, now)
            size += len(built[-1].data) if isinstance(built[-1], Message) else 0
        return built

    def _alone(self, recipient: Recipient, now: float) -> Built:
        data = batches.asked([recipient], now)
        try:
            answer = self._workers.give(self._setup, RENDER, data, ROW_PATIENCE)
            return batches.built_from(answer.result())
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
