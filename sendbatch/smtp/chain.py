"""The messages of one `carry`: which one is under way, what follows it, where they come from and go to."""

from __future__ import annotations

import asyncio
from typing import Generic

from sendbatch.smtp.transport import IntentLog, P_co, Sink, Source


class Chain(Generic[P_co]):
    """`under_way` is handed over now, `following` went along with its dot. `over` is done once nothing
    follows any more, and then `error` says what of the ports has failed."""

    def __init__(
        self,
        first: P_co,
        source: Source[P_co],
        intents: IntentLog[P_co],
        sink: Sink[P_co],
        over: asyncio.Future[None],
    ) -> None:
        self.under_way = first
        self.following: P_co | None = None
        self.source, self.intents, self.sink = source, intents, sink
        self.over = over
        self.error: BaseException | None = None

    def ends(self, error: BaseException | None = None) -> None:
        """Whoever awaits it is woken."""
        self.error = error
        if not self.over.done():
            self.over.set_result(None)
