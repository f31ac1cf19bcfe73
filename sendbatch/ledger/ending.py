"""How the last run of a record ended, as the record remembers it: for whoever asks afterwards why it
stopped, and until when."""

from __future__ import annotations

import json
from typing import NamedTuple

from sendbatch.errors import one_line
from sendbatch.ledger.facts import Remembered
from sendbatch.ledger.store import Reading

ENDED = "ended"  # in meta; empty from when a run begins until it ends
STOPPED = "stopped"  # the kind of the event of a run that ended early
MOST_REMEMBERED = 10_000  # characters that are read of it
MOST_WHY = 1000


class Ended(NamedTuple):
    """When (seconds since the epoch), whether before everybody had their turn, then why, for people; and when
    it is worth going on, None where nobody knows: at once, mostly."""

    at: float
    early: bool
    why: str = ""
    until: float | None = None


def remembering(ended: Ended) -> Remembered:
    """The change that writes it down."""
    return Remembered(ENDED, json.dumps(ended._asdict()))


def ended_of(reading: Reading) -> Ended | None:
    """None where the last run did not come to its end, or before there was one, or where what stands there is
    not what was written."""
    try:
        found = json.loads((reading.meta(ENDED) or "")[:MOST_REMEMBERED])
        at, early, why, until = found["at"], found["early"], found["why"], found["until"]
        return Ended(
            float(at), bool(early), one_line(str(why), MOST_WHY), None if until is None else float(until)
        )
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
