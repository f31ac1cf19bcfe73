"""How a database is reached, and what must be so of it before it may hold a record.

Every connection is one that a pooler may hand to another session between two transactions: no settings of a
session, no temporary tables, no statements by name, no locks of a session, no LISTEN. What a transaction
needs is set within it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, LiteralString, TypeAlias

import psycopg
from psycopg import sql

from sendbatch.errors import LedgerError, RecordStopped, SendbatchError, one_line
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.way import of_the_way

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
Cursor: TypeAlias = "psycopg.Cursor[tuple[Any, ...]]"
Query: TypeAlias = LiteralString | sql.SQL | sql.Composed

OLDEST: Final = 130000  # PostgreSQL 13
CONNECT_IN: Final = 10  # seconds
# Else libpq asks for a key's passphrase at the terminal, for each connection anew.
NO_PASSPHRASE: Final = "none is given"  # noqa: S105 - it is none
LEASE: Final = "SENDBATCH_LEASE"  # seconds; for tests, which have no time to wait
NOW: Final[LiteralString] = "extract(epoch FROM clock_timestamp())::float8"
# Of a runner, with the lease twice: it was heard of. What stands ahead of the clock is another clock's.
ALIVE: Final[LiteralString] = f"(seen_at > {NOW} - %s AND seen_at < {NOW} + 2 * %s)"
# What a transaction needs: on the server's disk, and on a standby's where one is waited for; and no lock is
# kept by who is silent in the middle of it.
WITHIN: Final[LiteralString] = (
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
    "WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true), "
    "set_config('idle_in_transaction_session_timeout', %s, true)"
)


# What it cannot do about a connection that broke is told by whoever asked, and not on a terminal beside.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


def lease_seconds() -> float:
    """How long a block, a plan in the making and a runner count as alive after they were last heard of."""
    try:
        return min(max(float(os.environ.get(LEASE, "10")), 0.5), 60.0)
    except ValueError:
        return 10.0


def idle_in_transaction() -> int:
    """Milliseconds: half a lease."""
    return int(lease_seconds() * 500)


def connect(address: Address, within: int = CONNECT_IN) -> Connection:
    """A connection in autocommit to a server that keeps what it has committed. Raises LedgerError where it
    does not, psycopg.Error where there is none."""
    connection = psycopg.connect(
        address.url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=within,
        application_name="sendbatch",
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=20_000,
        client_encoding="UTF8",
        sslpassword=NO_PASSPHRASE if address.prompts else None,
    )
    try:
        _hold_durable(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def opened(address: Address) -> Connection:
    """As `connect`, for whoever waits for nothing. Raises LedgerError, in words that hold no secret."""
    try:
        return connect(address)
    except psycopg.Error as error:
        raise refused(error, address) from None


def _hold_durable(connection: Connection, address: Address) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('fsync'), "
            "current_setting('full_page_writes'), current_setting('server_encoding')"
        )
        found = cursor.fetchone()
    assert found is not None
    version, fsync, pages, encoding = found
    if version < OLDEST:
        raise LedgerError(
            f"{address.shown}: PostgreSQL {version // 10000} keeps no record: it takes 13 or newer"
        )
    for name, value in (("fsync", fsync), ("full_page_writes", pages)):
        if value != "on":
            raise LedgerError(
                f"{address.shown}: `{name}` is off in this database, so that a power cut can lose whom it "
                "has said were sent to, and they would be mailed again; nothing was sent",
                hint=f"set it on (ALTER SYSTEM SET {name} = on, then reload), or name another database",
            )
    if encoding != "UTF8":
        raise LedgerError(
            f"{address.shown}: the database's encoding is {one_line(encoding, 30)}, and names in other "
            "letters do not go into it",
            hint="make one for it: CREATE DATABASE sendbatch ENCODING 'UTF8' TEMPLATE template0",
        )


@contextmanager
def transaction(connection: Connection) -> Iterator[Cursor]:
    """All or nothing, and on the server's disk once left. Raises psycopg.Error."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(WITHIN, (str(idle_in_transaction()),))
        yield cursor


def refused(error: psycopg.Error, address: Address) -> SendbatchError:
    """Why there is no connection, for people."""
    words = words_of(error)
    if pools_statements(error):
        return in_statement_mode(address)
    hint = of_the_way(error)
    if hint is None and any(one in words for one in ("password", "pg_hba", "role")):
        hint = (
            "look at user and password in what the address is read from: DATABASE_URL, SENDBATCH_RECORD, "
            "profiles.yaml, or PGPASSWORD and ~/.pgpass"
        )
    elif hint is None and "does not exist" in words:
        hint = "make it: createdb NAME, or CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
    hint = hint or _AWAY
    return LedgerError(
        f"{address.shown}: the record's database cannot be reached: {words}; nothing was sent", hint=hint
    )


def away(error: psycopg.Error, address: Address) -> SendbatchError:
    """As `refused`, before anything is begun: of a database that may be back soon RecordStopped, so that
    whoever starts a run anew by its exit code does so."""
    found = refused(error, address)
    if found.hint != _AWAY:
        return found
    return RecordStopped(
        f"{address.shown}: the record's database is away: {words_of(error)}; nothing was sent",
        hint=f"run it again once it is back; {_AWAY}, and that the address is right",
    )


_AWAY: Final = "see that it runs, and that this machine may reach it"


def stopped(error: psycopg.Error, address: Address) -> RecordStopped:
    """Why a connection that was there is of no use any more."""
    hint = _POOL_MODE if pools_statements(error) else None
    return RecordStopped(f"{address.shown}: the record's database: {words_of(error)}", hint=hint)


def pools_statements(error: psycopg.Error) -> bool:
    """Whether a PgBouncer in statement mode has refused a transaction: it will do so whenever it is asked."""
    return "statement pooling" in str(error)


def in_statement_mode(address: Address) -> LedgerError:
    return LedgerError(
        f"{address.shown}: the record's database is reached through a PgBouncer in statement mode, which "
        "takes no transaction, and without one no record is kept; nothing was sent",
        hint=_POOL_MODE,
    )


_POOL_MODE: Final = (
    "set pool_mode = transaction for this database in pgbouncer.ini and reload it, or name the database "
    "itself"
)


def words_of(error: psycopg.Error) -> str:
    """What the server said, bounded; libpq names host and user in it, never the password."""
    said = (error.diag.message_primary or str(error)).strip() or type(error).__name__
    words = said.splitlines()[0]
    if words.startswith("connection failed: "):  # where that was is told beside it
        words = words.rpartition(" failed: ")[2].removeprefix("FATAL:").strip()
    words = words.removeprefix("connection is bad: ")
    return one_line(words, 300)


def one(cursor: Cursor, query: Query, values: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
    """The first cell of the first row, None where there is none."""
    row = cursor.execute(query, values).fetchone()
    return row[0] if row is not None else None
