"""Making a staged plan the last one: RECORD's table, as SQL, in the short transaction of `Draft.merge`.

The rows of the plan stand already, under a number that nobody looks at. What is left to do concerns
deliveries alone: which of them the CSV has no row of any more, and which have another address now.
"""

from __future__ import annotations

import sqlite3

from sendbatch.ledger.conditions import happens, leads_to
from sendbatch.ledger.sqlite.view import TRIED
from sendbatch.ledger.states import Event


def seat(db: sqlite3.Connection, last: int, number: int) -> None:
    """Deliveries follow from the rows of the plan `last` to those of the plan `number`."""
    ours = f"(SELECT delivery FROM plan_row WHERE plan = {number:d} AND delivery IS NOT NULL)"
    if db.execute(f"DELETE FROM delivery WHERE NOT {TRIED}").rowcount:
        db.execute("DELETE FROM attempt WHERE delivery NOT IN (SELECT id FROM delivery)")
    db.execute(f"UPDATE delivery SET gone = NULL WHERE gone IS NOT NULL AND id IN {ours}")
    db.execute(
        "UPDATE delivery SET due_at = NULL, gone = coalesce((SELECT r.\"row\" FROM plan_row AS r "
        f"WHERE r.plan = {last:d} AND (r.delivery = delivery.id OR r.id = delivery.id AND "
        f"r.delivery IS NULL)), 1) WHERE gone IS NULL AND id NOT IN {ours}"
    )


def readdress(db: sqlite3.Connection, number: int, among: str = "") -> None:
    """Who has another address in the plan of this number is to be sent the message there, and what became of
    the old one is history: of the delivery only how often it was tried is kept; unless the message was sent.
    `among` says of whom alone, where the plan is none that is made now: it has said so to all others."""
    those = (
        f"r.plan = {number:d} AND r.delivery = delivery.id AND r.status = 'pending' AND r.email <> '' "
        f"AND r.email <> delivery.email AND delivery.{happens(Event.READDRESS)}{among}"
    )
    db.execute(
        "UPDATE attempt SET email = delivery.email FROM delivery, plan_row AS r "
        f"WHERE attempt.delivery = delivery.id AND attempt.email IS NULL AND {those}"
    )
    db.execute(
        f"UPDATE delivery SET email = r.email, status = {leads_to(Event.READDRESS)}, "
        "was = iif(was = 'in_doubt', was, NULL), why = NULL, detail = NULL, due_at = NULL, code = NULL, "
        "enhanced_code = NULL, reply = NULL, content = NULL, dated_at = NULL, finished_at = NULL "
        f"FROM plan_row AS r WHERE {those}"
    )


def forget_older(db: sqlite3.Connection, number: int) -> None:
    """No plan but that of this number has rows, and no other an index of its keys."""
    db.execute("DELETE FROM plan_row WHERE plan <> ?", (number,))
    for (name,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND name GLOB 'plan_row_key_*'"
    ).fetchall():
        if name != key_index(number):
            db.execute(f'DROP INDEX "{name}"')


def key_index(number: int) -> str:
    """The name of the index by which one row alone holds a key in this plan."""
    return f"plan_row_key_{number:d}"
