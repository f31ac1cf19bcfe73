"""Whom a run is about, in SQLite: --only, --limit, and who is sent to again by a person's word.

The selection stands in temporary tables of the connection, which a draft fills and the backlog goes by.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence

from sendbatch.ledger.facts import Retried
from sendbatch.ledger.sqlite.people import CURRENT
from sendbatch.ledger.sqlite.rows import COLUMNS, to_recipients
from sendbatch.ledger.sqlite.sql import listed
from sendbatch.ledger.states import SENDABLE, SETTLED, TABLE, Event, sources
from sendbatch.values import Recipient, Status

# Who is to be sent to for one run only, and was not yet.
_TAKEN_UP = f"status IN {listed(sources(Event.PUT_BACK))} AND was IN {listed(SETTLED)}"
_PUT_BACK = f"UPDATE recipient SET status = was, was = NULL, due_at = NULL WHERE {_TAKEN_UP}"


class SqliteSelection:
    """Behind `store.Selection`. `those` is SQL: a condition on the rows that may be sent to."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._scope = ""  # SQL: the rows that --only names
        self._chosen = ""  # SQL: the rows among them that this run may send
        self._is_left = ""  # SQL: the rows that a limit has put back

    @property
    def those(self) -> str:
        return f"{self._scope}{self._chosen}"

    def clear(self) -> None:
        """Everybody is selected."""
        for table in ("scope", "wanted", "chosen", "put_back"):
            self._db.execute(f"DROP TABLE IF EXISTS temp.{table}")
        self._scope = self._chosen = self._is_left = ""

    def only(self, named: Sequence[tuple[str, ...]] | None) -> list[str]:
        self._db.execute("DROP TABLE IF EXISTS temp.scope")
        self._scope = ""
        if named is None:
            return []
        self._db.execute("CREATE TEMP TABLE scope (id INTEGER PRIMARY KEY)")
        self._db.execute("DROP TABLE IF EXISTS temp.wanted")
        self._db.execute(
            "CREATE TEMP TABLE wanted (spelling TEXT, number INTEGER, "
            "PRIMARY KEY (spelling, number)) WITHOUT ROWID"
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO wanted VALUES (?, ?)",
            ((spelling, n) for n, spellings in enumerate(named) for spelling in spellings),
        )
        found: set[int] = set()
        for column in ("key", "email"):
            rows = self._db.execute(
                f"SELECT id, number FROM recipient JOIN wanted ON recipient.{column} = spelling "
                f"WHERE {CURRENT}"
            ).fetchall()
            found.update(number for _, number in rows)
            self._db.executemany(
                "INSERT OR IGNORE INTO scope VALUES (?)", ((id_,) for id_, _ in rows)
            )
        self._scope = " AND id IN temp.scope"
        return [spellings[0] for n, spellings in enumerate(named) if n not in found]

    def limit(self, count: int | None) -> None:
        self._choose(count)
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS put_back (id INTEGER PRIMARY KEY)")
        kept = f" AND NOT (1{self._chosen})"
        self._db.execute(
            f"INSERT OR IGNORE INTO put_back SELECT id FROM recipient WHERE {_TAKEN_UP}{kept}"
        )
        self._db.execute(f"{_PUT_BACK}{kept}")
        self._is_left = " AND +id IN temp.put_back"

    def _choose(self, count: int | None) -> None:
        """Of the rows in scope that can be sent, take the first so many by line."""
        self._db.execute("DROP TABLE IF EXISTS temp.chosen")
        self._chosen = ""
        if count is None:
            return
        self._db.execute("CREATE TEMP TABLE chosen (id INTEGER PRIMARY KEY)")
        self._db.execute(
            f"INSERT INTO chosen SELECT id FROM recipient WHERE {CURRENT} "
            f'AND claim IS NOT NULL AND status IN {listed(SENDABLE)}{self._scope} ORDER BY "row" LIMIT ?',
            (count,),
        )
        # +id: each row is looked up among the chosen, instead of all the chosen for each batch
        self._chosen = " AND +id IN temp.chosen"

    def totals(self) -> dict[Status, int]:
        left_over = f" AND NOT (status IN {listed(SENDABLE)}{_negated(self._chosen)})"
        rows = self._db.execute(
            f"SELECT status, count(*) FROM recipient WHERE {CURRENT}"
            f"{self._scope}{left_over if self._chosen else ''}{_negated(self._is_left)} GROUP BY status"
        )
        return {Status(status): count for status, count in rows}

    def left_over(self) -> int:
        if not self._chosen:
            return 0
        put_back = "SELECT count(*) FROM temp.put_back" if self._is_left else "SELECT 0"
        left = (
            f"SELECT count(*) FROM recipient WHERE {CURRENT} "
            f"AND status IN {listed(SENDABLE)}{self._scope}{_negated(self._chosen)}"
        )
        return sum(self._db.execute(query).fetchone()[0] for query in (put_back, left))

    def samples(self, count: int) -> list[Recipient]:
        rows = self._db.execute(
            f"SELECT {COLUMNS} FROM recipient WHERE {CURRENT} "
            f"AND claim IS NOT NULL AND status IN {listed(SENDABLE)}{self._scope}{self._chosen} "
            'ORDER BY "row" LIMIT ?',
            (count,),
        )
        return to_recipients(rows.fetchall())

    def retry(self, asked: Sequence[Retried], at: float) -> int:
        return sum(self._retry(one, at) for one in asked)

    def _retry(self, asked: Retried, at: float) -> int:
        assert asked.status in sources(Event.RETRY)
        codes = " AND coalesce(enhanced_code, code) GLOB ?" if asked.codes is not None else ""
        return self._db.execute(
            f"UPDATE recipient SET status = {_case(Event.RETRY)}, due_at = ?, "
            "was = iif(status = 'rejected', status, NULL) "
            f"WHERE {CURRENT} AND status = ?{codes}{self._scope}",
            (at, str(asked.status), *([asked.codes] if asked.codes is not None else [])),
        ).rowcount

    def resend(self, only: Collection[int] | None = None) -> int:
        among = " AND id IN (SELECT value FROM json_each(?))" if only is not None else ""
        return self._db.execute(
            "UPDATE recipient SET status = 'pending', was = status, due_at = NULL "
            f"WHERE {CURRENT} AND claim IS NOT NULL "
            f"AND status IN {listed(sources(Event.RESEND))}{among}{self._scope}",
            (json.dumps(sorted(only)),) if only is not None else (),
        ).rowcount

    def doubt_with_key(self, content: str, dated_after: float) -> frozenset[int]:
        rows = self._db.execute(
            "SELECT id FROM recipient WHERE status = 'in_doubt' AND content = ? AND dated_at > ? "
            f"AND {CURRENT}{self._scope}",
            (content, dated_after),
        )
        return frozenset(id_ for (id_,) in rows)

    def make_due(self, at: float, latest: float | None = None) -> None:
        these = f"status = 'deferred' AND {CURRENT}{self._scope}{self._chosen}"
        self._db.execute(f"UPDATE recipient SET due_at = ? WHERE due_at IS NULL AND {these}", (at,))
        if latest is not None:
            self._db.execute(
                f"UPDATE recipient SET due_at = ?1 WHERE due_at > ?1 AND {these}", (latest,)
            )


def put_back(db: sqlite3.Connection) -> int:
    """Whoever was made pending for one run is as before where they were not sent to; returns how many."""
    return db.execute(_PUT_BACK).rowcount


def _negated(condition: str) -> str:
    return condition.replace(" IN ", " NOT IN ")


def _case(event: Event) -> str:
    """The event's table as an SQL expression over the present status."""
    whens = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in TABLE[event].items())
    return f"CASE status {whens} END"
