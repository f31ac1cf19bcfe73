"""How a runner that is gone becomes doubt, and how a person settles it.

Whoever stands as *sending* in a block that is taken was on the way as its holder ended, or was not heard of:
the message may have arrived. They are in doubt until an answer comes after all, or a person says what became
of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from psycopg import sql

from sendbatch.errors import LockedError, one_line
from sendbatch.ledger.conditions import happens, leads_to
from sendbatch.ledger.postgres.arrays import numbers
from sendbatch.ledger.postgres.blocks import RESERVED, Holding, of_seat
from sendbatch.ledger.postgres.connecting import NOW, Connection, Cursor, lease_seconds, one
from sendbatch.ledger.postgres.runs import YOUNG, Seat, tokens
from sendbatch.ledger.postgres.selecting import restore
from sendbatch.ledger.postgres.text import stored, told
from sendbatch.ledger.postgres.view import gone, plan_rows, rows_of
from sendbatch.ledger.states import RESOLVED
from sendbatch.values import Status
from sendbatch.words import clock_time

# Of a table `u` of blocks; what became of whom is noted, if of anybody.
_CRASH: Final = (
    "WITH lost AS (SELECT d.id FROM {blocks} AS u "
    "JOIN sendbatch.delivery AS d ON d.record = %(record)s AND d.status = 'sending' "
    "AND d.id BETWEEN u.first AND u.last AND d.attempt <> ALL(%(ours)s::bigint[]) "
    "ORDER BY d.id FOR UPDATE OF d), "
    "done AS (UPDATE sendbatch.delivery AS d SET status = 'in_doubt', was = NULL, "
    "attempts = d.attempts + 1, why = 'crashed', detail = NULL, finished_at = %(at)s, "
    "vars = sendbatch.cells_of(%(record)s, d.id) "
    "FROM lost WHERE d.record = %(record)s AND d.id = lost.id RETURNING d.*), "
    "story AS (INSERT INTO sendbatch.attempt (record, id, delivery, what, at, status, was, attempts, "
    "due_at, code, enhanced_code, reply, why, detail, content, dated_at, first_attempt_at, finished_at) "
    "SELECT record, attempt, id, 'crash', finished_at, status, was, attempts, due_at, code, "
    "enhanced_code, reply, why, detail, content, dated_at, first_attempt_at, finished_at FROM done "
    "ON CONFLICT (record, id) DO NOTHING), many AS (SELECT count(*) AS found FROM done), "
    "noted AS (INSERT INTO sendbatch.event (record, at, kind, detail) SELECT %(record)s, %(at)s, 'crash', "
    "found || ' found on the way after a crash, now in doubt' FROM many WHERE found > 0) "
    "SELECT found FROM many"
)
_ALL: Final = "(SELECT 0::bigint AS first, 9223372036854775807 AS last)"
_JUST_TAKEN: Final = (
    "(SELECT b.first, b.last FROM sendbatch.block AS b WHERE b.record = %(record)s "
    f"AND b.owner = %(runner)s AND b.state = 'held' AND b.token >= {RESERVED})"
)


def doubt(connection: Connection, seat: Seat, most: int, at: float, ours: Collection[int]) -> None:
    """Whoever stands as *sending* in a block that was taken in this transaction, with `most` tokens, is in
    doubt; but for those whose attempt is among `ours`."""
    values = {**of_seat(seat), "most": most, "at": at, "ours": numbers(ours)}
    connection.execute(_sql(_CRASH.replace("{blocks}", _JUST_TAKEN)), values)


def recover(cursor: Cursor, seat: Seat, holding: Holding, at: float) -> int:
    """What a run before has left, all of whose runners are gone: its blocks are taken, and whom it could send
    to for itself alone is as before. Returns how many are in doubt."""
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
    everybody = _sql(_CRASH.replace("{blocks}", _ALL))
    return int(one(cursor, everybody, {"record": seat.record, "at": at, "ours": "{}"}))


def resolve(
    cursor: Cursor, seat: Seat, named: Sequence[tuple[str, ...]], to: Status, at: float
) -> list[str]:
    """Settle by hand those that have one of each `named` spellings. Returns the first spelling of those of
    whom nothing is to be settled; nothing is changed then. Raises LockedError where they are to be sent to
    again, and an answer may still come."""
    event, record = RESOLVED[to], seat.record
    ids = [_unsettled(cursor, record, spellings) for spellings in named]
    wrong = [spellings[0] for spellings, found in zip(named, ids, strict=True) if not found]
    if wrong or not named:
        return wrong
    those = sorted({id_ for found in ids for id_ in found})
    if to is Status.PENDING:
        _hold_old(cursor, record, those)
    cursor.execute(
        _sql(
            f"UPDATE sendbatch.delivery SET status = {leads_to(event)}, was = NULL, vars = NULL, "
            "due_at = NULL, why = 'by-hand', detail = NULL, finished_at = %s "
            f"WHERE record = %s AND id = ANY(%s) AND {happens(event)}"
        ),
        (None if to is Status.PENDING else at, record, those),
    )
    for spellings in named:
        note(cursor, seat, "resolved", f"{spellings[0]}: {to}, by hand", at)
    if to is Status.PENDING:
        # What the CSV says of them now counts again: another address, or that they are left out.
        cursor.execute(
            "UPDATE sendbatch.plan SET inputs = '' WHERE record = %s AND id = "
            "(SELECT max(id) FROM sendbatch.plan WHERE record = %s)",
            (record, record),
        )
    return []


def _unsettled(cursor: Cursor, record: int, spellings: tuple[str, ...]) -> list[int]:
    """The deliveries of that key or address that are in doubt, or held back by 5xx."""
    open_ = f"record = {record:d} AND status IN ('in_doubt', 'deferred')"
    of = f"(SELECT * FROM sendbatch.delivery WHERE {open_})"
    named = "(key = ANY(%(words)s) OR email = ANY(%(words)s))"
    rows = cursor.execute(
        _sql(
            f"SELECT id FROM {rows_of(plan_rows(record), of)} WHERE {named} "
            "AND (status = 'in_doubt' OR status = 'deferred' AND code >= 500) "
            f"UNION SELECT id FROM {gone(of)} WHERE {named} AND status = 'in_doubt'"
        ),
        {"words": [stored(one) for one in spellings]},
    )
    return [id_ for (id_,) in rows]


def _hold_old(cursor: Cursor, record: int, ids: Sequence[int]) -> None:
    found = cursor.execute(
        f"SELECT key, finished_at FROM sendbatch.delivery WHERE record = %s AND id = ANY(%s) "
        f"AND status = 'in_doubt' AND finished_at > {NOW} - %s ORDER BY finished_at DESC LIMIT 1",
        (record, list(ids), YOUNG + lease_seconds()),
    ).fetchone()
    if found is not None:
        key, since = found
        raise LockedError(
            f"{one_line(told(key), 200)}: in doubt since {clock_time(since)}, so the server's answer may "
            "still come, from another machine that is slow or paused; nobody was changed",
            hint=f"wait until {clock_time(since + YOUNG + lease_seconds())} before it is sent again; "
            "--as accepted and --as rejected hold at once",
        )


def _sql(query: str) -> sql.SQL:
    return sql.SQL(query)


def note(cursor: Cursor, seat: Seat, kind: str, detail: str, at: float) -> None:
    cursor.execute(
        "INSERT INTO sendbatch.event (record, at, kind, detail) VALUES (%s, %s, %s, %s)",
        (seat.record, at, kind, stored(detail)),
    )
