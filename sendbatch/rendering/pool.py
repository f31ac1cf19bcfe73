"""How the house asks for rows to be checked and messages to be built.

There is one worker for now, in this process. What crosses to it is bytes both ways, so that
processes can take its place behind the same three methods.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence

from sendbatch.rendering.setup import Setup, Survey
from sendbatch.rendering.worker import Worker
from sendbatch.values import Message, Recipient, Row, Unbuildable


class Pool:
    """Made once for a plan or a run; `setup` is sent once."""

    def __init__(self, setup: Setup) -> None:
        self._worker = Worker(setup.to_bytes())

    def check(self, rows: Sequence[Row]) -> list[Survey]:
        """Raises AudienceError where `where` fails on a row."""
        surveys: list[Survey] = pickle.loads(  # noqa: S301 - our own worker wrote it
            self._worker.check(pickle.dumps(list(rows), protocol=5))
        )
        return surveys

    def render_now(
        self, recipients: Sequence[Recipient], now: float
    ) -> list[Message | Unbuildable]:
        """One result for each recipient, in order; `now` dates those not dated yet."""
        built: list[Message | Unbuildable] = pickle.loads(  # noqa: S301 - our own worker wrote it
            self._worker.render(pickle.dumps((list(recipients), now), protocol=5))
        )
        return built

    async def render(
        self, recipients: Sequence[Recipient], now: float
    ) -> list[Message | Unbuildable]:
        """As `render_now`, off the event loop, so that replies are read while messages are built."""
        return await asyncio.to_thread(self.render_now, recipients, now)
