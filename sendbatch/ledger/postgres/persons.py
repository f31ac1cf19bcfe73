"""Single people in the records of a database: which records may know them, what one tells of them, and how it
forgets them.

What is asked of a record in SQLite is asked here too, of a copy of the record: so both know the same. It is
made only where a first question, of the database, says that they may stand there. What the copy forgets is
then changed in the database, row by row, in one transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from sendbatch.errors import LedgerError
from sendbatch.ledger.facts import Work
from sendbatch.ledger.moving import ARRIVAL, MOVE, Move, move_in
from sendbatch.ledger.person import Blanked, Stories, Whose, Words
from sendbatch.ledger.postgres.address import Address
from sendbatch.ledger.postgres.connecting import (
    Connection,
    Cursor,
    one,
    opened,
    stopped,
    transaction,
)
from sendbatch.ledger.postgres.copying import copy_of
from sendbatch.ledger.postgres.forgotten import known
from sendbatch.ledger.postgres.moving import MOVED
from sendbatch.ledger.postgres.place import Place
from sendbatch.ledger.postgres.record import open_record
from sendbatch.ledger.postgres.runs import found_record, living
from sendbatch.ledger.postgres.schema import hold_version
from sendbatch.ledger.postgres.text import stored, stored_cells, told
from sendbatch.ledger.sqlite.forgetting import Changed
from sendbatch.ledger.sqlite.record import Ledger
from sendbatch.ledger.store import Reading

UNUSUAL = "[^-a-zA-Z0-9._+@]"  # in an address: of others small letters are enough
_TABLES = ("plan_row", "delivery", "attempt", "event", "meta", "forgotten")


def places_in(address: Address) -> list[tuple[Place, Move | None, str]]:
    """All records of a database, whosever they are, each with the move by which it goes elsewhere, or has
    gone, and the token of the one by which it came. Raises LedgerError, RecordStopped."""
    with contextlib.closing(opened(address)) as connection:
        try:
            if not hold_version(connection, address):
                return []
            rows = connection.execute(
                "SELECT project, name, edition, profile, "
                "(SELECT value FROM sendbatch.meta WHERE record = r.id AND key = %s), "
                "(SELECT value FROM sendbatch.meta WHERE record = r.id AND key = %s) "
                "FROM sendbatch.record AS r WHERE state <> 'arriving' ORDER BY project, name, made_at, id",
                (MOVE, ARRIVAL),
            ).fetchall()
        except psycopg.Error as error:
            raise stopped(error, address) from None
    return [
        (
            Place(lambda: address, told(project), told(name), told(edition), told(profile), offline=0.0),
            move_in(told(left) if left is not None else None),
            arrival or "",
        )
        for project, name, edition, profile, left, arrival in rows
    ]


@dataclass(frozen=True, slots=True)
class Shared:
    """Behind `everywhere.Telling`: a copy of a record, as it stands at this moment."""

    copy: Ledger
    under_way: bool

    @property
    def reading(self) -> Reading:
        return self.copy.reading

    @property
    def move(self) -> Move | None:
        return self.copy.move

    def stories(self, whose: Whose) -> Stories:
        return self.copy.stories(whose)


@contextlib.contextmanager
def looked_at(place: Place, whose: Whose) -> Iterator[Shared | None]:
    """None where they do not stand there. Raises LedgerError, RecordStopped."""
    with contextlib.closing(opened(place.address)) as connection:
        try:
            record = found_record(connection.cursor(), place.identity)
            knows = record is not None and _knows(connection, record, whose)
            under_way = record is not None and bool(living(connection.cursor(), record))
        except psycopg.Error as error:
            raise stopped(error, place.address) from None
    if not knows:
        yield None
        return
    with copy_of(place, moved=True) as copy:
        yield Shared(copy, under_way)


def _knows(connection: Connection, record: int, whose: Whose) -> bool:
    """Whether anything may be theirs: an address or key, or a text that has their address in it."""
    addresses, keys = ([stored(one) for one in some] for some in (whose.addresses, whose.keys))
    values = {"record": record, "addresses": addresses, "keys": keys, "unusual": UNUSUAL}
    for table, columns in _NAMING.items():
        for column, is_text in columns.items():
            names = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
            query = _WITHIN if is_text else _EXACT
            if one(connection.cursor(), query.format(**names), values):
                return True
            if not is_text and any(
                whose.is_theirs(told(value))
                for (value,) in connection.execute(_OTHERS.format(**names), values)
            ):
                return True
    forgotten = known(connection, record)
    return any(forgotten.name_of(key) is not None for key in whose.keys)


_NAMING = {
    "plan_row": {"key": False, "email": False, "vars": True, "detail": True},
    "delivery": {"key": False, "email": False, "reply": True, "detail": True},
    "attempt": {"email": False, "reply": True, "detail": True},
    "event": {"detail": True},
    "meta": {"value": True},
}
_EXACT = sql.SQL(
    "SELECT EXISTS (SELECT 1 FROM sendbatch.{table} WHERE record = %(record)s AND ({column} = ANY(%(keys)s) "
    "OR lower({column}) = ANY(%(addresses)s)))"
)
_OTHERS = sql.SQL(
    "SELECT DISTINCT {column} FROM sendbatch.{table} WHERE record = %(record)s AND {column} ~ %(unusual)s "
    "AND ({column} LIKE '%%@%%' OR {column} ~ '[^ -~]')"
)
_WITHIN = sql.SQL(
    "SELECT EXISTS (SELECT 1 FROM sendbatch.{table} WHERE record = %(record)s AND EXISTS "
    "(SELECT 1 FROM unnest(%(addresses)s::text[]) AS a WHERE strpos(lower({column}), a) > 0))"
)


class SharedInHand:
    """Behind `everywhere.Forgetting`: a record of which no run is alive, nor can begin. `hold` sees to that
    in the transaction that is open, and returns its id."""

    def __init__(self, place: Place, reading: Reading, hold: Callable[[Cursor], int]) -> None:
        self._place = place
        self.reading = reading
        self._hold = hold

    def forget(self, whose: Whose, words: Words, at: float) -> Blanked:
        with copy_of(self._place, moved=True) as copy:
            done, changed = copy.forget_watched(whose, words, at)
            try:
                self._change(changed)
            except psycopg.Error as error:
                raise stopped(error, self._place.address) from None
        return done

    def _change(self, changed: list[Changed]) -> None:
        with (
            contextlib.closing(opened(self._place.address)) as connection,
            transaction(connection) as cursor,
        ):
            record = self._hold(cursor)
            _apply(cursor, record, changed)
            # of the last run: the refusals in a row with which it ended, in the server's words
            cursor.execute("UPDATE sendbatch.run SET streak = '' WHERE record = %s", (record,))

    def erase(self) -> bool:
        """What was overwritten is free for others; when its bytes are, the server decides."""
        with contextlib.closing(opened(self._place.address)) as connection:
            try:
                for table in _TABLES:
                    connection.execute(sql.SQL("VACUUM sendbatch.{}").format(sql.Identifier(table)))
            except psycopg.errors.InsufficientPrivilege:
                return False
            except psycopg.Error as error:
                raise stopped(error, self._place.address) from None
        return True


def _apply(cursor: Cursor, record: int, changed: list[Changed]) -> None:
    events = cursor.execute(
        "SELECT id FROM sendbatch.event WHERE record = %s ORDER BY id", (record,)
    ).fetchall()
    for one_ in changed:
        values = {
            name: (stored_cells(value) if name == "vars" else stored(value))
            if isinstance(value, str)
            else value
            for name, value in one_.values.items()
        }
        if one_.id is None or (one_.table == "event" and int(one_.id) > len(events)):
            _insert(cursor, one_.table, values | {"record": record})
            continue
        id_ = events[int(one_.id) - 1][0] if one_.table == "event" else one_.id
        assignments = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values
        )
        cursor.execute(
            sql.SQL("UPDATE sendbatch.{} SET {} WHERE record = %(_record)s AND id = %(_id)s").format(
                sql.Identifier(one_.table), assignments
            ),
            values | {"_record": record, "_id": id_},
        )


def _insert(cursor: Cursor, table: str, values: dict[str, object]) -> None:
    """A line of meta takes the place of the one of its key."""
    names = sql.SQL(", ").join(map(sql.Identifier, values))
    marks = sql.SQL(", ").join(map(sql.Placeholder, values))
    instead = sql.SQL("")
    if table == "meta":
        instead = sql.SQL(" ON CONFLICT (record, key) DO UPDATE SET value = excluded.value")
    if table == "forgotten":
        instead = sql.SQL(" ON CONFLICT DO NOTHING")
    cursor.execute(
        sql.SQL("INSERT INTO sendbatch.{} ({}) VALUES ({}){}").format(
            sql.Identifier(table), names, marks, instead
        ),
        values,
    )


@contextlib.contextmanager
def in_hand(place: Place, *, holder: str, now: Callable[[], float]) -> Iterator[SharedInHand]:
    """Raises LockedError while a run has it, LedgerError, RecordStopped; GuardError where it is about to go
    elsewhere."""
    with open_record(
        place, since="a moment ago", holder=holder, now=now, join=False, work=Work.FORGET
    ) as record:
        record.recover(now())
        yield SharedInHand(place, record.reading, record.hold)


@contextlib.contextmanager
def left_in_hand(place: Place) -> Iterator[SharedInHand]:
    """What a record has left that went elsewhere: no run begins there. Raises LedgerError, RecordStopped."""

    def hold(cursor: Cursor) -> int:
        record = found_record(cursor, place.identity)
        query = "SELECT 1 FROM sendbatch.record WHERE id = %s AND state = %s FOR UPDATE"
        if record is None or one(cursor, query, (record, MOVED)) is None:
            raise LedgerError(f"{place.title}: a record has come back meanwhile; say it again")
        return record

    with copy_of(place, moved=True) as copy:
        yield SharedInHand(place, copy.reading, hold)
