"""Whom this runner may send to, in PostgreSQL, and what becomes of them. Behind `store.Backlog`.

Whom it is handed stands in blocks that it holds: it takes more as they run out, and lets go of those in which
nothing can be sent for now. Two threads call it: one that looks, one that writes; each has a line of its own.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from psycopg import sql

from sendbatch.errors import RecordLost
from sendbatch.ledger.facts import EVERYONE, Change, Failed, Intent, Lane, LeftInDoubt, Settled
from sendbatch.ledger.postgres import blocks
from sendbatch.ledger.postgres.arrays import numbers
from sendbatch.ledger.postgres.blocks import Block
from sendbatch.ledger.postgres.claims import MOST_BYTES, Queries, to_recipients
from sendbatch.ledger.postgres.commits import Claimed, Commits
from sendbatch.ledger.postgres.connecting import NOW, Connection, lease_seconds
from sendbatch.ledger.postgres.line import Line
from sendbatch.ledger.postgres.selecting import PostgresSelection
from sendbatch.values import Recipient, Status

_Found: TypeAlias = tuple[Recipient, Claimed]
# By block, and the token it was taken with: up to which place all were handed out.
_Read: TypeAlias = dict[tuple[int, int], int]
MOST_HELD = 16  # blocks from which on those that are through are let go before the end
MOST_AT_ONCE = 64  # blocks that who sends alone takes in one go
_ALL: Final = blocks.EVERYTHING[1]  # behind all places


class _Part(NamedTuple):
    """Those found in one go, up to which place; no more of them where they have very many bytes."""

    found: list[_Found]
    upto: int
    is_full: bool


class PostgresBacklog:
    """`shared`: others may take blocks, too; `out` says why this runner has no place any more, if so; `ended`
    puts back what a person's word made sendable, if it is the last."""

    waits = True
    announces = False

    def __init__(
        self,
        commits: Commits,
        looking: Line,
        selection: PostgresSelection,
        queries: Queries,
        *,
        shared: bool,
        out: Callable[[], RecordLost | None],
        ended: Callable[[], None],
    ) -> None:
        self.others = False
        self._commits = commits
        self._looking = looking
        self._selection = selection
        self._queries = queries
        self._shared = shared
        self._out = out
        self._ended = ended
        self.now = commits.time.now
        self._lock = threading.RLock()
        self._claimed: dict[int, Claimed] = {}
        self._left: set[int] = set()  # no matter of this run any more, and not given back yet
        self._lost: RecordLost | None = None
        # Of new ones, by what was asked for: they are not read again until some are given back.
        self._read: dict[tuple[Lane, int], _Read] = {}
        self._came_back = 0  # how often somebody may be handed out anew

    @property
    def streak(self) -> str:
        return self._commits.streak

    async def announce(self, block: Collection[int]) -> None:
        """Blocks are taken in the database: nobody else is told."""

    def totals(self) -> dict[Status, int]:
        return self._selection.totals()

    def left_over(self) -> int:
        return self._selection.left_over()

    # -- looking ------------------------------------------------------------------------------

    def claim_new(self, after_row: int, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        asked = lane, after_row

        def look(connection: Connection) -> tuple[list[_Found], _Read]:
            found: list[_Found] = []
            read = self._read.get(asked, {})
            more = 1
            while True:
                part, read = self._new(connection, lane, limit - len(found), after_row, read)
                found += part.found
                if len(found) >= limit or part.is_full or (found and self._shared):
                    return found, read
                is_more = bool(self._commits.take(connection, most=more))
                if not is_more or len(self._commits.holding.blocks) > (2 if self._shared else MOST_HELD):
                    self._let_go(connection, found)
                if not is_more:
                    return found, read
                more = more if self._shared else min(more * 4, MOST_AT_ONCE)

        self._hold_place()
        came_back = self._came_back
        found, read = self._looking.ask(look)
        with self._lock:  # who came back meanwhile may be behind what was read
            self._read = {**self._read, asked: read} if came_back == self._came_back else {}
        return self._claim(found)

    def claim_due(self, now: float, limit: int, lane: Lane = EVERYONE) -> list[Recipient]:
        def look(connection: Connection) -> list[_Found]:
            if not self._any_due(connection, now):
                return []  # as nearly always
            free = connection.execute(
                _sql(
                    f"SELECT DISTINCT first FROM (SELECT first FROM {self._queries.deferred(lane)} WHERE "
                    "due_at <= %(now)s AND is_free ORDER BY due_at LIMIT %(limit)s) AS those"
                ),
                self._values(lane, now=now, limit=limit),
            ).fetchall()
            if free:
                self._commits.take(connection, firsts=[first for (first,) in free])
            ours = self._ours()
            anywhere = [-1] * len(ours)
            query = self._queries.due(lane)
            return self._found(connection, query, ours, anywhere, lane, limit=limit, now=now).found

        self._hold_place()
        return self._claim(self._looking.ask(look))

    def has_due(self, now: float) -> bool:
        def look(connection: Connection) -> bool:
            if not self._any_due(connection, now):
                return False
            found = connection.execute(
                _sql(
                    f"SELECT 1 FROM {self._queries.deferred(EVERYONE)} WHERE due_at <= %(now)s "
                    "AND (is_free OR owner = %(runner)s) LIMIT 1"
                ),
                self._values(EVERYONE, now=now),
            )
            return found.fetchone() is not None

        return self._looking.ask(look)

    def next_due_at(self, lane: Lane = EVERYONE) -> float | None:
        """With others at work also when it is worth to look whether they have left anything."""

        def look(connection: Connection) -> float | None:
            found = connection.execute(
                _sql(
                    f"SELECT due_at FROM {self._queries.deferred(lane)} WHERE is_free "
                    "OR state = 'open' OR owner = %(runner)s ORDER BY due_at LIMIT 1"
                ),
                self._values(lane),
            ).fetchone()
            due_at = found[0] if found is not None else None
            self.others = self._others_hold(connection)
            if not self.others or (lane != EVERYONE and not self._is_anybody(connection, lane)):
                return due_at
            again = self.now() + lease_seconds() / 2
            return again if due_at is None else min(due_at, again)

        return self._looking.ask(look)

    def _is_anybody(self, connection: Connection, lane: Lane) -> bool:
        """Whether the blocks of others may have somebody at these domains: else nobody has, and who waits for
        one that is tried there would wait for ever."""
        found = connection.execute(_sql(self._queries.anybody(lane)), self._values(lane))
        return found.fetchone() is not None

    def _any_due(self, connection: Connection, now: float) -> bool:
        found = connection.execute(
            "SELECT 1 FROM sendbatch.delivery WHERE record = %s AND status = 'deferred' "
            "AND due_at <= %s LIMIT 1",
            (self._commits.seat.record, now),
        )
        return found.fetchone() is not None

    def _others_hold(self, connection: Connection) -> bool:
        """Whether others have blocks, or one is free again since the last look."""
        seat = self._commits.seat
        found = connection.execute(
            "SELECT 1 FROM sendbatch.block AS b WHERE b.record = %(record)s AND (b.state = 'held' "
            "AND b.owner <> %(runner)s OR %(shared)s AND b.state = 'open' "
            f"AND (b.due_at IS NULL OR b.due_at <= {NOW})) AND {blocks.IS_OURS} LIMIT 1",
            {**blocks.of_seat(seat), "shared": self._shared},
        )
        return found.fetchone() is not None

    def _new(
        self, connection: Connection, lane: Lane, limit: int, after_row: int, read: _Read
    ) -> tuple[_Part, _Read]:
        """From where in each block was `read` so far; and how far it is by then."""
        ours = self._ours()
        read = {_known_as(block): read.get(_known_as(block), -1) for block in ours}
        left = [block for block in ours if read[_known_as(block)] < _ALL]
        behind = [read[_known_as(block)] for block in left]
        query = self._queries.new(lane)
        part = self._found(connection, query, left, behind, lane, limit=limit, after=after_row)
        return part, {**read, **{_known_as(block): part.upto for block in left}}

    def _ours(self) -> list[Block]:
        return sorted(self._commits.holding.all(), key=lambda block: block.first)

    def _found(
        self,
        connection: Connection,
        query: str,
        ours: Sequence[Block],
        behind: Sequence[int],
        lane: Lane,
        **values: float,
    ) -> _Part:
        """Those in these blocks, of each from `behind` this place on."""
        if not ours:
            return _Part([], _ALL, is_full=False)
        firsts, lasts = [block.first for block in ours], [block.last for block in ours]
        of_blocks = {"firsts": numbers(firsts), "lasts": numbers(lasts), "behinds": numbers(behind)}
        cursor = connection.execute(_sql(query), {**self._values(lane, **values), **of_blocks})
        columns = [column.name for column in cursor.description or ()]
        rows = cursor.fetchall()
        found = [
            (one, Claimed(standing, ours[bisect_right(firsts, one.id) - 1].taken))
            for one, standing in to_recipients(columns, rows)
        ]
        if not rows:
            return _Part([], _ALL, is_full=False)
        last = dict(zip(columns, rows[-1], strict=True))
        return _Part(found, last["place"], is_full=last["so_far"] > MOST_BYTES)

    def _values(self, lane: Lane, **values: float) -> dict[str, Any]:
        with self._lock:
            claimed = [*self._claimed, *self._left]
        return {
            **blocks.of_seat(self._commits.seat),
            **values,
            "lease": lease_seconds(),
            "claimed": numbers(claimed),
            "domains": list(lane.domains),
        }

    def _let_go(self, connection: Connection, found: Iterable[_Found]) -> None:
        """Of blocks of which nobody is in hand, and in which nothing can be sent for now."""
        holding = self._commits.holding
        with self._lock:
            busy = {*self._claimed, *self._left, *(one.id for one, _ in found), *holding.sent}
        used = {block.first for block in map(holding.of, busy) if block is not None}
        with holding.lock:
            idle = [block for block in holding.blocks.values() if block.first not in used]
        if not idle:
            return
        gone = blocks.let_go(connection, self._commits.seat, idle, self._queries.left)
        with holding.lock:
            holding.drop(
                [b.first for b in idle if b.first in gone and holding.blocks.get(b.first) == b]
            )

    def _claim(self, found: list[_Found]) -> list[Recipient]:
        with self._lock:
            self._claimed.update((one.id, claimed) for one, claimed in found)
        return [one for one, _ in found]

    def give_back(self, ids: Collection[int]) -> None:
        with self._lock:
            for id_ in ids:
                self._claimed.pop(id_, None)
            self._left.difference_update(ids)
            if ids:
                self._read_anew()

    def _read_anew(self) -> None:
        self._came_back += 1
        self._read = {}

    # -- writing ------------------------------------------------------------------------------

    def apply(self, changes: Sequence[Change]) -> Collection[int]:
        if not changes and self._lost is None:
            return ()
        if self._lost is not None:
            self._settle_begun(changes)
            raise self._lost
        try:
            lost = self._commits.write(changes, self._claimed)
        except RecordLost as error:
            self._lost = error
            raise
        ends = [change.id for change in changes if isinstance(change, (Settled, Failed, LeftInDoubt))]
        with self._lock:
            for id_ in ends:
                self._claimed.pop(id_, None)
            if any(_may_be_sent_to(change) for change in changes):
                self._read_anew()
            lost |= self._homeless() if lost else set()
            for id_ in lost:
                self._claimed.pop(id_, None)
            self._left |= lost
        return lost

    def _homeless(self) -> set[int]:
        """Whom this runner has in hand out of blocks that are not its own any more, and has not begun."""
        holding = self._commits.holding
        found = set()
        for id_, claimed in self._claimed.items():
            block = holding.of(id_)
            if (block is None or block.taken != claimed.taken) and id_ not in holding.sent:
                found.add(id_)
        return found

    def _settle_begun(self, changes: Sequence[Change]) -> None:
        """What left is told, and nothing begins any more."""
        begun = [change for change in changes if not isinstance(change, Intent)]
        if begun:
            self._commits.write(begun, self._claimed)

    def _hold_place(self) -> None:
        if (out := self._out()) is not None:
            raise out

    def tidy(self) -> None:
        """There is nothing to be done later."""

    def end(self) -> None:
        self._ended()


def _known_as(block: Block) -> tuple[int, int]:
    return block.first, block.taken


def _sql(query: str) -> sql.SQL:
    return sql.SQL(query)


def _may_be_sent_to(change: Change) -> bool:
    """Whether it leaves somebody as one who may be handed out anew, at once."""
    if isinstance(change, Settled):
        return change.outcome.status is Status.FAILED
    return isinstance(change, Failed)
