"""Planning in the record: rows are staged, settled, and merged with what was tried before.

Everything happens inside the caller's transaction: a plan that is refused, declined or interrupted
leaves nothing. Duplicates and suppressed addresses are found here, by SQL, and not in memory.

A first plan, which has nothing to be merged with, is staged where it will stand; any other in a
temporary table with the same columns. Keys come in any order, so their index is made when all
are there: sorted once, and not searched for every row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from sendbatch.ledger.facts import NOBODY, Difference, Faulty, Lacking, Saying, Twins
from sendbatch.ledger.sqlite.cells import saying
from sendbatch.ledger.sqlite.merging import TRIED, merge_staged
from sendbatch.reasons import reason
from sendbatch.values import Why

AT_ONCE = 100  # rows in one statement: each costs the interpreter's lock twice
TABLES = (
    "staged", "marks", "suppression", "questioned", "lacking", "faulty", "unreachable", "twice", "matched",
)  # fmt: skip
OF_FORMER_KEYS = ("former", "since", "renamed")
_NOT_DONE = (  # of a staged row: nobody of its key is done with. One look at the record for all rows
    "claim NOT IN (SELECT key FROM recipient WHERE status IN ('accepted', 'in_doubt', 'rejected'))"
)


class SqliteStaging:
    """One plan in the making. `columns` are the names of the cells, in order."""

    def __init__(self, connection: sqlite3.Connection, columns: Sequence[str]) -> None:
        self._db = connection
        self._columns = tuple(columns)
        self._number = self._one("SELECT coalesce(max(id), 0) + 1 FROM plan")
        self._duplicates = 0
        self._drop()
        for table in (
            'former ("row" INTEGER PRIMARY KEY, key TEXT)',
            "since (former TEXT PRIMARY KEY, key TEXT) WITHOUT ROWID",
            'marks ("row" INTEGER PRIMARY KEY, address TEXT, domain TEXT, files TEXT)',
            "suppression (kind TEXT, value TEXT, PRIMARY KEY (kind, value)) WITHOUT ROWID",
            'questioned (list INTEGER, "row" INTEGER, value TEXT, told TEXT, why TEXT)',
            'lacking (kind TEXT, "row" INTEGER, PRIMARY KEY (kind, "row")) WITHOUT ROWID',
            'faulty ("row" INTEGER PRIMARY KEY, told TEXT, missing INTEGER)',
            "unreachable (domain TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID",
        ):
            connection.execute(f"CREATE TEMP TABLE {table}")
        is_first = not self._one("SELECT EXISTS (SELECT 1 FROM recipient)")
        self._table = "recipient" if is_first else "staged"
        _make(connection, self._table)

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        for part in _parts(rows, AT_ONCE):
            statement = _insertion(self._table, self._number, len(part))
            self._db.execute(statement, tuple(chain.from_iterable(part)))

    def known_as(self, rows: Iterable[tuple[int, str]]) -> None:
        self._db.executemany("INSERT INTO former VALUES (?, ?)", rows)

    def called_since(self, keys: Iterable[tuple[str, str]]) -> None:
        self._db.executemany("INSERT INTO since VALUES (?, ?)", keys)

    def mark(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._db.executemany("INSERT INTO marks VALUES (?, ?, ?, ?)", rows)

    def lack(self, kind: str, lines: Iterable[int]) -> None:
        self._db.executemany("INSERT INTO lacking VALUES (?, ?)", ((kind, line) for line in lines))

    def lacking(self, kind: str, most: int = 10) -> Lacking:
        if not self._one("SELECT EXISTS (SELECT 1 FROM lacking WHERE kind = ?)", kind):
            return NOBODY
        them = (
            f'FROM {self._table} WHERE "row" IN (SELECT "row" FROM lacking WHERE kind = ?) '
            f"AND claim IS NOT NULL AND {_NOT_DONE}"
        )
        count = self._one(f"SELECT count(*) {them}", kind)
        rows = self._db.execute(f'SELECT "row" {them} ORDER BY "row" LIMIT ?', (kind, most))
        return Lacking(count, tuple(line for (line,) in rows)) if count else NOBODY

    def fault(self, rows: Iterable[tuple[int, str, bool]]) -> None:
        self._db.executemany("INSERT INTO faulty VALUES (?, ?, ?)", rows)

    def faulty(self, most: int) -> Faulty:
        joined = (
            f'FROM {self._table} JOIN faulty USING ("row") WHERE claim IS NOT NULL AND {_NOT_DONE}'
        )
        count = self._one(f"SELECT count(*) {joined}")
        rows = self._db.execute(f'SELECT "row", told {joined} ORDER BY "row" LIMIT ?', (most,))
        is_missing = f"SELECT EXISTS (SELECT 1 {joined} AND missing)"
        return Faulty(count, bool(self._one(is_missing)), tuple(rows)) if count else Faulty()

    def suppress(self, entries: Iterable[tuple[str, str]]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO suppression VALUES (?, ?)", entries)

    def question(self, entries: Iterable[tuple[int, int, str, str, str]]) -> None:
        self._db.executemany("INSERT INTO questioned VALUES (?, ?, ?, ?, ?)", entries)

    def unread(self, number: int, most: int) -> tuple[int, list[tuple[int, str, str]]]:
        if self._one("SELECT EXISTS (SELECT 1 FROM questioned)"):
            keys = "SELECT key FROM recipient"
            if self._table != "recipient":
                keys += f" UNION ALL SELECT key FROM {self._table}"
            self._db.execute(f"DELETE FROM questioned WHERE value IN ({keys})")
        rows = self._db.execute(
            'SELECT "row", told, why FROM questioned WHERE list = ? ORDER BY "row" LIMIT ?',
            (number, most),
        ).fetchall()
        return self._one("SELECT count(*) FROM questioned WHERE list = ?", number), rows

    def domains(self) -> list[str]:
        rows = self._db.execute(
            f'SELECT DISTINCT domain FROM {self._table} JOIN marks USING ("row") '
            "WHERE status = 'pending'"
        )
        return [domain for (domain,) in rows]

    def reject_domains(self, found: Iterable[tuple[str, Why]]) -> None:
        reasons = ((domain, reason(why, domain)) for domain, why in found)
        self._db.executemany("INSERT INTO unreachable VALUES (?, ?)", reasons)
        self._db.execute(
            f"UPDATE {self._table} SET status = 'invalid', claim = NULL, reason = unreachable.reason "
            f'FROM marks JOIN unreachable USING (domain) WHERE marks."row" = {self._table}."row" '
            "AND status = 'pending'"
        )

    def settle(self) -> None:
        self._leave_out_suppressed()
        if self._one("SELECT EXISTS (SELECT 1 FROM former UNION ALL SELECT 1 FROM since)"):
            self._recognise()
            self._leave_out_suppressed()  # once more: a list has the keys of today, or as a report told them
        try:
            self._index_claims()
        except sqlite3.IntegrityError:  # few lists have one key twice: others need not be searched
            self._leave_out_duplicates()
            self._index_claims()

    def _recognise(self) -> None:
        """All rows of a key take the former one of any of them, where somebody was tried under that, and
        nobody under theirs, or in vain while who has the former one was sent the message. Of several, who
        is done with comes first. A key that stands in the CSV too is another's."""
        if self._table == "recipient":
            return
        known = f"SELECT key, status FROM recipient WHERE {TRIED}"
        self._db.execute(
            "CREATE TEMP TABLE renamed (key TEXT PRIMARY KEY, known TEXT, open INTEGER) WITHOUT ROWID"
        )
        self._db.execute(
            "INSERT OR IGNORE INTO renamed "
            "SELECT made.key, known.key, known.status NOT IN ('accepted', 'in_doubt', 'rejected') FROM "
            '(SELECT staged.key AS key, former.key AS former FROM former JOIN staged USING ("row") '
            f"UNION SELECT key, former FROM since) AS made JOIN ({known}) AS known "
            "ON known.key = made.former WHERE made.former NOT IN (SELECT key FROM staged) "
            f"AND (made.key NOT IN (SELECT key FROM ({known})) OR known.status IN "
            f"('accepted', 'in_doubt') AND made.key NOT IN (SELECT key FROM ({known}) "
            "WHERE status IN ('accepted', 'in_doubt'))) ORDER BY 3, 2"
        )
        self._db.execute(
            "UPDATE staged SET key = known, claim = iif(claim IS NULL, NULL, known) FROM renamed "
            "WHERE renamed.key = staged.key"
        )

    def _leave_out_suppressed(self) -> None:
        if not self._one("SELECT EXISTS (SELECT 1 FROM suppression)"):
            return
        self._spread_domains()
        self._db.execute(
            f"UPDATE {self._table} SET status = 'suppressed', claim = NULL, "
            "reason = 'on a suppression list' WHERE status = 'pending' AND ("
            '"row" IN (SELECT "row" FROM marks WHERE'
            " address IN (SELECT value FROM suppression WHERE kind = 'key')"
            " OR domain IN (SELECT value FROM suppression WHERE kind = 'domain'))"
            " OR key IN (SELECT value FROM suppression WHERE kind IN ('key', 'text'))"
            # a column of addresses that is the key: as it is written there
            " OR lower(key) IN (SELECT value FROM suppression WHERE kind = 'key')"
            " OR email IN (SELECT value FROM suppression WHERE kind = 'text'))"
        )

    def _spread_domains(self) -> None:
        """Each domain of a row that lies below a listed one is listed too: its parents are looked up one
        by one, and not every listed domain held against it."""
        if self._one("SELECT EXISTS (SELECT 1 FROM suppression WHERE kind = 'below')"):
            self._db.execute(
                "WITH RECURSIVE above (domain, parent) AS ("
                "SELECT DISTINCT domain, substr(domain, instr(domain, '.') + 1) FROM marks "
                "WHERE instr(domain, '.') UNION ALL "
                "SELECT domain, substr(parent, instr(parent, '.') + 1) FROM above "
                "WHERE instr(parent, '.')) "
                "INSERT OR IGNORE INTO suppression SELECT 'domain', domain FROM above "
                "WHERE parent IN (SELECT value FROM suppression WHERE kind = 'below')"
            )

    def _index_claims(self) -> None:
        schema = "main" if self._table == "recipient" else "temp"
        self._db.execute(
            f"CREATE UNIQUE INDEX {schema}.{self._table}_claim ON {self._table} (claim)"
        )

    def _leave_out_duplicates(self) -> None:
        self._db.execute(
            "CREATE TEMP TABLE twice AS SELECT claim AS key, min(id) AS first "
            f"FROM {self._table} WHERE claim IS NOT NULL GROUP BY claim HAVING count(*) > 1"
        )
        self._db.execute("CREATE UNIQUE INDEX temp.twice_key ON twice (key)")
        self._duplicates = self._db.execute(
            f"UPDATE {self._table} SET claim = NULL, status = 'duplicate', reason = 'row ' || "
            f'(SELECT "row" FROM {self._table} AS first WHERE first.id = twice.first) || '
            f"' has the same key' FROM twice WHERE twice.key = claim AND twice.first <> id"
        ).rowcount

    def twins(self, used: Collection[str], most: int = 10) -> Twins:
        return self._twins(self._differs(used), most)

    def twins_by_attachment(self, most: int = 10) -> Twins:
        files = '(SELECT files FROM marks WHERE marks."row" = {}."row")'
        return self._twins(f"{files.format('later')} IS NOT {files.format('first')}", most)

    def _differs(self, used: Collection[str]) -> str:
        places = [i for i, name in enumerate(self._columns) if name in used]
        tests = [
            f"json_extract(later.vars, '$[{i}]') IS NOT json_extract(first.vars, '$[{i}]')"
            for i in places
        ]
        return "(" + " OR ".join(tests) + ")" if tests else "0"

    def _twins(self, condition: str, most: int) -> Twins:
        if not self._duplicates:
            return Twins()
        joined = (
            f"FROM {self._table} AS later JOIN {self._table} AS first ON first.claim = later.key "
            f"WHERE later.status = 'duplicate' AND {condition}"
        )
        count = self._one(f"SELECT count(*) {joined}")
        rows = self._db.execute(
            f'SELECT later."row", first."row" {joined} ORDER BY later."row" LIMIT ?', (most,)
        ).fetchall()
        return Twins(count, tuple(rows)) if count else Twins()

    def may_be_sent_to(self, lines: Collection[int]) -> set[int]:
        if not lines:
            return set()
        found = self._db.execute(
            f'SELECT "row" FROM {self._table} WHERE "row" IN (SELECT value FROM json_each(?)) '
            f"AND claim IS NOT NULL AND {_NOT_DONE}",
            (json.dumps(list(lines)),),
        )
        return {line for (line,) in found}

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        place = self._columns.index(column)
        return saying(self._db, self._table, f"plan = {self._number}", place, words)

    def difference(self) -> Difference:
        if self._table == "recipient":
            return Difference(first=True)
        last = self._number - 1
        staged = self._table
        return Difference(
            self._one(
                f"SELECT count(*) FROM {staged} WHERE claim IS NOT NULL AND claim NOT IN (SELECT claim "
                "FROM recipient WHERE plan = ?1 AND claim IS NOT NULL)",
                last,
            ),
            self._one(
                "SELECT count(*) FROM recipient WHERE plan = ?1 AND claim IS NOT NULL AND claim NOT IN "
                f"(SELECT claim FROM {staged} WHERE claim IS NOT NULL)",
                last,
            ),
            self._one(
                f"SELECT count(*) FROM recipient AS old JOIN {staged} AS new ON new.claim = old.claim "
                "WHERE old.plan = ?1 AND (old.email <> new.email OR old.vars <> new.vars)",
                last,
            ),
            tuple(
                self._db.execute(
                    'SELECT new."row", old.email, new.email FROM recipient AS old '
                    f"JOIN {staged} AS new ON new.claim = old.key WHERE old.email <> new.email "
                    "AND old.status IN ('accepted', 'in_doubt') ORDER BY new.\"row\" LIMIT 10"
                )
            ),
        )

    def corrected_doubt(self) -> frozenset[int]:
        if self._table == "recipient":
            return frozenset()
        rows = self._db.execute(
            "SELECT old.id FROM recipient AS old JOIN staged AS new ON new.claim = old.key "
            "WHERE old.status = 'in_doubt' AND (old.email <> new.email OR old.vars <> new.vars)"
        )
        return frozenset(id_ for (id_,) in rows)

    def _one(self, statement: str, *values: Any) -> int:
        return int(self._db.execute(statement, values).fetchone()[0])

    def finish(
        self,
        *,
        inputs: str,
        recipients_digest: str,
        content_digest: str,
        started_at: float,
        completed_at: float,
    ) -> None:
        """By RECORD's table."""
        if self._table != "recipient":
            merge_staged(self._db, self._columns, self._number)
        counts = dict(
            self._db.execute(
                "SELECT status, count(*) FROM recipient WHERE plan = ? GROUP BY status",
                (self._number,),
            ).fetchall()
        )
        self._db.execute(
            "INSERT INTO plan VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._number,
                inputs,
                started_at,
                completed_at,
                json.dumps(self._columns),
                recipients_digest,
                content_digest,
                json.dumps(counts),
            ),
        )
        self._drop()

    def _drop(self) -> None:
        for table in (*TABLES, *OF_FORMER_KEYS):
            self._db.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _make(connection: sqlite3.Connection, table: str) -> None:
    """An empty table with the columns of the record's, and no index on `claim` yet; the record's own
    is made anew, for the index that a UNIQUE constraint brings cannot be left out for a while."""
    made = (
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'recipient' AND type = ? AND sql NOT NULL"
    )
    (columns,) = connection.execute(made, ("table",)).fetchone()
    columns = columns.replace("claim TEXT UNIQUE", "claim TEXT")
    if table != "recipient":
        connection.execute(columns.replace("TABLE recipient", f"TEMP TABLE {table}", 1))
        return
    indexes = connection.execute(f"{made} AND name <> 'recipient_claim'", ("index",)).fetchall()
    connection.execute("DROP TABLE recipient")
    for (statement,) in [(columns,), *indexes]:
        connection.execute(statement)


@lru_cache(maxsize=8)
def _insertion(table: str, plan: int, rows: int) -> str:
    """A statement for so many rows; whoever is *pending* claims its key until another is found to."""
    values = (
        f"({plan}, ?{n}, ?{n + 1}, iif(?{n + 4} = 'pending', ?{n + 1}, NULL), "
        f"?{n + 2}, ?{n + 3}, ?{n + 4}, ?{n + 5})"
        for n in range(1, 6 * rows + 1, 6)
    )
    return (
        f'INSERT INTO {table} (plan, "row", key, claim, email, vars, status, reason) '
        f"VALUES {', '.join(values)}"
    )


def _parts(rows: Iterable[tuple[object, ...]], size: int) -> Iterator[list[tuple[object, ...]]]:
    iterator = iter(rows)
    while part := list(islice(iterator, size)):
        yield part
