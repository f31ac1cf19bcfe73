"""The line of messages that are ready to go, bounded in number and bytes.

First in, first out, but for a recipient domain whose own limit holds it back: the others pass it.
A released message goes back to the front.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sendbatch.values import Message, Recipient

MOST_MESSAGES = 512
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ready:
    """One recipient with the message built for it; `domain` is the address's, as A-labels."""

    recipient: Recipient
    message: Message
    domain: str


class Line:
    """Ready messages in order.

    `filled` wakes the senders: something was added, or nothing will be any more. `drained` wakes the
    feed, which alone clears it: there is room, or something was settled. `over` ends pauses: nothing
    waits here any more, and nothing will be added.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[int, Ready] = OrderedDict()
        self._bytes = 0
        self.filled = asyncio.Event()
        self.drained = asyncio.Event()
        self.over = asyncio.Event()
        self.closed = False  # nothing will be added any more

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def has_room(self) -> bool:
        return len(self._waiting) < MOST_MESSAGES and self._bytes < MOST_BYTES

    def add(self, ready: Ready, *, first: bool = False) -> None:
        self._waiting[ready.recipient.id] = ready
        if first:
            self._waiting.move_to_end(ready.recipient.id, last=False)
        self._bytes += len(ready.message.data)
        self.over.clear()
        self.filled.set()

    def take(self, due: Callable[[str], float], now: float) -> Ready | None:
        """The first message whose domain's slot is due; `due(domain)` says when that is."""
        held: set[str] = set()
        for ready in self._waiting.values():
            if ready.domain in held:
                continue
            if due(ready.domain) <= now:
                return self._remove(ready)
            held.add(ready.domain)
        return None

    def earliest(self, due: Callable[[str], float], now: float) -> float:
        """When the first slot for any of the waiting domains is due; `now` if one is due already."""
        soonest = float("inf")
        asked: set[str] = set()
        for ready in self._waiting.values():
            if ready.domain not in asked:
                asked.add(ready.domain)
                soonest = min(soonest, due(ready.domain))
                if soonest <= now:
                    return now
        return soonest

    def clear(self) -> None:
        self._waiting.clear()
        self._bytes = 0

    def wake_all(self) -> None:
        """The run is asked to stop: nobody need wait for anything."""
        self.filled.set()
        self.drained.set()
        self.over.set()

    def close(self) -> None:
        self.closed = True
        self.filled.set()
        self._end()

    def _end(self) -> None:
        if self.closed and not self._waiting:
            self.over.set()

    def _remove(self, ready: Ready) -> Ready:
        del self._waiting[ready.recipient.id]
        self._bytes -= len(ready.message.data)
        if self.has_room:
            self.drained.set()
        self._end()
        return ready
