"""What a run has learned of the server that holds for all runs on the account, as text that others read. What
they cannot read they have not learned. No I/O and no clock."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass

LONGEST = 1000  # characters; ours has fewer


@dataclass(frozen=True, slots=True)
class Lessons:
    """`slower`: messages a second over all runs, since the server asked for less. `per_connection`: messages
    that a connection takes. `level` of pipelining that was found to work. `braked`: the pause in seconds
    while the server refuses everything, and this run tries one message at a time; `over` once that was in
    vain. None where nothing was learned."""

    slower: float | None = None
    per_connection: int | None = None
    level: int | None = None
    braked: float | None = None
    over: bool = False

    def __str__(self) -> str:
        told = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(told) if told else ""


def read(text: str) -> Lessons:
    try:
        told = json.loads(text[:LONGEST] or "{}")
        return Lessons(
            slower=_number(told.get("slower")),
            per_connection=_whole(told.get("per_connection"), 1_000_000),
            level=_whole(told.get("level"), 3),
            braked=_number(told.get("braked")),
            over=told.get("over") is True,
        )
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Lessons()


def _number(told: object) -> float | None:
    if not isinstance(told, (int, float)) or isinstance(told, bool):
        return None
    return float(told) if math.isfinite(told) and told > 0 else None


def _whole(told: object, most: int) -> int | None:
    if not isinstance(told, int) or isinstance(told, bool):
        return None
    return told if 0 < told <= most else None
