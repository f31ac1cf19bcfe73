"""Planning in the record: rows are staged apart, then merged with what was tried before.

Everything happens inside the caller's transaction: a plan that is refused, declined or interrupted
leaves nothing. Duplicates and suppressed addresses are found here, by SQL, and not in memory.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sendbatch.ledger.sql import listed
from sendbatch.ledger.states import LEFT_OUT, Event, sources

# A row once tried belongs to the record; a new plan refreshes it and never removes it.
TRIED = (
    "(attempts > 0 OR was IS NOT NULL OR first_attempt_at IS NOT NULL OR "
    "status IN ('accepted', 'deferred', 'failed', 'in_doubt', 'rejected', 'sending', 'withdrawn'))"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a new plan compares with the last: who holds a key in one and not in the other, or with
    another address or cells. `moved` were sent to an old address: (row, old, new), at most ten."""

    added: int = 0
    removed: int = 0
    corrected: int = 0
    moved: tuple[tuple[int, str, str], ...] = ()
    first: bool = False  # there was no plan before

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.corrected)


@dataclass(frozen=True, slots=True)
class Twins:
    """Duplicates whose message would differ from the first: how many, (row, first row) of some."""

    count: int = 0
    rows: tuple[tuple[int, int], ...] = ()


class Staging:
    """One plan in the making. `columns` are the names of the cells, in order."""

    def __init__(self, connection: sqlite3.Connection, columns: Sequence[str]) -> None:
        self._db = connection
        self._columns = tuple(columns)
        for table in ("staged", "matched", "suppression"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
        connection.execute(
            'CREATE TEMP TABLE staged (id INTEGER PRIMARY KEY, "row" INTEGER, key TEXT, email TEXT,'
            " address TEXT, domain TEXT, vars TEXT, status TEXT, reason TEXT, files TEXT, claim TEXT)"
        )
        connection.execute(
            "CREATE TEMP TABLE suppression (kind TEXT, value TEXT, PRIMARY KEY (kind, value)) WITHOUT ROWID"
        )

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Stage checked rows: (line, key, email, default key of the address, domain, cells as JSON,
        status, reason or None, paths of its own attachments as JSON or None)."""
        self._db.executemany(
            'INSERT INTO staged ("row", key, email, address, domain, vars, status, reason, files) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def suppress(self, entries: Iterable[tuple[str, str]]) -> None:
        """(kind, value): "key" as the default key of an address, "domain" as A-labels, "text" as is."""
        self._db.executemany("INSERT OR IGNORE INTO suppression VALUES (?, ?)", entries)

    def domains(self) -> list[str]:
        """The domains of all rows that may still be sent to."""
        rows = self._db.execute("SELECT DISTINCT domain FROM staged WHERE status = 'pending'")
        return [domain for (domain,) in rows]

    def reject_domains(self, reasons: Iterable[tuple[str, str]]) -> None:
        """(domain, reason): rows there are invalid, for DNS alone."""
        self._db.executemany(
            "UPDATE staged SET status = 'invalid', reason = ?2 WHERE domain = ?1 AND status = 'pending'",
            reasons,
        )

    def settle(self) -> None:
        """All rows are staged: find the suppressed, then the first row of each key."""
        self._db.execute(
            "UPDATE staged SET status = 'suppressed', reason = 'on a suppression list' "
            "WHERE status = 'pending' AND ("
            "address IN (SELECT value FROM suppression WHERE kind = 'key')"
            " OR key IN (SELECT value FROM suppression WHERE kind IN ('key', 'text'))"
            " OR email IN (SELECT value FROM suppression WHERE kind = 'text')"
            " OR domain IN (SELECT value FROM suppression WHERE kind = 'domain'))"
        )
        self._db.execute("CREATE INDEX temp.staged_key ON staged (key, id)")
        self._db.execute(
            "UPDATE staged SET claim = key WHERE id IN "
            "(SELECT min(id) FROM staged WHERE status = 'pending' GROUP BY key)"
        )
        self._db.execute("CREATE UNIQUE INDEX temp.staged_claim ON staged (claim)")
        self._db.execute(
            "UPDATE staged SET status = 'duplicate', reason = 'row ' || "
            '(SELECT first."row" FROM staged AS first WHERE first.claim = staged.key) || '
            "' has the same key' WHERE status = 'pending' AND claim IS NULL"
        )

    def twins(self, used: Collection[str], most: int = 10) -> Twins:
        """Duplicates that differ from the first row in a column among `used`."""
        return self._twins(self._differs(used), most)

    def twins_by_attachment(self, most: int = 10) -> Twins:
        """Duplicates that would get other files than the first row."""
        return self._twins("later.files IS NOT first.files", most)

    def _differs(self, used: Collection[str]) -> str:
        places = [i for i, name in enumerate(self._columns) if name in used]
        tests = [
            f"json_extract(later.vars, '$[{i}]') IS NOT json_extract(first.vars, '$[{i}]')"
            for i in places
        ]
        return "(" + " OR ".join(tests) + ")" if tests else "0"

    def _twins(self, condition: str, most: int) -> Twins:
        joined = (
            "FROM staged AS later JOIN staged AS first ON first.claim = later.key "
            f"WHERE later.status = 'duplicate' AND {condition}"
        )
        count = self._db.execute(f"SELECT count(*) {joined}").fetchone()[0]
        rows = self._db.execute(
            f'SELECT later."row", first."row" {joined} ORDER BY later."row" LIMIT ?', (most,)
        ).fetchall()
        return Twins(count, tuple(rows)) if count else Twins()

    def holds_key(self, line: int) -> bool:
        """Whether the row at this line is to be sent to."""
        found = self._db.execute(
            'SELECT 1 FROM staged WHERE "row" = ? AND claim IS NOT NULL', (line,)
        )
        return found.fetchone() is not None

    def difference(self) -> Difference:
        """Against the last plan, before anything is merged."""
        last = self._db.execute("SELECT max(id) FROM plan").fetchone()[0]
        if last is None:
            return Difference(first=True)
        return Difference(
            self._one(
                "SELECT count(*) FROM staged WHERE claim IS NOT NULL AND claim NOT IN (SELECT claim "
                "FROM recipient WHERE plan = ?1 AND claim IS NOT NULL)",
                last,
            ),
            self._one(
                "SELECT count(*) FROM recipient WHERE plan = ?1 AND claim IS NOT NULL AND claim NOT IN "
                "(SELECT claim FROM staged WHERE claim IS NOT NULL)",
                last,
            ),
            self._one(
                "SELECT count(*) FROM recipient AS old JOIN staged AS new ON new.claim = old.claim "
                "WHERE old.plan = ?1 AND (old.email <> new.email OR old.vars <> new.vars)",
                last,
            ),
            tuple(
                self._db.execute(
                    'SELECT new."row", old.email, new.email FROM recipient AS old '
                    "JOIN staged AS new ON new.claim = old.key WHERE old.email <> new.email "
                    "AND old.status IN ('accepted', 'in_doubt') ORDER BY new.\"row\" LIMIT 10"
                )
            ),
        )

    def _one(self, statement: str, *values: Any) -> int:
        return int(self._db.execute(statement, values).fetchone()[0])

    def merge(
        self,
        *,
        inputs: str,
        recipients_digest: str,
        content_digest: str,
        started_at: float,
        completed_at: float,
    ) -> int:
        """Make the staged rows the current plan, by RECORD's table; returns the plan's number."""
        number = self._one("SELECT coalesce(max(id), 0) + 1 FROM plan")
        self._db.execute(f"DELETE FROM recipient WHERE NOT {TRIED}")
        self._db.execute("UPDATE recipient SET claim = NULL")
        self._match()
        self._withdraw()
        self._carry_over()
        self._refresh()
        self._seat(number)
        self._insert(number)
        counts = dict(
            self._db.execute(
                "SELECT status, count(*) FROM recipient WHERE plan = ? GROUP BY status", (number,)
            ).fetchall()
        )
        self._db.execute(
            "INSERT INTO plan VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                inputs,
                started_at,
                completed_at,
                json.dumps(self._columns),
                recipients_digest,
                content_digest,
                json.dumps(counts),
            ),
        )
        for table in ("staged", "matched", "suppression"):
            self._db.execute(f"DROP TABLE temp.{table}")
        return number

    def _match(self) -> None:
        """Which staged row is which row of the record: the key's holder, else the first left out."""
        self._db.execute(
            "CREATE TEMP TABLE matched (id INTEGER PRIMARY KEY, staged INTEGER UNIQUE, readdressed INTEGER)"
        )
        left_out = listed(LEFT_OUT)
        self._db.execute(
            "INSERT INTO matched SELECT old.id, new.id, old.email <> new.email AND new.email <> '' "
            "FROM recipient AS old JOIN staged AS new ON new.id = coalesce("
            " (SELECT id FROM staged WHERE claim = old.key),"
            f" (SELECT min(id) FROM staged WHERE key = old.key AND status IN {left_out}))"
            " WHERE old.key <> ''"
        )

    def _withdraw(self) -> None:
        """Tried without success, and no longer in the CSV. Accepted ones are kept, not counted."""
        self._db.execute(
            "UPDATE recipient SET was = coalesce(was, status), status = 'withdrawn', due_at = NULL, "
            f"reason = CASE WHEN status NOT IN {listed(LEFT_OUT)} THEN reason END "
            f"WHERE status IN {listed(sources(Event.WITHDRAW))} AND id NOT IN (SELECT id FROM matched)"
        )

    def _carry_over(self) -> None:
        """What a row keeps of an older plan stands in the order of this plan's columns."""
        self._db.create_function("carried", 3, self._carried)
        self._db.execute(
            "UPDATE recipient SET vars = carried(old.columns, recipient.vars, new.vars) "
            "FROM matched JOIN staged AS new ON new.id = matched.staged, plan AS old "
            "WHERE recipient.id = matched.id AND old.id = recipient.plan AND old.columns <> ?",
            (json.dumps(self._columns),),
        )

    def _carried(self, columns: str, old: str, new: str) -> str:
        kept = dict(zip(json.loads(columns), json.loads(old), strict=True))
        cells = zip(self._columns, json.loads(new), strict=True)
        return json.dumps([kept.get(name, cell) for name, cell in cells], ensure_ascii=False)

    def _refresh(self) -> None:
        """Rows that may still be sent to take what the CSV says now."""
        self._db.execute(
            "UPDATE recipient SET email = new.email, vars = new.vars, reason = NULL, due_at = NULL, "
            "was = NULL, status = 'pending', code = NULL, enhanced_code = NULL, reply = NULL, "
            "content = NULL, dated_at = NULL, finished_at = NULL "
            "FROM matched JOIN staged AS new ON new.id = matched.staged "
            "WHERE recipient.id = matched.id AND readdressed AND new.claim IS NOT NULL "
            f"AND recipient.status IN {listed(sources(Event.READDRESS))}"
        )
        self._db.execute(
            "UPDATE recipient SET status = coalesce(was, recipient.status), was = NULL, vars = new.vars, "
            "reason = CASE recipient.status WHEN 'withdrawn' THEN recipient.reason END "
            "FROM matched JOIN staged AS new ON new.id = matched.staged "
            "WHERE recipient.id = matched.id AND new.claim IS NOT NULL "
            f"AND recipient.status IN {listed(sources(Event.RETURN))}"
        )
        self._db.execute(
            "UPDATE recipient SET was = coalesce(was, recipient.status), status = new.status, "
            "reason = new.reason FROM matched JOIN staged AS new ON new.id = matched.staged "
            "WHERE recipient.id = matched.id AND new.claim IS NULL "
            f"AND recipient.status IN {listed(sources(Event.EXCLUDE))}"
        )
        self._db.execute(
            "UPDATE recipient SET vars = new.vars "
            "FROM matched JOIN staged AS new ON new.id = matched.staged "
            "WHERE recipient.id = matched.id AND recipient.status IN ('pending', 'deferred', 'failed')"
        )

    def _seat(self, number: int) -> None:
        """Every matched row stands at its new line of the new plan."""
        self._db.execute(
            'UPDATE recipient SET plan = ?, "row" = new."row", claim = new.claim '
            "FROM matched JOIN staged AS new ON new.id = matched.staged "
            "WHERE recipient.id = matched.id",
            (number,),
        )

    def _insert(self, number: int) -> None:
        self._db.execute(
            'INSERT INTO recipient (plan, "row", key, claim, email, vars, status, reason) '
            'SELECT ?, "row", key, claim, email, vars, status, reason FROM staged '
            "WHERE id NOT IN (SELECT staged FROM matched) ORDER BY id",
            (number,),
        )
