"""How a database is reached, and what must be so of it before it may hold a record.

Every connection is one that a pooler may hand to another session between two transactions: no settings of a
session, no temporary tables, no statements by name, no locks of a session, no LISTEN. What a transaction
needs is set within it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, LiteralString, TypeAlias

import psycopg
from psycopg import sql

from sendbatch.errors import LedgerError, RecordStopped, SendbatchError, one_line
from sendbatch.ledger.postgres.address import Address

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
Cursor: TypeAlias = "psycopg.Cursor[tuple[Any, ...]]"
Query: TypeAlias = LiteralString | sql.SQL | sql.Composed

OLDEST: Final = 130000  # PostgreSQL 13
CONNECT_IN: Final = 10  # seconds
IDLE_IN_TRANSACTION: Final = 5_000  # milliseconds: half a lease


def connect(address: Address) -> Connection:
    """A connection in autocommit. Raises LedgerError, in words that hold no secret."""
    try:
        connection = psycopg.connect(
            address.url,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=CONNECT_IN,
            application_name="sendbatch",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=20_000,
            client_encoding="UTF8",
        )
    except psycopg.Error as error:
        raise refused(error, address) from None
    return connection


@contextmanager
def transaction(connection: Connection, idle: int = IDLE_IN_TRANSACTION) -> Iterator[Cursor]:
    """All or nothing, and on the server's disk once left. Raises psycopg.Error."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
            "WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true), "
            "set_config('idle_in_transaction_session_timeout', %s, true)",
            (str(idle),),
        )
        yield cursor


def refused(error: psycopg.Error, address: Address) -> SendbatchError:
    """Why there is no connection, for people."""
    return LedgerError(
        f"{address.shown}: the record's database cannot be reached: {words_of(error)}"
    )


def stopped(error: psycopg.Error, address: Address) -> RecordStopped:
    """Why a connection that was there is of no use any more."""
    return RecordStopped(f"{address.shown}: the record's database: {words_of(error)}")


def words_of(error: psycopg.Error) -> str:
    """What the server said, bounded; libpq names host and user in it, never the password."""
    said = (error.diag.message_primary or str(error)).strip() or type(error).__name__
    return one_line(said.splitlines()[0], 300)


def one(cursor: Cursor, query: Query, values: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
    """The first cell of the first row, None where there is none."""
    row = cursor.execute(query, values).fetchone()
    return row[0] if row is not None else None
