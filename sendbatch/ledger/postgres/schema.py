"""The tables in a database: made where there are none, brought up to date where they are older. Whoever comes
at the same time waits for it.

Not while a runner is alive, for that one goes by the rules of its own version. One that was only paused, and
so not heard of, finds its run over when it comes back: no dot leaves, and an answer that it still gets is
kept if the tables take it.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

import psycopg
from psycopg import sql

from sendbatch import __version__
from sendbatch.errors import LedgerError, LockedError, RecordLost, one_line
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.connecting import (
    ALIVE,
    Connection,
    Cursor,
    lease_seconds,
    one,
    transaction,
    words_of,
)
from sendbatch.ledger.postgres.text import told
from sendbatch.words import clock_time

VERSION: Final = 1
# By the version that a schema has: the statements that make the next one of it.
STEPS: Final[dict[int, sql.SQL]] = {}
# Of the catalog itself: to_regclass remembers what was not there before another made it.
_ABOUT: Final = (
    "SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
    "WHERE n.nspname = 'sendbatch' AND c.relname = 'about'"
)
_LOCK = 0x73656E6462617463  # of the making of all schemas: "sendbatc"


def ensure(connection: Connection, address: Address) -> None:
    """The tables are there, and of this version. Raises LedgerError where they cannot be, psycopg.Error where
    the database is away."""
    try:
        if _version(connection.cursor(), address) != VERSION:
            with transaction(connection) as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                _bring_up(cursor, address)
    except psycopg.errors.InsufficientPrivilege as error:
        raise not_allowed(connection, address, error) from None


def hold_version(connection: Connection, address: Address, *, or_earlier: bool = False) -> bool:
    """Whether there are tables, which are of this version then. Those of an earlier one are brought up to
    date first where that is said: a run looks before it begins. Raises LedgerError, psycopg.Error."""
    try:
        found = _version(connection.cursor(), address)
    except psycopg.errors.InsufficientPrivilege as error:
        raise may_not_read(connection, address, error) from None
    if found is not None and found < VERSION and or_earlier:
        ensure(connection, address)
    elif found is not None and found < VERSION:
        raise LedgerError(
            f"{address.shown}: the record's tables are of an earlier version of sendbatch",
            hint="the next run brings them up to date",
        )
    return found is not None


def keep_version(cursor: Cursor, address: Address) -> None:
    """In a transaction: they are of this version, and stay so until its end. Raises LedgerError."""
    cursor.execute("SELECT 1 FROM sendbatch.about FOR SHARE")
    _version(cursor, address)


def hold_as_known(cursor: Cursor) -> None:
    """Raises RecordLost where a newer version has brought them up to date under a runner."""
    if (newer := brought_up_to_date(cursor.connection)) is not None:
        raise newer


def brought_up_to_date(connection: Connection) -> RecordLost | None:
    """What a runner is told under which a newer version did that."""
    found = one(connection.cursor(), "SELECT version FROM sendbatch.about")
    if found is None or found <= VERSION:
        return None
    return RecordLost(
        "a newer version of sendbatch has brought the tables of this record up to date, as this run was not "
        "heard of for longer than its lease: it was paused, or cut from the record's database; it has "
        "stopped",
        hint="go on with that version, which mails nobody twice",
    )


def _version(cursor: Cursor, address: Address) -> int | None:
    if one(cursor, _ABOUT) is None:
        return None
    found = cursor.execute("SELECT version, written_by FROM sendbatch.about").fetchone()
    if found is None:
        return None
    version, written_by = found
    if version > VERSION:
        raise LedgerError(
            f"{address.shown}: the record's tables are of a newer version of sendbatch "
            f"({one_line(str(written_by), 40)}, tables of version {version}) than this one "
            f"({__version__}, of version {VERSION})",
            hint="use that version, or newer",
        )
    if version < 1:
        raise LedgerError(
            f"{address.shown}: the tables of a record are there, and `sendbatch.about` says that they are of "
            f"version {version}, which there never was: something else has written to them",
            hint="put the database back from a backup: to begin anew would mail everybody again",
        )
    return int(version)


def _bring_up(cursor: Cursor, address: Address) -> None:
    found = _version(cursor, address)
    if found is None:
        if one(cursor, _ABOUT) is not None:
            raise LedgerError(
                f"{address.shown}: the tables of a record are there, and `sendbatch.about`, which says of "
                "which version they are, is empty: something else has written to them; nothing was sent",
                hint="put the database back from a backup: to begin anew would mail everybody again",
            )
        if one(cursor, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'sendbatch'") is None:
            cursor.execute("CREATE SCHEMA sendbatch")
        cursor.execute(_tables(), prepare=False)
        cursor.execute("INSERT INTO sendbatch.about VALUES (%s, %s)", (VERSION, __version__))
        return
    if found == VERSION:  # somebody else has done it meanwhile, and may have a place by now
        return
    cursor.execute("SELECT 1 FROM sendbatch.about FOR UPDATE")  # nobody gets a place meanwhile
    _hold_idle(cursor, address)
    cursor.execute("DELETE FROM sendbatch.runner")
    cursor.execute("UPDATE sendbatch.run SET state = 'ended'")
    for version in range(found, VERSION):
        cursor.execute(STEPS[version])
    cursor.execute(
        "UPDATE sendbatch.about SET version = %s, written_by = %s", (VERSION, __version__)
    )


def _hold_idle(cursor: Cursor, address: Address) -> None:
    """Raises LockedError while a runner is alive, of whichever record."""
    lease = lease_seconds()
    found = cursor.execute(
        "SELECT r.project, r.name, n.host, n.pid, n.since FROM sendbatch.runner AS n "
        f"JOIN sendbatch.record AS r ON r.id = n.record WHERE {ALIVE} ORDER BY n.since LIMIT 1",
        (lease, lease),
    ).fetchone()
    if found is None:
        return
    project, name, host, pid, since = found
    raise LockedError(
        f"{address.shown}: the tables of all records in this database are of an earlier version of "
        f"sendbatch, and a run of that is at work: {one_line(f'{told(project)}/{told(name)}', 200)}, process "
        f"{pid} on {one_line(told(host), 80)}, since {clock_time(since)}; they are brought up to date once "
        "it has ended; nothing was sent",
        hint="let it end, or end it by sendbatch stop of its own version, and say this again",
    )


def _tables() -> sql.SQL:
    files = resources.files(__package__ or "")
    both = (files.joinpath(name).read_text("utf-8") for name in ("schema.sql", "commit.sql"))
    return sql.SQL("\n".join(both))


def may_not_read(connection: Connection, address: Address, error: psycopg.Error) -> LedgerError:
    user, _ = _names(connection)
    return LedgerError(
        f"{address.shown}: the user of the record's database may not look at it: {words_of(error)}",
        hint="whoever administers it can allow that:\n"
        f"  GRANT USAGE ON SCHEMA sendbatch TO {user}; "
        f"GRANT SELECT ON ALL TABLES IN SCHEMA sendbatch TO {user};",
    )


def _names(connection: Connection) -> tuple[str, str]:
    """The user and the database, to be pasted into SQL."""
    names = (connection.info.user, connection.info.dbname)
    user, database = (one_line(sql.Identifier(name).as_string(None), 80) for name in names)
    return user, database


def not_allowed(connection: Connection, address: Address, error: psycopg.Error) -> LedgerError:
    user, database = _names(connection)
    return LedgerError(
        f"{address.shown}: the user of the record's database may not do what is needed: {words_of(error)}; "
        "nothing was sent",
        hint="whoever administers it can allow that, once, where there is no schema `sendbatch` yet:\n"
        f"  GRANT CREATE ON DATABASE {database} TO {user};\n"
        "  and where another user has made it:\n"
        f"  GRANT USAGE, CREATE ON SCHEMA sendbatch TO {user}; "
        f"GRANT ALL ON ALL TABLES IN SCHEMA sendbatch TO {user}; "
        f"GRANT EXECUTE ON ALL ROUTINES IN SCHEMA sendbatch TO {user};",
    )
