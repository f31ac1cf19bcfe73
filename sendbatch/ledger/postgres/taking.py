"""Blocks are taken, by whoever is to send to those in them; and where somebody stands whom nobody was handed
out to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from sendbatch.ledger.postgres import blocks
from sendbatch.ledger.postgres.blocks import Block, Holding, Sent
from sendbatch.ledger.postgres.connecting import WITHIN, Connection, idle_in_transaction
from sendbatch.ledger.postgres.recovery import doubt
from sendbatch.ledger.postgres.runs import Seat
from sendbatch.ledger.postgres.text import told
from sendbatch.ledger.postgres.view import STANDING, current
from sendbatch.ledger.standing import UNTRIED, Standing
from sendbatch.values import Status

_STATUSES: dict[str | None, Status | None] = {None: None, **{str(one): one for one in Status}}


def take(
    connection: Connection,
    seat: Seat,
    holding: Holding,
    at: float,
    *,
    most: int,
    firsts: Sequence[int] | None,
) -> list[Block]:
    """Take blocks that are free: the next `most`, or those of `firsts`; they are held then. Whoever is
    *sending* in one is in doubt, but for those of this runner who wait for an answer."""
    most = most if firsts is None else max(len(firsts), 1)
    with holding.lock:
        ours = [sent.attempt for sent in holding.sent.values()]
    with connection.pipeline():
        connection.execute("BEGIN")
        connection.execute(WITHIN, (str(idle_in_transaction()),))
        found = blocks.take(connection, seat, most=most, firsts=firsts)
        doubt(connection, seat, most, at, ours)
        connection.execute("COMMIT")
    taken = [Block(first, last, token, token) for first, last, token in found]
    holding.hold(taken)
    return taken


def strangers(
    connection: Connection, seat: Seat, ids: Sequence[int]
) -> tuple[dict[int, Standing], dict[int, Sent]]:
    """Where those stand whom nobody was handed out to: tried, or in a row that holds its key; and of whom an
    answer is awaited."""
    values = {"record": seat.record, "ids": list(ids)}
    untried = connection.execute(
        sql.SQL(
            "SELECT id FROM sendbatch.plan_row WHERE record = %(record)s AND id = ANY(%(ids)s) "
            "AND status = 'pending' AND delivery IS NULL AND plan = {}"
        ).format(sql.SQL(current(seat.record))),
        values,
    )
    found = {id_: UNTRIED for (id_,) in untried}
    awaited: dict[int, Sent] = {}
    tried = connection.execute(
        sql.SQL(
            "SELECT id, attempt, {} FROM sendbatch.delivery WHERE record = %(record)s AND id = ANY(%(ids)s) "
            "AND gone IS NULL"
        ).format(sql.SQL(", ".join(STANDING))),
        values,
    )
    for id_, attempt, *fields in tried:
        found[id_] = standing_of(fields)
        if found[id_].status is Status.SENDING and attempt is not None:
            awaited[id_] = Sent(attempt, found[id_])
    return found, awaited


def standing_of(fields: Sequence[Any]) -> Standing:
    """From the columns of `STANDING`."""
    status, was, attempts, due_at, code, enhanced, reply, why, detail, content, *times = fields
    return Standing(
        Status(status), _STATUSES[was], attempts, due_at, code, told(enhanced), told(reply), why,
        told(detail), told(content), *times,
    )  # fmt: skip
