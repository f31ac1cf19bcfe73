"""How a runner that is gone becomes doubt, and how a person settles it.

Whoever stands as *sending* in a block that is taken was on the way as its holder ended, or was not heard of: the
message may have arrived. They are in doubt until an answer comes after all, or a person says what became of them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, LiteralString

from psycopg import sql

from sendbatch.ledger.postgres.blocks import EVERYTHING, Holding
from sendbatch.ledger.postgres.connecting import Cursor, one
from sendbatch.ledger.postgres.intents import CURRENT
from sendbatch.ledger.postgres.runs import Seat, tokens
from sendbatch.ledger.postgres.text import stored
from sendbatch.ledger.sqlite.sql import happens, leads_to, listed
from sendbatch.ledger.states import RESOLVED, SETTLED, Event
from sendbatch.values import Status

_CRASH: Final[LiteralString] = (
    "WITH lost AS (SELECT d.id FROM unnest(%(firsts)s::bigint[], %(lasts)s::bigint[]) AS u(first, last) "
    "JOIN sendbatch.delivery AS d ON d.record = %(record)s AND d.status = 'sending' "
    "AND d.id BETWEEN u.first AND u.last AND d.attempt <> ALL(%(ours)s::bigint[]) "
    "ORDER BY d.id FOR UPDATE OF d), "
    "done AS (UPDATE sendbatch.delivery AS d SET status = 'in_doubt', was = NULL, "
    "attempts = d.attempts + 1, why = 'crashed', detail = NULL, finished_at = %(at)s, "
    "vars = coalesce((SELECT r.vars FROM sendbatch.plan_row AS r WHERE r.record = d.record "
    f"AND r.delivery = d.id AND r.plan = {CURRENT}), (SELECT r.vars FROM sendbatch.plan_row AS r "
    f"WHERE r.record = d.record AND r.id = d.id AND r.delivery IS NULL AND r.plan = {CURRENT})) "
    "FROM lost WHERE d.record = %(record)s AND d.id = lost.id RETURNING d.*), "
    "story AS (INSERT INTO sendbatch.attempt (record, id, delivery, what, at, status, was, attempts, "
    "due_at, code, enhanced_code, reply, why, detail, content, dated_at, first_attempt_at, finished_at) "
    "SELECT record, attempt, id, 'crash', finished_at, status, was, attempts, due_at, code, "
    "enhanced_code, reply, why, detail, content, dated_at, first_attempt_at, finished_at FROM done "
    "ON CONFLICT (record, id) DO NOTHING) SELECT count(*) FROM done"
)
# Who is to be sent to for one run only, and was not yet, is as before.
_RESTORE: Final = sql.SQL(
    f"UPDATE sendbatch.delivery SET status = {leads_to(Event.RESTORE)}, was = NULL, due_at = NULL "
    f"WHERE record = %s AND {happens(Event.RESTORE)} AND was IN {listed(SETTLED)}"
)


def doubt(
    cursor: Cursor,
    seat: Seat,
    ranges: tuple[Sequence[int], Sequence[int]],
    at: float,
    ours: Collection[int] = (),
) -> int:
    """Whoever stands as *sending* among the deliveries of these blocks, which have new tokens, is in doubt; but
    for those whose attempt is among `ours`. Returns how many."""
    firsts, lasts = ranges
    found = one(
        cursor,
        _CRASH,
        {"record": seat.record, "firsts": firsts, "lasts": lasts, "at": at, "ours": list(ours)},
    )
    if found:
        note(cursor, seat, "crash", f"{found} found on the way after a crash, now in doubt", at)
    return int(found)


def recover(cursor: Cursor, seat: Seat, holding: Holding, at: float) -> int:
    """What a run before has left, all of whose runners are gone: its blocks are taken, and whom it could send to
    for itself alone is as before. Returns how many are in doubt."""
    token = tokens(cursor, seat.record, 1)
    cursor.execute(
        "WITH all_of_it AS (SELECT first FROM sendbatch.block WHERE record = %(record)s ORDER BY first "
        "FOR UPDATE) UPDATE sendbatch.block AS b SET token = %(token)s, state = 'open', owner = NULL, "
        "until = NULL, due_at = NULL FROM all_of_it AS a WHERE b.record = %(record)s AND b.first = a.first",
        {"record": seat.record, "token": token},
    )
    with holding.lock:
        holding.clear()
        holding.sent.clear()
    restore(cursor, seat.record)
    return doubt(cursor, seat, ([EVERYTHING[0]], [EVERYTHING[1]]), at)


def restore(cursor: Cursor, record: int) -> int:
    """Whoever was made pending for one run is as before where they were not sent to; returns how many."""
    return cursor.execute(_RESTORE, (record,)).rowcount


def note(cursor: Cursor, seat: Seat, kind: str, detail: str, at: float) -> None:
    cursor.execute(
        "INSERT INTO sendbatch.event (record, at, kind, detail) VALUES (%s, %s, %s, %s)",
        (seat.record, at, kind, stored(detail)),
    )
