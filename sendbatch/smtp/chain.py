"""The messages of one `carry`: which one is under way, what follows it, where they come from and go to."""

from __future__ import annotations

import asyncio
from typing import Generic

from sendbatch.smtp.actions import Along
from sendbatch.smtp.transport import Fact, IntentLog, P_co, Quit, Sink, Source, Written
from sendbatch.values import Message


class Chain(Generic[P_co]):
    """Asks and tells the ports for `message`, which is under way. `over` is done once nothing follows any
    more, and then `error` says what of them has failed."""

    def __init__(
        self,
        first: P_co,
        source: Source[P_co],
        intents: IntentLog[P_co],
        sink: Sink[P_co],
        over: asyncio.Future[None],
    ) -> None:
        self.message = first.message
        self._under_way = first
        self._next: P_co | None = None
        self._source, self._intents, self._sink = source, intents, sink
        self.over = over
        self.error: BaseException | None = None

    def write_intent(self, written: Written) -> None:
        """Of the message under way."""
        self._intents.write((self._under_way,), written)

    def following(self) -> Along:
        """What may go along with its dot."""
        along = self._source.following()
        if along is None or isinstance(along, Quit):
            return along
        self._next = along
        return along.message

    def ended(self, fact: Fact) -> Message | None:
        """It has ended so; returns the message that is under way then, if one followed."""
        ended, following = self._under_way, self._next
        if following is None:
            self._sink.ended(ended, fact)
            return None
        self._under_way, self._next = following, None
        self.message = message = following.message
        self._sink.ended(ended, fact)
        return message

    def ends(self, error: BaseException | None = None) -> None:
        """Whoever awaits it is woken."""
        self.error = error
        if not self.over.done():
            self.over.set_result(None)
