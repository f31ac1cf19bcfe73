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

from sendbatch.errors import AudienceError
from sendbatch.rendering import batches
from sendbatch.rendering.batches import Built, Surveyed
from sendbatch.rendering.frames import CHECK, RENDER
from sendbatch.rendering.setup import Setup
from sendbatch.rendering.worker import Worker
from sendbatch.rendering.workers import Broken, Workers
from sendbatch.values import Recipient, Row, Unbuildable

SMALL = 1000  # rows; starting processes takes as long as a thousand rows
ROW_PATIENCE = 10.0  # seconds for one row, once its batch broke a worker


class Pool:
    """What is built from one `Setup`; it is sent to each worker once. `workers` are shared with
    other pools and None where everything is to happen in this process."""

    def __init__(self, setup: Setup, workers: Workers | None = None) -> None:
        self._setup = setup.to_bytes()
        self._workers = workers
        self._here: Worker | None = None
        self._asked = 0

    @property
    def width(self) -> int:
        """How many batches are worth having under way at once."""
        return 2 * self._workers.count if self._workers is not None else 1

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
            found = batches.surveyed_from(self._worker.check(data))
            return lambda: found
        assert self._workers is not None
        answer = self._workers.give(self._setup, CHECK, data)
        return lambda: batches.surveyed_from(self._checked(answer, data))

    def _checked(self, answer: Future[bytes], data: bytes) -> bytes:
        try:
            return answer.result()
        except Broken:  # once more, and then it is no accident
            assert self._workers is not None
            try:
                return self._workers.give(self._setup, CHECK, data).result()
            except Broken:
                raise AudienceError(
                    "checking some rows took too long or all memory; look at recipients.where and key"
                ) from None

    def render_now(self, recipients: Sequence[Recipient], now: float) -> Built:
        """One result for each recipient, in order; `now` dates those not dated yet."""
        built: Built = []
        while len(built) < len(recipients):
            built += self._some(recipients[len(built) :], now)
        return built

    async def render(self, recipients: Sequence[Recipient], now: float) -> Built:
        """As `render_now`, off the event loop, so that replies are read while messages are built."""
        return await asyncio.to_thread(self.render_now, recipients, now)

    def _some(self, recipients: Sequence[Recipient], now: float) -> Built:
        """The first of them, as many as fit into one answer."""
        data = batches.asked(recipients, now)
        if self._is_small(len(recipients)):
            return batches.built_from(self._worker.render(data))
        assert self._workers is not None
        try:
            return batches.built_from(self._workers.give(self._setup, RENDER, data).result())
        except Broken:
            alone = partial(self._alone, now=now)
            return [message for recipient in recipients for message in alone(recipient)]

    def _alone(self, recipient: Recipient, now: float) -> Built:
        """One row of a batch that broke a worker: is it this one?"""
        assert self._workers is not None
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
        if self._workers is None:
            return True
        return self._asked <= SMALL and not self._workers.has_started

    @property
    def _worker(self) -> Worker:
        if self._here is None:
            self._here = Worker(self._setup)
        return self._here
