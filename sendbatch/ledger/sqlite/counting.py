"""How the record's attempts went, in numbers. Behind `store.Reading`."""

from __future__ import annotations

from collections.abc import Collection

from sendbatch.ledger.facts import Answer
from sendbatch.ledger.figures import UNIT, Figures, counted
from sendbatch.ledger.sqlite.sql import Connection, listed
from sendbatch.values import Status

# Of `attempt`: the server was asked, and did not take it. When a crash is found says nothing of that.
_ENDED = "('defer', 'reject', 'doubt')"
_PER_SECOND = round(1 / UNIT)
# RFC 5321 §2.3.11: what follows the last @, which may stand within quotes before
_DOMAIN = (
    "iif(instr(substr(email, instr(email, '@') + 1), '@'), "
    "substr(email, length(rtrim(email, replace(email, '@', ''))) + 1), "
    "substr(email, instr(email, '@') + 1))"
)
_TAKEN = "status = 'accepted' AND why IS NOT 'by-hand'"
_TIME = "finished_at - first_attempt_at"
# as `figures.roughly`
_ROUGHLY = (
    f"CASE WHEN {_TIME} < 1 THEN max(0, CAST(({_TIME}) * 1000 AS INTEGER)) / 1000.0 "
    f"WHEN {_TIME} < 100 THEN CAST(({_TIME}) * 10 AS INTEGER) / 10.0 "
    f"ELSE CAST(({_TIME}) / 10 AS INTEGER) * 10.0 END"
)


def figures(db: Connection, tried: str) -> Figures:
    """Of a table as `view.tried` has it."""
    deliveries = db.read(
        f"SELECT {_DOMAIN}, status, attempts, "
        f"CASE WHEN {_TAKEN} THEN CAST(finished_at * {_PER_SECOND} AS INTEGER) END, "
        f"CASE WHEN {_TAKEN} THEN {_ROUGHLY} END FROM {tried}"
    )
    # A record of an earlier version has no attempts: of each delivery it knows the last alone.
    others = db.read(
        f"SELECT CAST(at * {_PER_SECOND} AS INTEGER) FROM attempt WHERE what IN {_ENDED} "
        "AND delivery NOT IN (SELECT id FROM delivery WHERE gone IS NOT NULL) "
        f"UNION ALL SELECT CAST(finished_at * {_PER_SECOND} AS INTEGER) FROM delivery "
        "WHERE status IN ('rejected', 'in_doubt') AND gone IS NULL AND finished_at IS NOT NULL "
        "AND why IS NOT 'by-hand' AND why IS NOT 'crashed' "
        "AND id NOT IN (SELECT delivery FROM attempt)"
    )
    return counted(deliveries, (moment for (moment,) in others))


def answers(db: Connection, rows: str, statuses: Collection[Status], limit: int) -> list[Answer]:
    """Of a table as `view.rows_of` has it."""
    found = db.execute(
        "SELECT status, code, enhanced_code, min(reply), why, min(detail), count(*) AS many, "
        "min(reply) <> max(reply) OR min(detail) <> max(detail) FROM "
        "(SELECT status, code, enhanced_code, coalesce(reply, '') AS reply, why, "
        f"coalesce(detail, '') AS detail, email FROM {rows} WHERE status IN {listed(statuses)}) "
        f"GROUP BY status, code, enhanced_code, {_alike('reply')}, why, {_alike('detail')} "
        "ORDER BY many DESC, status, code, enhanced_code, min(reply), why, min(detail) LIMIT ?",
        (limit,),
    )
    return [
        Answer(Status(status), code, enhanced, text, why, detail, many, bool(varies))
        for status, code, enhanced, text, why, detail, many, varies in found
    ]


def _alike(column: str) -> str:
    """The same for texts that differ by the address, or by digits alone."""
    alike = f"replace({column}, email, '')"
    for digit in "0123456789":
        alike = f"replace({alike}, '{digit}', '')"
    return alike
