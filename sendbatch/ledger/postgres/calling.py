"""A commit on its way to the database: one call, or a transaction around several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg

from sendbatch.ledger import streak
from sendbatch.ledger.facts import Change
from sendbatch.ledger.postgres import blocks, intents
from sendbatch.ledger.postgres.connecting import (
    WITHIN,
    Connection,
    Cursor,
    idle_in_transaction,
    lease_seconds,
)
from sendbatch.ledger.postgres.intents import Said
from sendbatch.ledger.postgres.runs import Seat
from sendbatch.ledger.postgres.text import stored, told
from sendbatch.ledger.postgres.writes import Wave, Writes

_ROW: Final = (
    "SELECT streak FROM sendbatch.run WHERE record = %(record)s AND id = %(run)s FOR UPDATE"
)
_IN_A_ROW: Final = (
    "UPDATE sendbatch.run SET streak = %(streak)s WHERE record = %(record)s AND id = %(run)s"
)


def written(
    connection: Connection, seat: Seat, number: int, sent: int, changes: Sequence[Change], writes: Writes
) -> tuple[list[Said], str | None]:
    """The commit of this number is written: what each call says, and how the run's row of refusals stands,
    None where nobody was refused. `sent` messages of this runner were accepted by then. Raises psycopg.Error
    where it is not known to be written."""
    calls = _calls(seat, number, sent, changes, writes)
    in_a_row = _begun(connection, seat, changes)
    if in_a_row is None and len(calls) == 1 and not writes.told and not writes.remembered:
        return [Said(*_only(connection.execute(intents.COMMIT, calls[0])))], None
    with connection.pipeline():
        if in_a_row is None:
            _begin(connection)
        answers = [connection.execute(intents.COMMIT, values) for values in calls]
        _tell(connection, seat, writes)
        if in_a_row is not None:
            connection.execute(_IN_A_ROW, {**blocks.of_seat(seat), "streak": in_a_row})
        ended = connection.execute("COMMIT")
    if ended.statusmessage != "COMMIT":
        raise psycopg.OperationalError("the transaction was not committed")
    return [Said(*_only(answer)) for answer in answers], in_a_row


def _calls(
    seat: Seat, number: int, sent: int, changes: Sequence[Change], writes: Writes
) -> list[intents.Values]:
    """One for each wave, and one at least."""
    held = {one.block.first: one.block for one in writes.begun}
    held |= {one.block.first: one.block for one in writes.stated if one.block is not None}
    all_of_it = {
        **blocks.of_seat(seat),
        **(blocks.of_blocks(held.values()) if held else {"firsts": None, "tokens": None}),
        "lease": lease_seconds(),
        "commit": number,
        "accepted": sent,
        "clears": streak.clears(changes) and not streak.counts(changes),
    }
    return [all_of_it | intents.of_wave(wave) for wave in writes.waves or [Wave()]]


def _begun(connection: Connection, seat: Seat, changes: Sequence[Change]) -> str | None:
    """Where somebody is refused, the run's row of refusals is read first, and kept from others: how it
    stands with these. None, and nothing is begun, where nobody is."""
    if not streak.counts(changes):
        return None
    with connection.pipeline():
        _begin(connection)
        before = connection.execute(_ROW, blocks.of_seat(seat))
    found = before.fetchone()
    return streak.after(told(found[0]) if found is not None else "", changes)


def _begin(connection: Connection) -> None:
    connection.execute("BEGIN")
    connection.execute(WITHIN, (str(idle_in_transaction()),))


def _tell(connection: Connection, seat: Seat, writes: Writes) -> None:
    values = blocks.of_seat(seat)
    for change in writes.remembered:
        key = stored(change.key)
        if change.value is None:
            connection.execute(intents.FORGET, {**values, "key": key})
        else:
            connection.execute(intents.REMEMBER, {**values, "key": key, "value": stored(change.value)})
    if writes.told:
        notes = [note for _, note in writes.told]
        connection.execute(
            intents.NOTE,
            {
                **values,
                "ats": [note.at for note in notes],
                "kinds": [stored(note.kind) for note in notes],
                "details": [stored(note.detail) for note in notes],
                "numbers": [number for number, _ in writes.told],
            },
        )


def _only(cursor: Cursor) -> tuple[Any, ...]:
    """Its one row. Raises psycopg.Error where there is none."""
    row = cursor.fetchone()
    if row is None:
        raise psycopg.OperationalError("the commit was not answered")
    return row
