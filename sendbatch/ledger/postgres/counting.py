"""How the record's attempts went, in numbers. Behind `store.Reading`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain
from typing import Final

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.facts import Answer
from sendbatch.ledger.figures import MOST_DOMAINS, MOST_UNITS, UNIT, Figures, counted
from sendbatch.ledger.postgres.parts import Asked, ask
from sendbatch.ledger.postgres.view import deliveries_of, tried
from sendbatch.values import Status

# Of `attempt`: the server was asked, and did not take it. When a crash is found says nothing of that.
_ENDED: Final = "('defer', 'reject', 'doubt')"
_PER_SECOND: Final = round(1 / UNIT)
# RFC 5321 §2.3.11: what follows the last @, which may stand within quotes before
_DOMAIN: Final = (
    "CASE WHEN left(email, 1) = '\"' THEN reverse(split_part(reverse(email), '@', 1)) "
    "ELSE substr(email, strpos(email, '@') + 1) END"
)
_TAKEN: Final = "status = 'accepted' AND gone IS NULL AND why IS DISTINCT FROM 'by-hand'"
_LEAST: Final = -(2**63)


def figures(asked: Asked, record: int, unheld: str | None) -> Figures:
    """With `unheld` the record is read by who does not write it (`view`)."""
    deliveries = deliveries_of(record)
    return counted(
        _tried(asked, tried(deliveries, unheld=unheld)),
        _counts(asked, _unit_of("finished_at"), f"{deliveries} AS d WHERE {_TAKEN}"),
        chain(
            _counts(
                asked,
                _unit_of("at"),
                f"sendbatch.attempt AS a WHERE record = {record:d} AND what IN {_ENDED} AND NOT EXISTS "
                f"(SELECT 1 FROM {deliveries} AS d WHERE d.id = a.delivery AND d.gone IS NOT NULL)",
            ),
            # A record that was moved here has no attempts: of each delivery it knows the last alone.
            _counts(
                asked,
                _unit_of("finished_at"),
                f"{deliveries} AS d WHERE status IN ('rejected', 'in_doubt') AND gone IS NULL "
                "AND finished_at IS NOT NULL AND coalesce(why, '') NOT IN ('by-hand', 'crashed', "
                "'announced') AND NOT EXISTS (SELECT 1 FROM sendbatch.attempt AS a "
                f"WHERE a.record = {record:d} AND a.delivery = d.id)",
            ),
        ),
        # in one number: half the groups' size
        (
            (bool(number % 2), number // 2, many)
            for number, many in _counts(
                asked,
                "2 * trunc((finished_at - first_attempt_at) * 1000)::bigint + (attempts > 1)::int",
                f"{deliveries} AS d WHERE {_TAKEN} AND first_attempt_at IS NOT NULL",
            )
        ),
    )


def _tried(asked: Asked, people: str) -> Iterator[tuple[str, str, int, int]]:
    """By (domain, status, attempts); of very many the smallest are told together, under no domain."""
    groups = (
        f"SELECT {_DOMAIN} AS domain, status, attempts, count(*) AS many FROM {people} GROUP BY 1, 2, 3"
    )
    ranked = (
        f"SELECT CASE WHEN rank <= {2 * MOST_DOMAINS} THEN domain ELSE '' END AS domain, status, attempts, "
        f"many FROM (SELECT *, row_number() OVER (ORDER BY many DESC) AS rank FROM ({groups}) AS g) AS r"
    )
    yield from ask(
        asked,
        f"SELECT domain, status, attempts, sum(many)::bigint FROM ({ranked}) AS told GROUP BY 1, 2, 3",
    )


def _counts(asked: Asked, number: str, source: str) -> Iterator[tuple[int, int]]:
    """How many rows have which number, by number, some at a time."""
    after = _LEAST
    while rows := ask(
        asked,
        f"SELECT number, count(*) FROM (SELECT {number} AS number FROM {source}) AS numbers "
        f"WHERE number > {after:d} GROUP BY number ORDER BY number LIMIT {MOST_UNITS:d}",
    ):
        yield from rows
        if len(rows) < MOST_UNITS:
            return
        after = rows[-1][0]


def _unit_of(column: str) -> str:
    return f"trunc({column} * {_PER_SECOND})::bigint"


def answers(asked: Asked, rows: str, statuses: Collection[Status], limit: int) -> list[Answer]:
    """Of a table of people as `view` has it."""
    if not statuses:
        return []
    found = ask(
        asked,
        "SELECT status, code, enhanced_code, min(reply), why, min(detail), count(*) AS many, "
        "min(reply) <> max(reply) OR min(detail) <> max(detail) FROM "
        "(SELECT status, code, enhanced_code, coalesce(reply, '') AS reply, why, "
        f"coalesce(detail, '') AS detail, email FROM {rows} WHERE status IN {listed(statuses)}) AS told "
        f"GROUP BY status, code, enhanced_code, {_alike('reply')}, why, {_alike('detail')} "
        "ORDER BY many DESC, status, code NULLS FIRST, enhanced_code NULLS FIRST, min(reply), "
        "why NULLS FIRST, min(detail) LIMIT %s",
        (limit,),
    )
    return [
        Answer(Status(status), code, enhanced, text, why, detail, many, varies)
        for status, code, enhanced, text, why, detail, many, varies in found
    ]


def _alike(column: str) -> str:
    """The same for texts that differ by the address, or by digits alone."""
    return f"translate(replace({column}, email, ''), '0123456789', '')"
