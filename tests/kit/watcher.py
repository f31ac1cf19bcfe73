"""Who watches a run, as a progress bar does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from sendbatch.runtime.observer import Limit, Observer, Wait
from sendbatch.values import Status


class Watcher(Observer):
    """Keeps what it was told; `counts` is what a progress bar would show. `on_move` is called in the run's
    own loop."""

    def __init__(self, on_move: Callable[[], None] = lambda: None) -> None:
        self.notices: list[str] = []
        self.waits: list[Wait] = []
        self.limits: list[Limit] = []
        self.connections: list[tuple[int, int]] = []  # open, of so many that may be
        self.counts: Counter[Status] = Counter()
        self.on_move = on_move

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def waiting(self, wait: Wait) -> None:
        self.waits.append(wait)

    def limited(self, limit: Limit) -> None:
        self.limits.append(limit)

    def connected(self, connections: int, allowed: int) -> None:
        self.connections.append((connections, allowed))

    def moved(self, was: Status, now: Status) -> None:
        self.counts[was] -= 1
        self.counts[now] += 1
        self.on_move()
