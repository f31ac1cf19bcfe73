"""Where time, chance and the environment enter; passed down, so that tests bring their own."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom

from sendbatch.runtime.clock import Clock, SystemClock
from sendbatch.runtime.paths import state_folder


@dataclass(frozen=True, slots=True)
class Edge:
    """`state` is the folder that outlives campaigns (what accounts have used), None for a user who has none;
    `holder` names this
    machine and user to whoever finds a record locked."""

    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=SystemRandom)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    state: Path | None = field(default_factory=state_folder)
    holder: str = field(default_factory=lambda: f"on {platform.node() or 'this machine'}")

    def state_file(self, name: str) -> Path | None:
        return self.state / name if self.state is not None else None
