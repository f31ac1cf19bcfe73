"""Other runs on an account, as a test says that they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sendbatch.errors import LedgerError
from sendbatch.limits.lessons import Lessons
from sendbatch.limits.peers import Fields, Peers, Sender

LEASE = 10.0


@dataclass
class Table:
    """The register, as a database would keep it, in which all rows are of the campaign "news"."""

    now: float = 1000.0
    rows: dict[str, Fields] = field(default_factory=dict)
    is_away: bool = False

    def meet(
        self, id_: str, decide: Callable[[Sequence[Fields], float], Fields], since: float
    ) -> None:
        if self.is_away:
            raise LedgerError("away")
        found = [row for row in self.rows.values() if row[3] >= self.now - since]
        self.rows[id_] = decide(found, self.now)

    def had(self) -> int:
        """Connections that are somebody's."""
        return sum(row[4] for row in self.rows.values() if row[3] > self.now)

    def put(self, name: str, lessons: Lessons | None = None, *, connections: int = 0, since: float = 0.0,
            is_alive: bool = True, unbuildable: int = 0, campaign: str = "news") -> None:  # fmt: skip
        """Another run is as this says from now on."""
        until = self.now + (LEASE if is_alive else 0)
        told = str(lessons or Lessons())
        self.rows[name] = Sender(
            name, campaign, since or self.now, until, connections, unbuildable, told, self.now
        )


def peer(table: Table, name: str, campaign: str = "news", declared: int = 8) -> Peers:
    return Peers(table, name, campaign, declared, LEASE, lambda: table.now)
