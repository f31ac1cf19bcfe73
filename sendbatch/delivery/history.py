"""What earlier runs of this record met on the same way out: the same server, account and sender.

Kept in the record's meta. The user name, which may be a token, stands there as a salted hash only. What
cannot be read counts as not known: the record is then judged with more care, never with less.
"""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from sendbatch.ledger.facts import REFUSED_SINCE, Remembered
from sendbatch.ledger.store import Reading

BRAKED = "braked"  # meta: the way out, and the pause in seconds, of a run that ended braked
ACCEPTED = "accepted by"  # meta, before the way out: when it last accepted somebody
MOST = 10_000  # ids kept in REFUSED_SINCE


@dataclass(frozen=True, slots=True)
class History:
    """`way` names server, account and sender. `accepted_at` is when this way last accepted somebody, `braked`
    the pause of a last run that ended braked. `since` is when each recipient's mailbox was first refused."""

    way: str = ""
    accepted_at: float | None = None
    braked: float | None = None
    since: Mapping[int, float] = field(default_factory=dict)

    def accepting(self, at: float) -> Remembered:
        return Remembered(f"{ACCEPTED} {self.way}", repr(at))

    def braking(self, pause: float | None) -> Remembered:
        """None: the server takes mail again."""
        return Remembered(BRAKED, None if pause is None else f"{self.way} {pause}")

    def refusing(self, refused: Mapping[int, float]) -> Remembered:
        """These were refused for their mailbox and are not rejected, each since then."""
        newest = sorted({**self.since, **refused}.items(), key=lambda each: each[1])[-MOST:]
        return Remembered(REFUSED_SINCE, json.dumps(dict(newest)))


def way_out(salt: bytes, server: str, username: str | None, sender: str) -> str:
    """One name for server, account and envelope sender, which tells none of them."""
    told = json.dumps([server, username, sender]).encode()
    return hmac.new(salt, told, "sha256").hexdigest()[:32]


def history_of(reading: Reading, way: str) -> History:
    braked_way, _, pause = (reading.meta(BRAKED) or "").partition(" ")
    return History(
        way,
        accepted_at=_number(reading.meta(f"{ACCEPTED} {way}")),
        braked=_number(pause) if braked_way == way else None,
        since=_since(reading.meta(REFUSED_SINCE)),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _since(text: str | None) -> dict[int, float]:
    try:
        told = json.loads(text or "{}")
        return {int(id_): float(at) for id_, at in told.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}
