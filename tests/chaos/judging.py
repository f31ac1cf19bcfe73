"""What became of everybody, by the record, is held against what the mail server got.

Twice is a message more than one and than a person's word allowed. In doubt may be as many as had connections
open on machines that were killed, or cut from the mail server; nobody whose answer reached a runner that
lived to write it down.
"""

from __future__ import annotations

import contextlib
import ssl
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import psycopg

from tests.chaos.recording import RecordingServer
from tests.chaos.runners import ENDED, Life, Park
from tests.kit.postgres import Database
from tests.kit.server import Script, Visit

STATES = """
SELECT coalesce(d.email, p.email), coalesce(d.status, p.status)
FROM sendbatch.plan_row p LEFT JOIN sendbatch.delivery d ON d.record = p.record AND d.id = p.delivery
WHERE p.plan = (SELECT max(id) FROM sendbatch.plan WHERE record = p.record)
UNION ALL SELECT email, status FROM sendbatch.delivery
"""


class Witness(RecordingServer):
    """Also writes down which process each whole message came from, and whether it was answered."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(behind="taken", context=context)
        self.park: Park | None = None
        self.came: dict[str, list[Life | None]] = defaultdict(list)

    async def ask(self, visit: Visit, moment: str) -> Script:
        if moment == "MESSAGE" and self.park is not None:
            self.came[visit.recipient].append(self.park.life_of(visit.port))
        return await super().ask(visit, moment)


def states(database: Database) -> dict[str, str]:
    """Where everybody stands, as the tables have it; empty where there are none, or no plan."""
    found: dict[str, str] = {}
    with contextlib.suppress(psycopg.Error):
        for address, status in database.say(STATES):
            if found.get(address) in (None, "pending", "invalid"):
                found[address] = status
    return found


class Judge:
    """Of one campaign. `words` counts by which a person had somebody sent to again."""

    def __init__(self, witness: Witness, park: Park, complain: Callable[[str], None]) -> None:
        self.words: Counter[str] = Counter()
        self._witness, self._park, self._complain = witness, park, complain

    def judge(self, addresses: Sequence[str], status: Mapping[str, str], *, finished: bool) -> int:
        """How many are in doubt. What is *sending* by nobody alive counts as in doubt in the end."""
        whole = self._witness.ledger.whole
        for address, times in list(whole.items()):
            if times > 1 + self.words[address]:
                self._complain(f"{address} got it {times} times")
        if not status:
            if whole:
                self._complain("there is no record, and mail went out")
            return 0
        for address in addresses:
            self._judge(address, status.get(address), whole[address], finished)
        doubts = sum(one == "in_doubt" for one in status.values())
        unheard = sum(life.unheard for place in self._park.places for life in place.lives)
        if doubts > unheard:
            self._complain(f"{doubts} in doubt, and {unheard} connections were cut off")
        return doubts

    def _judge(self, address: str, status: str | None, whole: int, finished: bool) -> None:
        words = self.words[address]
        if status is None and finished:
            self._complain(f"{address} is not in the record")
        elif status == "accepted" and not whole:
            self._complain(f"{address} is accepted, and the server never had it")
        elif status in ("pending", "deferred", "rejected", "failed") and whole > words:
            self._complain(f"{address} is {status}, and the server has it")
        elif finished and status in ("pending", "sending", "deferred"):
            self._complain(f"{address} is {status} after the last run")
        elif finished and status == "in_doubt" and not words:
            lives = [life for life in self._witness.came[address] if life is not None]
            if any(life.process.returncode in ENDED and not life.unheard for life in lives):
                self._complain(f"{address} is in doubt, and its answer came to a runner that lived")
