"""Making a draft the record's: RECORD's table, as SQL, in the short transaction of `Draft.merge`.

The rows of the plan stand already, under a number that nobody looks at. What is left to do concerns
deliveries alone: which of them the CSV has no row of any more, which have another address now, and whom a
person's word takes up again.
"""

from __future__ import annotations

from sendbatch.ledger.conditions import happens, leads_to, listed
from sendbatch.ledger.postgres.connecting import Cursor
from sendbatch.ledger.postgres.text import stored
from sendbatch.ledger.postgres.view import TRIED
from sendbatch.ledger.states import SENDABLE, Event


def seat(cursor: Cursor, record: int, last: int, number: int) -> None:
    """Deliveries follow from the rows that stand under the number `last` to those under `number`."""
    of_record = f"record = {record:d}"
    ours = (
        f"SELECT delivery FROM sendbatch.plan_row WHERE {of_record} AND plan = {number:d} "
        "AND delivery IS NOT NULL"
    )
    if cursor.execute(f"DELETE FROM sendbatch.delivery WHERE {of_record} AND NOT {TRIED}").rowcount:
        cursor.execute(
            f"DELETE FROM sendbatch.attempt AS a WHERE {of_record} AND NOT EXISTS "
            f"(SELECT 1 FROM sendbatch.delivery AS d WHERE d.{of_record} AND d.id = a.delivery)"
        )
    cursor.execute(
        f"UPDATE sendbatch.delivery SET gone = NULL WHERE {of_record} AND gone IS NOT NULL AND id IN ({ours})"
    )
    cursor.execute(
        'UPDATE sendbatch.delivery AS d SET due_at = NULL, gone = coalesce((SELECT r."row" '
        f"FROM sendbatch.plan_row AS r WHERE r.{of_record} AND r.plan = {last:d} AND (r.delivery = d.id OR "
        "r.id = d.id "
        f"AND r.delivery IS NULL)), 1) WHERE d.{of_record} AND gone IS NULL AND NOT EXISTS "
        f"(SELECT 1 FROM ({ours}) AS ours WHERE ours.delivery = d.id)"
    )


def readdress(cursor: Cursor, record: int, number: int, among: str = "") -> None:
    """Who has another address in the plan of this number is to be sent the message there, and what became of
    the old one is history: of the delivery only how often it was tried is kept; unless the message was sent.
    No answer about the old one counts any more. `among` says of whom alone, where the plan is none that is
    made now: it has said so to all others."""
    those = (
        f"d.record = {record:d} AND r.record = {record:d} AND r.plan = {number:d} AND r.delivery = d.id "
        "AND r.status = 'pending' AND r.email <> '' AND r.email <> d.email "
        f"AND d.{happens(Event.READDRESS)}{among}"
    )
    cursor.execute(
        "UPDATE sendbatch.attempt AS a SET email = d.email FROM sendbatch.delivery AS d, sendbatch.plan_row "
        "AS r "
        f"WHERE a.record = {record:d} AND a.delivery = d.id AND a.email IS NULL AND {those}"
    )
    cursor.execute(
        f"UPDATE sendbatch.delivery AS d SET email = r.email, status = {leads_to(Event.READDRESS)}, "
        "was = CASE WHEN d.was = 'in_doubt' THEN d.was END, why = NULL, detail = NULL, due_at = NULL, code "
        "= NULL, "
        "enhanced_code = NULL, reply = NULL, content = NULL, dated_at = NULL, finished_at = NULL, attempt = "
        "NULL "
        f"FROM sendbatch.plan_row AS r WHERE {those}"
    )


def except_(cursor: Cursor, record: int, number: int, rows: str, detail: str, at: float) -> None:
    """Those of these `rows`, a table of ids, have it by a person's word. Who was never tried has a delivery
    from now on, which no plan replaces."""
    of_plan = f"r.record = {record:d} AND r.plan = {number:d} AND r.id IN (SELECT id FROM {rows} AS x)"
    cursor.execute(
        f"UPDATE sendbatch.delivery AS d SET status = {leads_to(Event.EXCEPT)}, was = NULL, vars = NULL, "
        "due_at = NULL, why = 'by-hand', detail = %s, "
        "finished_at = CASE WHEN d.first_attempt_at IS NOT NULL THEN %s::double precision END "
        f"FROM sendbatch.plan_row AS r WHERE {of_plan} AND d.record = {record:d} "
        f"AND d.id = coalesce(r.delivery, r.id) AND d.{happens(Event.EXCEPT)}",
        (stored(detail), at),
    )
    cursor.execute(
        "INSERT INTO sendbatch.delivery (record, id, key, email, status, attempts, why, detail) "
        f"SELECT r.record, r.id, r.key, r.email, {leads_to(Event.EXCEPT)}, 0, 'by-hand', %s "
        f"FROM sendbatch.plan_row AS r WHERE r.delivery IS NULL AND {of_plan} ON CONFLICT (record, id) DO "
        "NOTHING",
        (stored(detail),),
    )


def take_up(cursor: Cursor, record: int, asked: str | None, hurried: str | None) -> None:
    """Those done with are sent to again, for this run; who is deferred is due when it was said."""
    for event in (Event.RETRY, Event.RESEND) if asked is not None else ():
        cursor.execute(
            f"UPDATE sendbatch.delivery SET was = status, status = {leads_to(event)}, due_at = NULL "
            f"WHERE record = {record:d} AND id IN (SELECT id FROM {asked} AS x) AND {happens(event)} "
            f"AND status NOT IN {listed(SENDABLE)}"
        )
    if hurried is not None:
        cursor.execute(
            f"UPDATE sendbatch.delivery AS d SET due_at = h.due_at FROM {hurried} AS h "
            f"WHERE d.record = {record:d} AND h.id = d.id AND d.status = 'deferred'"
        )


def make_due(cursor: Cursor, record: int, those: str, at: float, latest: float | None) -> None:
    """Of `those`, a condition on ids."""
    these = f"record = {record:d} AND status = 'deferred' AND gone IS NULL{those}"
    cursor.execute(f"UPDATE sendbatch.delivery SET due_at = %s WHERE due_at IS NULL AND {these}", (at,))
    if latest is not None:
        cursor.execute(
            f"UPDATE sendbatch.delivery SET due_at = %s WHERE due_at > %s AND {these}", (latest, latest)
        )


def forget(cursor: Cursor, record: int) -> None:
    """Nobody was ever tried."""
    cursor.execute("DELETE FROM sendbatch.attempt WHERE record = %s", (record,))
    cursor.execute("DELETE FROM sendbatch.delivery WHERE record = %s", (record,))


def remember(cursor: Cursor, record: int, key: str, value: str) -> None:
    """One line of `meta`."""
    cursor.execute(
        "INSERT INTO sendbatch.meta (record, key, value) VALUES (%s, %s, %s) "
        "ON CONFLICT (record, key) DO UPDATE SET value = excluded.value",
        (record, stored(key), stored(value)),
    )


def note(cursor: Cursor, record: int, kind: str, detail: str, at: float) -> None:
    """One event."""
    cursor.execute(
        "INSERT INTO sendbatch.event (record, at, kind, detail) VALUES (%s, %s, %s, %s)",
        (record, at, stored(kind), stored(detail)),
    )

