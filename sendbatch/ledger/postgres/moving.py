"""The two ends of a move in PostgreSQL: a record that leaves the database, and one that comes to it.

The row of the record says how it stands: only one that is *open* is sent from, or read. What is written of
one that is *arriving* becomes a record by one change of that word.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Iterator
from typing import Any, Final

import psycopg
from psycopg import sql

from sendbatch.errors import GuardError, LedgerError, RecordStopped
from sendbatch.ledger.moving import ARRIVAL, MOVE, Move, move_in
from sendbatch.ledger.portable import DELIVERY, META, PLAN, PLAN_ROW, STAYING, Row, Table, Told
from sendbatch.ledger.postgres import runs
from sendbatch.ledger.postgres.connecting import NOW, Connection, one, opened, stopped, transaction
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.schema import ensure, keep_version
from sendbatch.ledger.postgres.text import cells_as_told, stored, stored_cells, told
from sendbatch.ledger.sqlite.strangers import STRANGER

OPEN, MOVING, MOVED, ARRIVING = "open", "moving", "moved", "arriving"
FOLDED: Final = "folded"  # the line of meta by which other stores know which ids of attempts were used
AT_ONCE: Final = 2000  # rows fetched in one go
_NOT_CASCADED: Final = ("plan_row", "delivery", "attempt", "chosen")
_AS_JSON: Final = ("vars", "columns")


class PostgresTold:
    """The rows of one record, as this connection sees them."""

    def __init__(self, connection: Connection, record: int) -> None:
        self._db = connection
        self._record = record

    def rows(self, table: Table) -> Generator[Row]:
        """In transactions of their own: nobody changes a record that moves."""
        if table is META:
            yield from self._meta()
            return
        as_json = [place for place, name in enumerate(table.columns) if name in _AS_JSON]
        with self._db.transaction(), self._db.cursor(name="leaving") as cursor:
            cursor.itersize = AT_ONCE
            cursor.execute(_selection(table), {"record": self._record})
            for row in cursor:
                yield tuple(_as_told(value, place in as_json) for place, value in enumerate(row))

    def _meta(self) -> Iterator[Row]:
        """With the line that says which ids of attempts were given out, in its place."""
        rows = self._db.execute(
            "SELECT key, value FROM sendbatch.meta WHERE record = %s", (self._record,)
        ).fetchall()
        found = {told(key): told(value) for key, value in rows}
        (next_,) = self._db.execute(
            "SELECT next_attempt FROM sendbatch.record WHERE id = %s", (self._record,)
        ).fetchone() or (1,)
        found[FOLDED] = str(next_ - 1)
        yield from sorted((key, value) for key, value in found.items() if key not in STAYING)


def _selection(table: Table) -> sql.Composed:
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in table.columns)
    source = sql.SQL("sendbatch.{} AS t WHERE record = %(record)s").format(sql.Identifier(table.name))
    if table is PLAN_ROW:
        source = sql.SQL(
            "(SELECT r.id, p.id AS plan, r.row, r.key, r.email, r.vars, r.status, r.why, r.detail, "
            "r.delivery FROM sendbatch.plan_row AS r JOIN sendbatch.plan AS p ON p.record = r.record "
            "AND p.rows = r.plan WHERE r.record = %(record)s AND p.id = (SELECT max(id) FROM sendbatch.plan "
            "WHERE record = %(record)s)) AS t"
        ).format()
    by = sql.Identifier(table.by or "id")
    return sql.SQL("SELECT {} FROM {} ORDER BY {}").format(columns, source, by)


def _as_told(value: Any, is_json: bool) -> Any:
    if not isinstance(value, str):
        return value
    return cells_as_told(value) if is_json else told(value)


class PostgresSource(PostgresTold):
    """Behind `moving.Source`."""

    def __init__(self, connection: Connection, record: int, place: Place) -> None:
        super().__init__(connection, record)
        self._place = place

    @property
    def move(self) -> Move | None:
        found = self._db.execute(
            "SELECT value FROM sendbatch.meta WHERE record = %s AND key = %s", (self._record, MOVE)
        ).fetchone()
        return move_in(told(found[0]) if found is not None else None)

    def mark(self, move: Move | None) -> None:
        state = OPEN if move is None else MOVED if move.is_done else MOVING
        try:
            with transaction(self._db) as cursor:
                cursor.execute(
                    "UPDATE sendbatch.record SET state = %s, moved_to = %s WHERE id = %s",
                    (state, stored(move.to) if move is not None else None, self._record),
                )
                cursor.execute(
                    "DELETE FROM sendbatch.meta WHERE record = %s AND key = %s", (self._record, MOVE)
                )
                if move is not None:
                    cursor.execute(
                        "INSERT INTO sendbatch.meta VALUES (%s, %s, %s)",
                        (self._record, MOVE, stored(move.remembered())),
                    )
        except psycopg.Error as error:
            raise stopped(error, self._place.address) from None


class PostgresTarget:
    """Behind `moving.Target`."""

    def __init__(self, connection: Connection, place: Place) -> None:
        self._db = connection
        self._place = place
        self._record = 0
        self._used = 0  # the highest id of an attempt

    def token(self) -> str | None:
        with self._told():
            found = self._db.execute(
                "SELECT r.state, (SELECT value FROM sendbatch.meta AS m WHERE m.record = r.id "
                "AND m.key = %s), EXISTS (SELECT 1 FROM sendbatch.plan AS p WHERE p.record = r.id) "
                "FROM sendbatch.record AS r WHERE (project, name, edition, profile) = (%s, %s, %s, %s)",
                (ARRIVAL, *map(stored, self._place.identity)),
            ).fetchone()
        if found is None:
            return None
        state, token, has_plan = found
        if state in (ARRIVING, MOVED):
            return None  # no record yet, or what one has left that went elsewhere and comes back
        return str(token) if token is not None else "" if has_plan else None

    def left_by(self) -> str | None:
        with self._told():
            found = self._db.execute(
                "SELECT (SELECT value FROM sendbatch.meta AS m WHERE m.record = r.id AND m.key = 'salt') "
                "FROM sendbatch.record AS r WHERE (project, name, edition, profile) = (%s, %s, %s, %s) "
                "AND state = %s",
                (*map(stored, self._place.identity), MOVED),
            ).fetchone()
        return None if found is None else str(found[0] or "")

    def claim(self, token: str) -> None:
        with self._told(), transaction(self._db) as cursor:
            found = cursor.execute(
                "SELECT id, state, EXISTS (SELECT 1 FROM sendbatch.plan AS p WHERE p.record = r.id) "
                "FROM sendbatch.record AS r WHERE (project, name, edition, profile) = (%s, %s, %s, %s) "
                "FOR UPDATE",
                tuple(map(stored, self._place.identity)),
            ).fetchone()
            if found is not None:
                old, state, has_plan = found
                if runs.living(cursor, old) or (has_plan and state not in (ARRIVING, MOVED)):
                    raise LedgerError(
                        f"{self._place.title}: a run has begun there meanwhile; nothing was moved"
                    )
                self._delete(cursor, old)
            self._record = int(
                one(
                    cursor,
                    "INSERT INTO sendbatch.record (project, name, edition, profile, made_at, state) "
                    f"VALUES (%s, %s, %s, %s, {NOW}, %s) RETURNING id",
                    (*map(stored, self._place.identity), ARRIVING),
                )
            )
            cursor.execute("INSERT INTO sendbatch.meta VALUES (%s, %s, %s)", (self._record, ARRIVAL, token))

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        """Each table is one statement: nothing of it counts before the record opens."""
        columns = [*table.columns, "rows"] if table is PLAN else [*table.columns]
        copy = sql.SQL("COPY sendbatch.{} ({}) FROM STDIN").format(
            sql.Identifier(table.name),
            sql.SQL(", ").join(map(sql.Identifier, ["record", *columns])),
        )
        with self._told(), self._db.cursor() as cursor, cursor.copy(copy) as out:
            for row in rows:
                if table is DELIVERY and str(row[1]).startswith(STRANGER):
                    raise _strangers()
                if table is META and row[0] == FOLDED:
                    self._used = int(str(row[1]))
                    continue
                values = [_as_stored(value, name) for value, name in zip(row, table.columns, strict=True)]
                if table is PLAN:
                    values.append(row[0])  # its rows stand under its own number
                out.write_row([self._record, *values])

    @contextlib.contextmanager
    def written(self) -> Iterator[Told]:
        with self._told():
            with transaction(self._db) as cursor:
                cursor.execute(
                    "UPDATE sendbatch.record SET next_attempt = %(used)s + 1, next_token = "
                    "(SELECT coalesce(max(id), 0) + 1 FROM sendbatch.plan WHERE record = %(id)s), "
                    "next_id = greatest("
                    "(SELECT max(id) FROM sendbatch.plan_row WHERE record = %(id)s), "
                    "(SELECT max(id) FROM sendbatch.delivery WHERE record = %(id)s), 0) + 1 "
                    "WHERE id = %(id)s",
                    {"used": self._used, "id": self._record},
                )
            with contextlib.closing(opened(self._place.address)) as again:
                yield PostgresTold(again, self._record)

    def open(self) -> None:
        with self._told(), transaction(self._db) as cursor:
            keep_version(cursor, self._place.address)
            changed = cursor.execute(
                "UPDATE sendbatch.record SET state = %s WHERE id = %s AND state = %s",
                (OPEN, self._record, ARRIVING),
            ).rowcount
            if changed != 1:
                raise RecordStopped(f"{self._place.title}: another process moves a record there, too")

    def give_up(self) -> bool:
        with self._told(), transaction(self._db) as cursor:
            found = one(
                cursor,
                "SELECT id FROM sendbatch.record WHERE (project, name, edition, profile) = (%s, %s, %s, %s) "
                "AND state = %s FOR UPDATE",
                (*map(stored, self._place.identity), ARRIVING),
            )
            if found is not None:
                self._delete(cursor, found)
        return found is not None

    def _delete(self, cursor: psycopg.Cursor[Any], record: int) -> None:
        for name in _NOT_CASCADED:
            cursor.execute(
                sql.SQL("DELETE FROM sendbatch.{} WHERE record = %s").format(sql.Identifier(name)), (record,)
            )
        cursor.execute("DELETE FROM sendbatch.record WHERE id = %s", (record,))

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Raises RecordStopped where the database says no, or is away."""
        try:
            yield
        except psycopg.Error as error:
            raise stopped(error, self._place.address) from None


def _strangers() -> GuardError:
    return GuardError(
        "some have a receipt and are not in the list of recipients, and a record in a database would not "
        "know them again: they would be mailed twice once they are in the list; nothing was moved",
        hint="put them into the list, and say it again; or move the record to a folder, which knows them",
    )


def _as_stored(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    return stored_cells(value) if name in _AS_JSON else stored(value)


@contextlib.contextmanager
def leaving(place: Place) -> Iterator[PostgresSource]:
    """The record of this place, which is in this hand, or marked. Raises LedgerError."""
    with contextlib.closing(opened(place.address)) as connection:
        ensure(connection, place.address)
        record = runs.found_record(connection.cursor(), place.identity)
        if record is None:
            raise LedgerError(f"{place.title}: there is no record here")
        yield PostgresSource(connection, record, place)


@contextlib.contextmanager
def coming(place: Place) -> Iterator[PostgresTarget]:
    """The place for a record in a database. Raises LedgerError."""
    with contextlib.closing(opened(place.address)) as connection:
        ensure(connection, place.address)
        yield PostgresTarget(connection, place)
