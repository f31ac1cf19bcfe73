"""Blocks of deliveries, each with a token, a lease and at most one runner who may send it.

Theory of operation. A block belongs to whoever has its newest token. To take one is one transaction: a new
token, and whoever an older token left *sending* becomes in doubt. An intent's transaction updates the row of
its block first, where the token is still its own; so it comes before the taking, which finds what it wrote,
or after it, and finds that the block is no longer its own. The lease says when another may take it, and no
more."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Final, LiteralString

from psycopg import sql

from sendbatch.ledger.postgres.arrays import numbers
from sendbatch.ledger.postgres.connecting import NOW, Connection, Cursor, lease_seconds
from sendbatch.ledger.postgres.runs import Seat, tokens
from sendbatch.ledger.standing import Standing

FEWEST, MOST = 10, 1000  # deliveries in a block
PARTS = 200  # that a plan is cut into, if it is large enough
EVERYTHING: Final = (0, 2**62)

_IS_FREE: Final[LiteralString] = (
    f"(b.state = 'open' AND (b.due_at IS NULL OR b.due_at <= {NOW}) "
    # what stands two leases ahead was written by another clock
    f"OR b.state = 'held' AND (b.until <= {NOW} OR b.until > {NOW} + 2 * %(lease)s))"
)
# The run is still the one that this runner belongs to.
IS_OURS: Final[LiteralString] = (
    "EXISTS (SELECT 1 FROM sendbatch.run AS n WHERE n.record = %(record)s AND n.id = %(run)s "
    "AND n.state <> 'ended')"
)


@dataclass(frozen=True, slots=True)
class Block:
    """Deliveries `first` to `last`, that this runner may send as long as `token` is the newest. `taken` is
    the token that it took the block with: whoever was handed out before that may have been sent to by another
    meanwhile."""

    first: int
    last: int
    token: int
    taken: int


@dataclass(frozen=True, slots=True)
class Sent:
    """An intent that was committed: its attempt, and where it leaves the delivery."""

    attempt: int
    standing: Standing


@dataclass(slots=True)
class Holding:
    """What this runner holds, as far as it knows. All threads of it look at it, with the lock in hand, which
    nobody keeps while the database is asked."""

    lock: RLock = field(default_factory=RLock)
    blocks: dict[int, Block] = field(default_factory=dict)  # by `first`
    sent: dict[int, Sent] = field(default_factory=dict)  # by delivery: no answer yet
    _firsts: list[int] = field(default_factory=list)

    def hold(self, blocks: Iterable[Block]) -> None:
        with self.lock:
            self.blocks.update((block.first, block) for block in blocks)
            self._firsts = sorted(self.blocks)

    def drop(self, firsts: Collection[int]) -> None:
        with self.lock:
            for first in firsts:
                self.blocks.pop(first, None)
            self._firsts = sorted(self.blocks)

    def clear(self) -> None:
        with self.lock:
            self.drop(list(self.blocks))

    def of(self, id_: int) -> Block | None:
        """The block that has this delivery, if it is held."""
        with self.lock:
            place = bisect_right(self._firsts, id_)
            block = self.blocks[self._firsts[place - 1]] if place else None
            return block if block is not None and id_ <= block.last else None

    def all(self) -> list[Block]:
        with self.lock:
            return list(self.blocks.values())


def cut(cursor: Cursor, record: int, deliveries: str) -> None:
    """Cut all deliveries anew: `deliveries` is a table of the ids that may be sent to. No older token is
    worth anything any more."""
    cursor.execute("DELETE FROM sendbatch.block WHERE record = %s", (record,))
    firsts = cursor.execute(
        sql.SQL(
            "WITH numbered AS MATERIALIZED (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, "
            "count(*) OVER () AS many FROM {} AS those) "
            "SELECT id FROM numbered WHERE place %% least(greatest(many / %s, %s), %s) = 0 ORDER BY id"
        ).format(sql.SQL(deliveries)),
        (PARTS, FEWEST, MOST),
    ).fetchall()
    starts = [EVERYTHING[0], *(first for (first,) in firsts[1:])]
    ends = [*(first - 1 for first in starts[1:]), EVERYTHING[1]]
    token = tokens(cursor, record, len(starts))
    cursor.execute(
        "INSERT INTO sendbatch.block (record, first, last, token, state) SELECT %s, u.first, u.last, "
        "%s + u.place - 1, 'open' FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY "
        "AS u(first, last, place)",
        (record, token, starts, ends),
    )


def take(
    connection: Connection, seat: Seat, *, most: int, firsts: Sequence[int] | None = None
) -> Cursor:
    """Take up to `most` blocks that are free, or those of `firsts` that are; a cursor of them. What they had
    as tokens is worth nothing any more. First in a transaction, within a pipeline."""
    values = {**of_seat(seat), "lease": lease_seconds(), "most": most, "firsts": firsts}
    connection.execute(
        "UPDATE sendbatch.record SET next_token = next_token + %(most)s WHERE id = %(record)s",
        values,
    )
    return connection.execute(_TAKE_THESE if firsts is not None else _TAKE_NEXT, values)


def containing(connection: Connection, seat: Seat, ids: Sequence[int]) -> list[int]:
    """The blocks that have these deliveries, by their first."""
    rows = connection.execute(
        "SELECT DISTINCT b.first FROM unnest(%s::bigint[]) AS u(id), LATERAL (SELECT first "
        "FROM sendbatch.block WHERE record = %s AND first <= u.id ORDER BY first DESC LIMIT 1) AS b",
        (list(ids), seat.record),
    )
    return [first for (first,) in rows]


# The first of the tokens that were reserved in this transaction.
RESERVED: Final[LiteralString] = (
    "(SELECT k.next_token - %(most)s FROM sendbatch.record AS k WHERE k.id = %(record)s)"
)
_TAKE: Final[LiteralString] = (
    "WITH free AS (SELECT b.first FROM sendbatch.block AS b WHERE b.record = %(record)s AND "
    f"{_IS_FREE} AND {IS_OURS}{{}} ORDER BY b.first LIMIT %(most)s FOR UPDATE SKIP LOCKED), "
    "numbered AS (SELECT first, row_number() OVER (ORDER BY first) AS place FROM free) "
    f"UPDATE sendbatch.block AS b SET token = {RESERVED} + numbered.place - 1, owner = %(runner)s, "
    f"until = {NOW} + %(lease)s, state = 'held', due_at = NULL "
    "FROM numbered WHERE b.record = %(record)s AND b.first = numbered.first "
    "RETURNING b.first, b.last, b.token"
)
_TAKE_NEXT: Final[LiteralString] = _TAKE.format("")
_TAKE_THESE: Final[LiteralString] = _TAKE.format(" AND b.first = ANY(%(firsts)s::bigint[])")


RENEW: Final[LiteralString] = (
    "SELECT sendbatch.renew(%(record)s, %(run)s, %(lease)s, %(firsts)s, %(tokens)s)"
)


def retoken(cursor: Cursor, seat: Seat, blocks: Sequence[Block]) -> list[Block]:
    """The same blocks under new tokens, so that nothing is written any more by what was sent under the old
    ones; only those that are still this runner's."""
    if not blocks:
        return []
    token = tokens(cursor, seat.record, len(blocks))
    rows = cursor.execute(
        "WITH ours AS (SELECT b.first, u.place FROM unnest(%(firsts)s::bigint[], %(tokens)s::bigint[]) "
        "WITH ORDINALITY AS u(first, token, place) "
        "JOIN sendbatch.block AS b ON b.record = %(record)s AND b.first = u.first AND b.token = u.token "
        f"WHERE {IS_OURS} ORDER BY b.first FOR UPDATE OF b) "
        f"UPDATE sendbatch.block AS b SET token = %(token)s + ours.place - 1, until = {NOW} + %(lease)s "
        "FROM ours WHERE b.record = %(record)s AND b.first = ours.first RETURNING b.first, b.last, b.token",
        {**of_seat(seat), **of_blocks(blocks), "lease": lease_seconds(), "token": token},
    )
    taken = {block.first: block.taken for block in blocks}
    return [Block(first, last, token, taken[first]) for first, last, token in rows]


def let_go(connection: Connection, seat: Seat, blocks: Collection[Block], left: str) -> set[int]:
    """Release those in which nothing can be sent now, and nobody is *sending*; `left` is a table of those of
    a block `b` who may be sent to: id, status, due_at. Returns which, by their first."""
    rows = connection.execute(
        sql.SQL(_LET_GO).format(left=sql.SQL(left)), {**of_seat(seat), **of_blocks(blocks)}
    )
    return {first for (first,) in rows}


_LET_GO: Final = (
    "WITH ours AS (SELECT b.first, b.last FROM unnest(%(firsts)s::bigint[], %(tokens)s::bigint[]) "
    "AS u(first, token) "
    "JOIN sendbatch.block AS b ON b.record = %(record)s AND b.first = u.first AND b.token = u.token "
    "ORDER BY b.first FOR UPDATE OF b), idle AS (SELECT b.first, s.due_at FROM ours AS b, "
    "LATERAL (SELECT min(l.due_at) AS due_at, coalesce(bool_or(l.due_at IS NULL), false) AS now "
    "FROM {left} AS l) AS s "
    f"WHERE NOT s.now AND (s.due_at IS NULL OR s.due_at > {NOW}) AND NOT EXISTS (SELECT 1 FROM "
    "sendbatch.delivery AS d WHERE d.record = %(record)s AND d.status = 'sending' "
    "AND d.id BETWEEN b.first AND b.last)) "
    "UPDATE sendbatch.block AS b SET state = CASE WHEN idle.due_at IS NULL THEN 'done' ELSE 'open' END, "
    "owner = NULL, until = NULL, due_at = idle.due_at FROM idle "
    "WHERE b.record = %(record)s AND b.first = idle.first RETURNING b.first"
)


def leave(cursor: Cursor, seat: Seat) -> None:
    """All that this runner holds is for others at once; what is *sending* in it becomes in doubt when it is
    taken."""
    cursor.execute(
        f"UPDATE sendbatch.block SET until = {NOW} WHERE record = %s AND owner = %s AND state = 'held'",
        (seat.record, seat.runner),
    )


def of_seat(seat: Seat) -> dict[str, object]:
    return {"record": seat.record, "run": seat.run, "runner": seat.runner}


def of_blocks(blocks: Collection[Block]) -> dict[str, object]:
    ordered = sorted(blocks, key=lambda block: block.first)
    return {
        "firsts": numbers(block.first for block in ordered),
        "tokens": numbers(block.token for block in ordered),
    }
