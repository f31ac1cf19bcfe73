"""How the record's attempts went, in numbers. Behind `store.Reading`."""

from __future__ import annotations

from collections.abc import Collection

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.facts import Answer
from sendbatch.ledger.figures import UNIT, Figures, counted
from sendbatch.ledger.sqlite.folding import is_unfolded
from sendbatch.ledger.sqlite.sql import Connection
from sendbatch.ledger.sqlite.view import FOLDED, KNOWN, tried
from sendbatch.values import Status

# Of `attempt`: the server was asked, and did not take it. When a crash is found says nothing of that.
_ENDED = "('defer', 'reject', 'doubt')"
_PER_SECOND = round(1 / UNIT)
# RFC 5321 §2.3.11: what follows the last @, which may stand within quotes before
_DOMAIN = (
    "CASE WHEN substr(email, 1, 1) = '\"' "
    "THEN substr(email, length(rtrim(email, replace(email, '@', ''))) + 1) "
    "ELSE substr(email, instr(email, '@') + 1) END"
)
_TAKEN = "status = 'accepted' AND gone IS NULL AND why IS NOT 'by-hand'"


def figures(db: Connection, *, at_rest: bool) -> Figures:
    """`at_rest`: the record is read by who does not write it."""
    # both in one takes twice as long, and in the end there is nothing left to be folded
    deliveries = KNOWN if is_unfolded(db) else FOLDED
    return counted(
        db.read(
            f"SELECT {_DOMAIN}, status, attempts, count(*) FROM {tried(deliveries, at_rest=at_rest)} "
            "GROUP BY 1, 2, 3"
        ),
        db.read(f"SELECT {_unit_of('finished_at')}, count(*) FROM {deliveries} WHERE {_TAKEN} GROUP BY 1"),
        # A record of an earlier version has no attempts: of each delivery it knows the last alone.
        db.read(
            f"SELECT {_unit_of('at')}, count(*) FROM attempt WHERE what IN {_ENDED} "
            "AND delivery NOT IN (SELECT id FROM delivery WHERE gone IS NOT NULL) GROUP BY 1 "
            f"UNION ALL SELECT {_unit_of('finished_at')}, count(*) FROM delivery "
            "WHERE status IN ('rejected', 'in_doubt') AND gone IS NULL AND finished_at IS NOT NULL "
            "AND why IS NOT 'by-hand' AND why IS NOT 'crashed' AND why IS NOT 'announced' "
            "AND id NOT IN (SELECT delivery FROM attempt) GROUP BY 1"
        ),
        # in one number: half the time of two
        (
            (bool(number % 2), number // 2, many)
            for number, many in db.read(
                "SELECT 2 * CAST((finished_at - first_attempt_at) * 1000 AS INTEGER) + (attempts > 1), "
                f"count(*) FROM {deliveries} WHERE {_TAKEN} AND first_attempt_at IS NOT NULL GROUP BY 1"
            )
        ),
    )


def _unit_of(column: str) -> str:
    return f"CAST({column} * {_PER_SECOND} AS INTEGER)"


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
