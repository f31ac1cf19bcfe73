"""A server that writes down every whole message it got, and can end its client at any of these moments."""

from __future__ import annotations

import ssl
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tests.kit.server import OFFERS, End, Script, ScriptedServer, Visit

# What a server does with commands behind a dot: takes them, answers each with 503 (as Haraka does), or
# swallows them (as chasquid does). None: it does not offer PIPELINING.
BEHIND = (None, "taken", "refused", "swallowed")
MOMENTS = ("connect", "mail", "rcpt", "data", "dot", "replied")
NAMES = {"GREETING": "connect", "MAIL": "mail", "RCPT": "rcpt", "DATA": "data"}


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said to a final dot, from this moment of time.monotonic_ns on; None: not a word."""

    at: int
    address: str
    code: int | None


@dataclass
class Ledger:
    """What reached the server. `whole` counts messages whose final dot arrived and that it meant to
    take, by recipient; `refused` those it refused for good; `answered` what it said to every dot."""

    whole: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    answered: list[Answered] = field(default_factory=list)
    busy_before: set[str] = field(default_factory=set)


class RecordingServer(ScriptedServer):
    """In a thread of its own. `on(moment)` is called in that thread, and may end the client. A final dot is
    written down before anything else can happen."""

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        behind: str | None = None,
        context: ssl.SSLContext | None = None,
        on: Callable[[str], None] = lambda moment: None,
    ) -> None:
        offers = OFFERS if behind is not None else [one for one in OFFERS if one != "PIPELINING"]
        super().__init__(offers=offers, context=context, behind=behind or "swallowed")
        self.ledger = Ledger()
        self.on = on

    async def ask(self, visit: Visit, moment: str) -> Script:
        if moment == "MESSAGE":
            refusal = self.mood(visit.recipient, "dot")
            if refusal is None:
                self.ledger.whole[visit.recipient] += 1
            self.on("dot")
            said = refusal or b"250 taken\r\n"
            code = int(said[:3]) if isinstance(said, bytes) else None
            self.ledger.answered.append(Answered(time.monotonic_ns(), visit.recipient, code))
            return [said, partial(self.on, "replied")]
        if moment in NAMES:
            self.on(NAMES[moment])
        refusal = self.mood(visit.recipient, "rcpt") if moment == "RCPT" else None
        return None if refusal is None else [refusal]

    def mood(self, recipient: str, moment: str) -> bytes | End | None:
        """Some recipients are refused, some are put off once; by their names, so runs agree."""
        number = zlib.crc32(recipient.encode()) % 100
        if (number == 0 and moment == "rcpt") or (number == 1 and moment == "dot"):
            self.ledger.refused[recipient] += 1
            return b"550 5.1.1 no such user\r\n"
        put_off = (number == 2 and moment == "rcpt") or (number == 3 and moment == "dot")
        if put_off and recipient not in self.ledger.busy_before:
            self.ledger.busy_before.add(recipient)
            return b"450 4.2.1 busy, come back\r\n"
        return None
