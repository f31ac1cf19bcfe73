"""A runner's sign of life: a thread that keeps its place, its blocks and its plan, and hears who asks it to
end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from sendbatch.errors import LedgerError, RecordLost, RecordStopped
from sendbatch.ledger.postgres import blocks
from sendbatch.ledger.postgres.clocks import DatabaseTime, onward
from sendbatch.ledger.postgres.commits import Commits
from sendbatch.ledger.postgres.connecting import NOW, Connection, lease_seconds
from sendbatch.ledger.postgres.connecting import one as cell
from sendbatch.ledger.postgres.line import Line
from sendbatch.ledger.postgres.runs import PLANNING, Seat
from sendbatch.ledger.postgres.text import told

BEATS = 3  # in a lease
# Each is a transaction of its own, so that who waits for one holds no other.
_SEEN: Final = (
    f"UPDATE sendbatch.runner SET seen_at = {NOW}, speed = %(speed)s WHERE record = %(record)s "
    "AND id = %(runner)s RETURNING seen_at, stopped_by"
)
# Who merges has the row for as long as it takes, and is heard of beside.
_PLANS: Final = (
    f"UPDATE sendbatch.run SET until = {NOW} + %(lease)s WHERE record IN (SELECT r.record FROM "
    "sendbatch.run AS r WHERE r.record = %(record)s AND r.id = %(run)s AND r.token = %(token)s "
    "AND r.state = %(planning)s FOR UPDATE SKIP LOCKED)"
)
_STREAK: Final = "SELECT streak FROM sendbatch.run WHERE record = %(record)s AND id = %(run)s"


class Watched(Protocol):
    def look(self) -> None:
        """From another thread than the one that may be waiting."""
        ...


class Watch:
    """Over lines in which others may be waiting: a thread that waits for nobody."""

    def __init__(self, *lines: Watched) -> None:
        self._lines = lines
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(0.5):
            for line in self._lines:
                line.look()


class Heartbeat:
    """From `start` to `stop`. `asked` is called once with who wants this runner to end. `out` says why
    it has no place any more, once it has none."""

    def __init__(
        self,
        line: Line,
        seat: Seat,
        commits: Commits,
        time: DatabaseTime,
        asked: Callable[[str], None],
    ) -> None:
        self.out: RecordLost | None = None
        self._line, self._seat, self._commits, self._time = line, seat, commits, time
        self._asked = asked
        self._was_asked = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._counted = onward(), 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """It is over, or will be as soon as the database answers."""
        self._over.set()
        self._line.close()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while not self._over.wait(min(lease_seconds() / BEATS, 1.0)):
            try:
                self._line.ask(self.beat)
            except (RecordStopped, LedgerError):
                continue  # whoever writes or looks says so; the next beat may find it back

    def beat(self, connection: Connection) -> None:
        seat, holding = self._seat, self._commits.holding
        with holding.lock:
            ours = dict(holding.blocks)
        at = onward()
        values = {**blocks.of_seat(seat), "lease": lease_seconds(), "speed": self._speed(at)}
        seen = connection.execute(_SEEN, values).fetchone()
        kept = (
            cell(connection.cursor(), blocks.RENEW, {**values, **blocks.of_blocks(ours.values())})
            if ours
            else None
        )
        if seat.token is not None:
            connection.execute(_PLANS, {**values, "token": seat.token, "planning": PLANNING})
        run = connection.execute(_STREAK, values).fetchone()
        firsts = set(kept or ())
        with holding.lock:
            holding.drop(
                [
                    first
                    for first, block in ours.items()
                    if first not in firsts
                    and first in holding.blocks
                    and holding.blocks[first].token == block.token
                ]
            )
        self._commits.heard(told(run[0]) if run is not None else None)
        self._hear(connection, seen, is_ours=run is not None)

    def _hear(
        self, connection: Connection, found: tuple[Any, ...] | None, *, is_ours: bool
    ) -> None:
        if found is None or not is_ours:
            self.out = self._commits.why_out(connection)
            self._commits.holding.clear()
            return
        seen_at, stopped_by = found
        self._time.learn(seen_at)
        if stopped_by is not None and not self._was_asked:
            self._was_asked = True
            self._asked(told(stopped_by))

    def _speed(self, at: float) -> float:
        """Messages a second since the last beat, even out a little."""
        before, accepted = self._counted
        if at - before < 1.0:
            return self._last_speed
        self._counted = at, self._commits.accepted
        self._last_speed = (self._commits.accepted - accepted) / (at - before)
        return self._last_speed

    _last_speed = 0.0
