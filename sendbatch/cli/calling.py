"""What a verb calls the api with: who is told of it, what ends it, and what it works with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sendbatch.cli.signals import stoppable
from sendbatch.runtime.stop import Stop

if TYPE_CHECKING:
    from sendbatch.cli.terminal import Terminal
    from sendbatch.rendering.workers import Workers
    from sendbatch.session.job import Around


@dataclass(frozen=True, slots=True)
class Calling:
    """`record` is the folder that --record names."""

    terminal: Terminal
    workers: Workers
    record: Path | str | None

    @contextmanager
    def under_way(self) -> Iterator[Around]:
        """What the api is given for a call that is made in the block; signals stop it."""
        stop = Stop()
        with stoppable(stop, self.terminal):
            yield {
                "record": self.record,
                "observer": self.terminal,
                "stop": stop,
                "workers": self.workers,
            }
