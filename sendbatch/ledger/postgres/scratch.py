"""What a draft keeps to itself: unlogged tables of its own, which are gone when it ends.

A pooler hands one connection to many, so they are no temporary ones. Each is made when it is first written
to; until then there is nothing in it. A server that crashes, and a replica that takes its place, begin with
all of them empty, those with the suppressed among them: so one has a row from the beginning, and a draft
without that is not gone on with.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import psycopg

from sendbatch.errors import RecordLost
from sendbatch.ledger.postgres.connecting import Cursor, one
from sendbatch.ledger.postgres.heeding import Heeded
from sendbatch.ledger.postgres.text import copied_rows

Columns = Mapping[str, str]  # a table's, each with its type
_LINE: Final = {'"row"': "bigint"}
_WORDS: Final = 'text COLLATE "C"'
TABLES: Final[Mapping[str, Columns]] = {
    "alive": {"is_so": "boolean"},
    "former": {**_LINE, "key": _WORDS},
    "since": {"former": _WORDS, "key": _WORDS},
    "marks": {**_LINE, "address": _WORDS, "domain": _WORDS, "files": _WORDS},
    "suppression": {"kind": _WORDS, "value": _WORDS},
    "questioned": {"list": "bigint", **_LINE, "value": _WORDS, "told": _WORDS, "why": _WORDS},
    "lacking": {"kind": _WORDS, **_LINE},
    "faulty": {**_LINE, "told": _WORDS, "missing": "boolean"},
    "weighed": {**_LINE, "bytes": "bigint"},
    "unreachable": {"domain": _WORDS, "why": _WORDS},
    "excepted": {"value": _WORDS, "file": "bigint"},
    "excepted_keys": {"key": _WORDS},
    "excepted_rows": {"id": "bigint"},
    "renamed": {"key": _WORDS, "known": _WORDS},
    "twice": {"key": _WORDS, "first": "bigint"},
    "asked": {"id": "bigint"},
    "hurried": {"id": "bigint", "due_at": "double precision"},
    "wanted": {"spelling": _WORDS, "number": "bigint"},
    "scope": {"id": "bigint"},
    "chosen": {"id": "bigint"},
    "left": {"id": "bigint"},
}  # fmt: skip
UNIQUE: Final = {  # by what each row of a table is told apart from the others
    "asked": "id", "hurried": "id", "scope": "id", "chosen": "id", "left": "id", "excepted_rows": "id",
    "excepted_keys": "key",
}  # fmt: skip
OF_PLAN: Final = (
    "former", "since", "marks", "suppression", "questioned", "lacking", "faulty", "weighed", "unreachable",
    "excepted", "excepted_keys", "excepted_rows", "renamed", "twice",
)  # fmt: skip
_OURS: Final = re.compile(r"d\d+_(\d+)_[a-z_]+")


class Scratch:
    """The tables of one draft, `token` of this record."""

    def __init__(self, asked: Heeded, record: int, token: int) -> None:
        self._db = asked
        self._prefix = f"sendbatch.d{record:d}_{token:d}_"
        self._made: set[str] = set()

    def __contains__(self, table: str) -> bool:
        """Whether anything was ever put there."""
        return table in self._made

    def __getitem__(self, table: str) -> str:
        """For FROM, with an alias behind it: the table, or one like it with nothing in it."""
        if table in self._made:
            return self._prefix + table
        empty = ", ".join(f"NULL::{kind} AS {name}" for name, kind in TABLES[table].items())
        return f"(SELECT {empty} WHERE false)"

    def get(self, table: str) -> str | None:
        """The table's name, None where nothing was ever put there."""
        return self._prefix + table if table in self._made else None

    def make(self, table: str) -> str:
        """Its name; it is there from now on."""
        self.begin()
        if table not in self._made:
            self._db.execute(self._creation(table))
            self._made.add(table)
        return self._prefix + table

    def begin(self) -> None:
        """From now on it shows whether the server has lost what was put there (`hold_whole`)."""
        if not self._made:
            self._made.add("alive")
            self._db.execute(f"{self._creation('alive')}; INSERT INTO {self['alive']} VALUES (true)")

    def _creation(self, table: str) -> str:
        columns = ", ".join(f"{name} {kind}" for name, kind in TABLES[table].items())
        columns += f", PRIMARY KEY ({UNIQUE[table]})" if table in UNIQUE else ""
        # no vacuum by itself: it would compete for what is gone in a moment
        return f"CREATE UNLOGGED TABLE {self._prefix}{table} ({columns}) WITH (autovacuum_enabled = false)"

    def put(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        """Rows by COPY, some at a time."""
        self._db.put(f"COPY {self.make(table)} FROM STDIN", copied_rows(rows))

    def drop(self, *tables: str) -> None:
        there = [table for table in tables if table in self._made]
        if there:
            self._db.execute(f"DROP TABLE IF EXISTS {', '.join(self._prefix + table for table in there)}")
            self._made.difference_update(there)

    def end(self) -> None:
        """Nothing is left, unless the database is away: then whoever drafts next clears it."""
        with contextlib.suppress(psycopg.Error):
            self.drop(*TABLES)

    def hold_whole(self, cursor: Cursor) -> None:
        """Raises RecordLost where the server has lost what was put here."""
        if self._made and not one(cursor, f"SELECT EXISTS (SELECT 1 FROM {self._prefix}alive)"):
            raise RecordLost(
                "the database was restarted after a crash, or another one took its place, while this plan "
                "was made; "
                "nothing was sent",
                hint="run it again: it plans anew",
            )


def clear_dead(asked: Heeded, record: int, token: int) -> None:
    """Drop what drafts of this record before this one have left. One whose planner is only paused is dead
    too: it can no longer merge. What another has in hand at this moment, or is another role's, stays until
    next time."""
    found = asked.execute(
        "SELECT c.relname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = "
        "c.relnamespace "
        "WHERE n.nspname = 'sendbatch' AND c.relkind = 'r' AND c.relname ~ %s",
        (f"^d{record:d}_[0-9]+_",),
    ).fetchall()
    for (name,) in found:
        ours = _OURS.fullmatch(name)
        if ours is None or int(ours[1]) >= token:
            continue
        with contextlib.suppress(psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege):
            # in one transaction: a pooler may give the next statement to another connection
            asked.execute(f"SET LOCAL lock_timeout = '200ms'; DROP TABLE IF EXISTS sendbatch.{name}")


def is_of_a_draft(text: str) -> bool:
    """Whether the server speaks of a table of this kind."""
    return re.search(r"sendbatch\.d\d+_\d+_", text) is not None
