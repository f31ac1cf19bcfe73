"""The steps between two messages at which a run is killed, each by name.

Most are calls to the disk or to a socket, and `tests/kit/disk.c` kills before or after one. What only the
process itself knows (which transaction is a fold, when a message is put together) the hook beside this file
sees, which Python loads by itself.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from tests.kit.disk import CannotBeWatched, Disk, Fault, library

HOOK = Path(__file__).parent / "hook"


@dataclass(frozen=True, slots=True)
class Step:
    """Behind `fault`, or where there is none, in the hook, by its own name. `seldom`: it comes once for many
    messages. `plain`: it can be told only where nothing is encrypted. `early`: before any message."""

    name: str
    fault: Fault | None = None
    seldom: bool = False
    plain: bool = False
    early: bool = False

    def environ(self, nth: int, disk: Disk, armed: Path | None) -> dict[str, str]:
        """Variables of a process that is to die the `nth` time it comes here, from when `armed` is there."""
        often = bulk_each(20, 20) if self.seldom else _hooked()
        if self.fault is not None:
            return often | disk.environ(replace(self.fault, nth=nth), armed)
        told = {"CHAOS_STEP": self.name, "CHAOS_NTH": str(nth), "CHAOS_ARMED": str(armed or "")}
        return often | told


def _hooked() -> dict[str, str]:
    """Variables of a process that Python loads the hook into."""
    path = [str(HOOK), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(path)}


def bulk_each(pages: int, attempts: int) -> dict[str, str]:
    """Variables of a process that brings its log into the file each so many pages of it, and folds so many
    attempts, in place of a thousand and some hundred."""
    return _hooked() | {"CHAOS_PAGES": str(pages), "CHAOS_ATTEMPTS": str(attempts)}


STEPS = (
    Step("in the middle of the commit", Fault("write-log", "kill")),
    Step("written, and not synchronised", Fault("sync-log", "kill")),
    Step("after the commit, before its dots", Fault("sync-log", "kill-after")),
    Step("before a dot", Fault("dot", "kill"), plain=True),
    Step("between two dots", Fault("dot-second", "kill"), seldom=True, plain=True),
    Step("after a dot", Fault("dot", "kill-after"), plain=True),
    Step("in a checkpoint", Fault("write-main", "kill"), seldom=True),
    Step("after a checkpoint", Fault("sync-main", "kill-after"), seldom=True),
    Step("before a commit of the start", early=True),
    Step("before the commit"),
    Step("in a fold", seldom=True),
    Step("after a fold", seldom=True),
    Step("while composing", seldom=True),
)


def possible(*, tls: bool) -> list[Step]:
    """Those that this machine can tell of."""
    try:
        library()
    except CannotBeWatched:
        return [step for step in STEPS if step.fault is None]
    return [step for step in STEPS if not (tls and step.plain)]


def next_step(tried: Counter[str], random: Random, *, tls: bool) -> Step:
    """One of those that were tried least."""
    steps = possible(tls=tls)
    least = min(tried[step.name] for step in steps)
    return random.choice([step for step in steps if tried[step.name] == least])
