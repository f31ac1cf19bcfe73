"""A copy of a record, on this machine: for plans that are only looked at.

It is made in SQLite, and what works on such a record works on it, so nothing of it is written to the
database: it takes the right to read alone, a replica that is only read will do, nobody waits for it, and a
run may be alive meanwhile. All is read in one transaction, so it is of one moment.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import psycopg

from sendbatch.errors import LedgerError
from sendbatch.ledger.facts import Unsound
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.connecting import (
    Connection,
    in_statement_mode,
    opened,
    pools_statements,
    words_of,
)
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.runs import found_record, hold_here
from sendbatch.ledger.postgres.schema import hold_version, may_not_read
from sendbatch.ledger.postgres.text import cells_as_told, told
from sendbatch.ledger.postgres.view import STANDING, current
from sendbatch.ledger.sqlite.folding import MARK
from sendbatch.ledger.sqlite.record import Ledger, open_empty_scratch

# A table of SQLite's: its name, its columns, its rows.
Table: TypeAlias = tuple[str, Sequence[str], Iterator[Sequence[Any]]]
AT_ONCE: Final = 2000  # rows fetched in one go
_STANDING: Final = ", ".join(STANDING)
# By the table's name, its columns and where they are from; the plan's rows stand under its number there.
_TABLES: Final = (
    ("meta", "key, value", "sendbatch.meta AS t WHERE {of} ORDER BY key"),
    (
        "plan",
        "id, inputs, started_at, completed_at, columns, recipients_digest, content_digest, counts",
        "sendbatch.plan AS t WHERE {of} ORDER BY id",
    ),
    (
        "plan_row",
        'id, plan, "row", key, email, vars, status, why, detail, delivery',
        '(SELECT id, {last} AS plan, "row", key, email, vars, status, why, detail, delivery FROM '
        'sendbatch.plan_row '
        "WHERE {of} AND plan = {current}) AS t ORDER BY id",
    ),
    (
        "delivery",
        f"id, key, email, {_STANDING}, vars, gone",
        "sendbatch.delivery AS t WHERE {of} ORDER BY id",
    ),
    (
        "attempt",
        f"id, delivery, what, at, {_STANDING}, email",
        "sendbatch.attempt AS t WHERE {of} ORDER BY id",
    ),
    ("forgotten", "mark, name, at", "sendbatch.forgotten AS t WHERE {of} ORDER BY mark"),
    ("event", "at, kind, detail", "sendbatch.event AS t WHERE {of} ORDER BY id"),
)


@contextlib.contextmanager
def copy_of(place: Place, *, moved: bool = False) -> Iterator[Ledger]:
    """A copy of the record of this place, or of an empty one, where there is none: it is gone afterwards.
    Whoever asks its `stop` breaks off what takes long. Raises LedgerError where it cannot be read, or there
    is no room for it; GuardError where it was moved, unless what is left is wanted (`moved`)."""
    with open_empty_scratch() as ledger:
        _fill(ledger, place, place.address, moved=moved)
        yield ledger


def _fill(ledger: Ledger, place: Place, address: Address, *, moved: bool) -> None:
    with contextlib.closing(opened(address)) as connection:
        try:
            if not hold_version(connection, address):
                return
            names = (place.project, place.name, place.edition, place.profile)
            record = found_record(connection.cursor(), names)
            if record is not None:
                if not moved:
                    hold_here(connection.cursor(), record, place.title)
                ledger.fill(_tables(connection, record, place.stop.heed))
        except psycopg.errors.InsufficientPrivilege as error:
            raise may_not_read(connection, address, error) from None
        except psycopg.Error as error:
            if pools_statements(error):
                raise in_statement_mode(address) from None
            raise LedgerError(f"{address.shown}: the record cannot be read: {words_of(error)}") from None
        except Unsound as error:
            raise LedgerError(
                f"{address.shown}: the record cannot be read: it holds what sendbatch does not write "
                f"({error}). Restore the database from a backup: starting without it would mail everyone "
                "again"
            ) from None


def _tables(connection: Connection, record: int, heed: Callable[[], None]) -> Iterator[Table]:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        of = {
            "of": f"record = {record:d}",
            "current": current(record),
            "last": f"(SELECT max(id) FROM sendbatch.plan WHERE record = {record:d})",
        }
        for table, columns, source in _TABLES:
            rows = _read(connection, f"SELECT {columns} FROM {source.format(**of)}", heed)
            named = columns.split(", ")
            yield table, named, _told(rows, "vars" if "vars" in named else "columns", named)
        newest = f"coalesce(max(id), 0)::text FROM sendbatch.attempt WHERE {of['of']}"
        yield "meta", ("key", "value"), _read(connection, f"SELECT '{MARK}', {newest}", heed)


def _read(connection: Connection, query: str, heed: Callable[[], None]) -> Iterator[Sequence[Any]]:
    with connection.cursor(name="copy") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(query)
        while rows := cursor.fetchmany(AT_ONCE):
            heed()
            yield from rows


def _told(rows: Iterator[Sequence[Any]], cells: str, named: list[str]) -> Iterator[Sequence[Any]]:
    """What was stored as text, as it was; `cells` is the column that has texts as JSON, if there is one."""
    place = named.index(cells) if cells in named else -1
    for row in rows:
        if any(isinstance(field, str) and ("\1" in field or "\\u0001" in field) for field in row):
            yield [_as_told(field, n == place) for n, field in enumerate(row)]
        else:
            yield row


def _as_told(field: Any, is_json: bool) -> Any:
    if not isinstance(field, str):
        return field
    return cells_as_told(field) if is_json else told(field)
