"""A plan in the making, in SQLite: rows are staged, settled, and asked about. Behind `store.Staging`.

Rows are written where they will stand, under the number of a plan that is not there yet, so that nobody sees
them; what else is known of them stands in temporary tables. Each call is a transaction of its own, and none
is synchronised: the one that merges the plan is, and with it all before it. Whoever is refused, declined or
killed leaves at most such rows, which the next plan clears. Duplicates and suppressed addresses are found
here, by SQL, and not in memory.

Ids are counted on from the highest there is, by lines: so none is ever used for somebody else, and the rows
of a plan stand in the order of the CSV.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.facts import (
    NOBODY,
    Difference,
    Faulty,
    Lacking,
    Matched,
    Plan,
    Saying,
    Twins,
)
from sendbatch.ledger.sqlite.cells import saying
from sendbatch.ledger.sqlite.forgetting import blank_row
from sendbatch.ledger.sqlite.forgotten import known
from sendbatch.ledger.sqlite.merging import forget_older, key_index
from sendbatch.ledger.sqlite.view import DONE, TRIED
from sendbatch.ledger.states import LEFT_OUT
from sendbatch.values import Why

AT_ONCE = 100  # rows in one statement: each costs the interpreter's lock twice
TABLES = (
    "marks", "suppression", "questioned", "lacking", "faulty", "unreachable", "twice", "former", "since",
    "renamed", "left_out", "weighed", "excepted", "excepted_keys", "excepted_rows",
)  # fmt: skip

_NOT_ASKED = "id NOT IN temp.asked"  # of a delivery: the draft does not take it up again


class SqliteStaging:
    """One plan in the making. `columns` are the names of the cells, in order; `last` is the number of the
    plan it is compared with, 0 for none, and `deliveries` the table of what was tried. `transaction`
    brackets each call, `finished` is told of the plan, `recognise` finds its rows, by its number, among
    deliveries whose key the record does not know."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        columns: Sequence[str],
        last: int,
        deliveries: str,
        transaction: Callable[[], AbstractContextManager[None]],
        finished: Callable[[Plan, float], None],
        recognise: Callable[[sqlite3.Connection, int], None],
    ) -> None:
        self._db = connection
        self._columns = tuple(columns)
        self._last = last
        self._number = last + 1
        self._deliveries = deliveries
        self._transaction = transaction
        self._finished = finished
        self._recognise_strangers = recognise
        self._duplicates = 0
        self._forgotten = known(connection)
        with transaction():
            self._begin()

    def _begin(self) -> None:
        forget_older(self._db, self._last)
        for table in TABLES:
            self._db.execute(f"DROP TABLE IF EXISTS temp.{table}")
        for table in (
            'former ("row" INTEGER PRIMARY KEY, key TEXT)',
            "since (former TEXT PRIMARY KEY, key TEXT) WITHOUT ROWID",
            'marks ("row" INTEGER PRIMARY KEY, address TEXT, domain TEXT, files TEXT)',
            "suppression (kind TEXT, value TEXT, PRIMARY KEY (kind, value)) WITHOUT ROWID",
            'questioned (list INTEGER, "row" INTEGER, value TEXT, told TEXT, why TEXT)',
            'lacking (kind TEXT, "row" INTEGER, PRIMARY KEY (kind, "row")) WITHOUT ROWID',
            'faulty ("row" INTEGER PRIMARY KEY, told TEXT, missing INTEGER)',
            'weighed ("row" INTEGER PRIMARY KEY, bytes INTEGER)',
            "unreachable (domain TEXT PRIMARY KEY, why TEXT) WITHOUT ROWID",
            "excepted (value TEXT, file INTEGER, PRIMARY KEY (value, file)) WITHOUT ROWID",
            "excepted_keys (key TEXT PRIMARY KEY) WITHOUT ROWID",
            "excepted_rows (id INTEGER PRIMARY KEY)",
        ):
            self._db.execute(f"CREATE TEMP TABLE {table}")
        self._base = self._one(
            "SELECT max(coalesce((SELECT max(id) FROM plan_row), 0), "
            "coalesce((SELECT max(id) FROM delivery), 0))"
        )
        self._rows = f"id > {self._base}"  # SQL: those of this plan

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        if self._forgotten:
            rows = self._forgotten.blanked(rows, len(self._columns))
        with self._transaction():
            for part in _parts(rows, AT_ONCE):
                statement = _insertion(self._number, self._base, len(part))
                self._db.execute(statement, tuple(chain.from_iterable(part)))

    def known_as(self, rows: Iterable[tuple[int, str]]) -> None:
        if self._forgotten:
            rows = list(self._without_forgotten(rows))
        self._put("INSERT INTO former VALUES (?, ?)", rows)

    def _without_forgotten(self, rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Whoever was forgotten under a key that an earlier version made is blanked now."""
        for line, key in rows:
            name = self._forgotten.name_of(key)
            if name is None:
                yield line, key
                continue
            with self._transaction():
                blank_row(self._db, self._base + line, name)

    def called_since(self, keys: Iterable[tuple[str, str]]) -> None:
        self._put("INSERT INTO since VALUES (?, ?)", keys)

    def mark(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._put("INSERT INTO marks VALUES (?, ?, ?, ?)", rows)

    def lack(self, kind: str, lines: Iterable[int]) -> None:
        self._put("INSERT INTO lacking VALUES (?, ?)", ((kind, line) for line in lines))

    def weigh(self, rows: Iterable[tuple[int, int]]) -> None:
        self._put("INSERT INTO weighed VALUES (?, ?)", rows)

    def fault(self, rows: Iterable[tuple[int, str, bool]]) -> None:
        self._put("INSERT INTO faulty VALUES (?, ?, ?)", rows)

    def suppress(self, entries: Iterable[tuple[str, str]]) -> None:
        self._put("INSERT OR IGNORE INTO suppression VALUES (?, ?)", entries)

    def except_(self, file: int, entries: Iterable[str]) -> None:
        self._put("INSERT OR IGNORE INTO excepted VALUES (?, ?)", ((entry, file) for entry in entries))

    def question(self, entries: Iterable[tuple[int, int, str, str, str]]) -> None:
        self._put("INSERT INTO questioned VALUES (?, ?, ?, ?, ?)", entries)

    def _put(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        known = list(rows)
        if known:
            with self._transaction():
                self._db.executemany(statement, known)

    def lacking(self, kind: str, most: int = 10) -> Lacking:
        if not self._one("SELECT EXISTS (SELECT 1 FROM lacking WHERE kind = ?)", kind):
            return NOBODY
        them = f'{self._open_to} AND id IN (SELECT {self._base} + "row" FROM lacking WHERE kind = ?)'
        count = self._one(f"SELECT count(*) {them}", kind)
        rows = self._db.execute(f'SELECT "row" {them} ORDER BY id LIMIT ?', (kind, most))
        return Lacking(count, tuple(line for (line,) in rows)) if count else NOBODY

    def faulty(self, most: int) -> Faulty:
        joined = f'{self._open_to} AND faulty."row" = plan_row."row"'.replace(
            "FROM plan_row", "FROM plan_row, faulty"
        )
        count = self._one(f"SELECT count(*) {joined}")
        rows = self._db.execute(
            f'SELECT plan_row."row", told {joined} ORDER BY id LIMIT ?', (most,)
        )
        is_missing = f"SELECT EXISTS (SELECT 1 {joined} AND missing)"
        return Faulty(count, bool(self._one(is_missing)), tuple(rows)) if count else Faulty()

    @property
    def _open_to(self) -> str:
        """Staged rows that hold their key, where nobody of that key is done with. One look at all
        deliveries."""
        return (
            f"FROM plan_row WHERE {self._rows} AND status = 'pending' AND key NOT IN "
            f"(SELECT key FROM {self._deliveries} WHERE status IN {DONE} AND {_NOT_ASKED}) "
            "AND key NOT IN excepted_keys"
        )

    def unread(self, number: int, most: int) -> tuple[int, list[tuple[int, str, str]]]:
        if self._one("SELECT EXISTS (SELECT 1 FROM questioned)"):
            with self._transaction():
                self._db.execute(
                    "DELETE FROM questioned WHERE value IN "
                    f"(SELECT key FROM plan_row UNION ALL SELECT key FROM {self._deliveries})"
                )
        rows = self._db.execute(
            'SELECT "row", told, why FROM questioned WHERE list = ? ORDER BY "row" LIMIT ?',
            (number, most),
        ).fetchall()
        return self._one("SELECT count(*) FROM questioned WHERE list = ?", number), rows

    def domains(self) -> list[str]:
        rows = self._db.execute(
            "SELECT DISTINCT domain FROM plan_row JOIN marks USING (\"row\") "
            f"WHERE {self._rows} AND status = 'pending'"
        )
        return [domain for (domain,) in rows]

    def reject_domains(self, found: Iterable[tuple[str, Why]]) -> None:
        self._put("INSERT INTO unreachable VALUES (?, ?)", found)
        with self._transaction():
            self._db.execute(
                "UPDATE plan_row SET status = 'invalid', why = unreachable.why, detail = domain "
                'FROM marks JOIN unreachable USING (domain) WHERE marks."row" = plan_row."row" '
                f"AND {self._rows} AND status = 'pending'"
            )

    def settle(self) -> None:
        with self._transaction():
            self._leave_out_suppressed()
            if self._one("SELECT EXISTS (SELECT 1 FROM former UNION ALL SELECT 1 FROM since)"):
                self._recognise()
                # once more: a list has the keys of today, or as a report told them
                self._leave_out_suppressed()
            try:
                self._index_keys()
            except sqlite3.IntegrityError:  # few lists have one key twice: others need not be searched
                self._leave_out_duplicates()
                self._index_keys()
            self._recognise_strangers(self._db, self._number)
            self._point_to_deliveries()
            self._find_excepted()

    def _recognise(self) -> None:
        """All rows of a key take the former one of any of them, where somebody was tried under that, and
        nobody under theirs, or in vain while who has the former one was sent the message. Of several, who
        is done with comes first. A key that stands in the CSV too is another's."""
        known = f"SELECT key, status FROM {self._deliveries} WHERE {TRIED}"
        staged = f"SELECT key FROM plan_row WHERE {self._rows}"
        self._db.execute(
            "CREATE TEMP TABLE renamed (key TEXT PRIMARY KEY, known TEXT, open INTEGER) WITHOUT ROWID"
        )
        self._db.execute(
            "INSERT OR IGNORE INTO renamed "
            f"SELECT made.key, known.key, known.status NOT IN {DONE} FROM "
            '(SELECT plan_row.key AS key, former.key AS former FROM former JOIN plan_row USING ("row") '
            f"WHERE {self._rows} UNION SELECT key, former FROM since) AS made JOIN ({known}) AS known "
            f"ON known.key = made.former WHERE made.former NOT IN ({staged}) "
            f"AND (made.key NOT IN (SELECT key FROM ({known})) OR known.status IN "
            f"('accepted', 'in_doubt') AND made.key NOT IN (SELECT key FROM ({known}) "
            "WHERE status IN ('accepted', 'in_doubt'))) ORDER BY 3, 2"
        )
        self._db.execute(
            f"UPDATE plan_row SET key = known FROM renamed WHERE {self._rows} "
            "AND renamed.key = plan_row.key"
        )

    def _leave_out_suppressed(self) -> None:
        if not self._one("SELECT EXISTS (SELECT 1 FROM suppression)"):
            return
        self._spread_domains()
        self._db.execute(
            "UPDATE plan_row SET status = 'suppressed', why = 'suppressed', detail = NULL "
            f"WHERE {self._rows} AND status = 'pending' AND ("
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

    def _index_keys(self) -> None:
        """Keys come in any order, so their index is made when all are there: sorted once."""
        self._db.execute(
            f"CREATE UNIQUE INDEX {key_index(self._number)} ON plan_row (key) "
            f"WHERE plan = {self._number} AND status = 'pending'"
        )

    def _leave_out_duplicates(self) -> None:
        self._db.execute(
            "CREATE TEMP TABLE twice AS SELECT key, min(id) AS first FROM plan_row "
            f"WHERE {self._rows} AND status = 'pending' GROUP BY key HAVING count(*) > 1"
        )
        self._db.execute("CREATE UNIQUE INDEX temp.twice_key ON twice (key)")
        self._duplicates = self._db.execute(
            "UPDATE plan_row SET status = 'duplicate', why = 'duplicate', "
            f"detail = CAST(twice.first - {self._base} AS TEXT) FROM twice WHERE twice.key = plan_row.key "
            f"AND twice.first <> id AND {self._rows} AND status = 'pending'"
        ).rowcount

    def _point_to_deliveries(self) -> None:
        """Who was tried is the row that holds their key, else the first that the checks leave out."""
        if not self._one(f"SELECT EXISTS (SELECT 1 FROM {self._deliveries})"):
            return
        tried = f"(SELECT id, key FROM {self._deliveries} WHERE {TRIED} AND key <> '')"
        self._db.execute(
            f"UPDATE plan_row SET delivery = tried.id FROM {tried} AS tried WHERE "
            f"plan = {self._number} AND status = 'pending' AND tried.key = plan_row.key"
        )
        self._db.execute(
            "CREATE TEMP TABLE left_out AS SELECT key, min(id) AS first FROM plan_row "
            f"WHERE {self._rows} AND status IN {listed(LEFT_OUT)} GROUP BY key"
        )
        self._db.execute(
            f"UPDATE plan_row SET delivery = tried.id FROM left_out JOIN {tried} AS tried USING (key) "
            f"WHERE plan_row.id = left_out.first AND tried.key NOT IN (SELECT key FROM plan_row "
            f"WHERE plan = {self._number} AND status = 'pending')"
        )

    def _find_excepted(self) -> None:
        """Of each key that is named, or whose address is: the row that stands for its delivery."""
        if not self._one("SELECT EXISTS (SELECT 1 FROM excepted)"):
            return
        self._db.execute(
            f"INSERT INTO excepted_keys SELECT DISTINCT key FROM plan_row WHERE {self._rows} AND key <> '' "
            'AND ("row" IN (SELECT "row" FROM marks WHERE address IN (SELECT value FROM excepted)) '
            "OR key IN (SELECT value FROM excepted) OR lower(key) IN (SELECT value FROM excepted))"
        )
        holders = f"FROM plan_row WHERE {self._rows} AND status = 'pending' AND key IN excepted_keys"
        self._db.execute(f"INSERT INTO excepted_rows SELECT id {holders}")
        self._db.execute(
            f"INSERT INTO excepted_rows SELECT min(id) FROM plan_row WHERE {self._rows} "
            f"AND status IN {listed(LEFT_OUT)} AND key IN excepted_keys "
            f"AND key NOT IN (SELECT key {holders}) GROUP BY key"
        )

    def matched(self, most: int) -> Matched:
        is_stranger = (
            f"(value NOT IN (SELECT key FROM plan_row WHERE {self._rows}) "
            f"AND value NOT IN (SELECT lower(key) FROM plan_row WHERE {self._rows}) "
            "AND value NOT IN (SELECT address FROM marks))"
        )
        strangers = f"FROM (SELECT DISTINCT value FROM excepted) WHERE {is_stranger}"
        some = self._db.execute(f"SELECT value {strangers} ORDER BY value LIMIT ?", (most,)).fetchall()
        idle = f"SELECT file FROM excepted GROUP BY file HAVING min({is_stranger}) ORDER BY file"
        return Matched(
            self._one("SELECT count(*) FROM excepted_keys"),
            self._one(f"SELECT count(*) {strangers}"),
            tuple(value for (value,) in some),
            tuple(file for (file,) in self._db.execute(idle)),
        )

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
            "FROM plan_row AS later JOIN plan_row AS first ON first.key = later.key "
            f"AND first.plan = {self._number} AND first.status = 'pending' "
            f"WHERE later.id > {self._base} AND later.status = 'duplicate' AND {condition}"
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
            f'SELECT "row" {self._open_to} AND id IN (SELECT {self._base} + value FROM json_each(?))',
            (json.dumps(list(lines)),),
        )
        return {line for (line,) in found}

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        return saying(self._db, "plan_row", self._rows, self._columns.index(column), words)

    def difference(self) -> Difference:
        if self._is_first:
            return Difference(first=True)
        old, new = (
            f"SELECT key FROM plan_row WHERE plan = {plan} AND status = 'pending'"
            for plan in (self._last, self._number)
        )
        if not self._last:  # made anew of receipts: who was in the plan before is not known
            return Difference(first=True, moved=self._moved())
        return Difference(
            self._one(f"SELECT count(*) FROM ({new}) WHERE key NOT IN ({old})"),
            self._one(f"SELECT count(*) FROM ({old}) WHERE key NOT IN ({new})"),
            self._one(
                "SELECT count(*) FROM plan_row AS old JOIN plan_row AS new ON new.key = old.key "
                f"WHERE old.plan = {self._last} AND old.status = 'pending' AND new.plan = {self._number} "
                "AND new.status = 'pending' AND (old.email <> new.email OR old.vars <> new.vars)"
            ),
            self._moved(),
        )

    def _moved(self) -> tuple[tuple[int, str, str], ...]:
        return tuple(
            self._db.execute(
                f'SELECT new."row", old.email, new.email FROM {self._deliveries} AS old JOIN plan_row '
                f"AS new ON new.key = old.key WHERE new.plan = {self._number} "
                "AND new.status = 'pending' AND old.email <> new.email "
                f"AND old.status IN ('accepted', 'in_doubt') AND old.{_NOT_ASKED} "
                'ORDER BY new."row" LIMIT 10'
            )
        )

    @property
    def _is_first(self) -> bool:
        """Whether there was nobody before."""
        return not self._one(
            f"SELECT EXISTS (SELECT 1 FROM plan_row WHERE id <= {self._base}) "
            f"OR EXISTS (SELECT 1 FROM {self._deliveries})"
        )

    def corrected_doubt(self) -> frozenset[int]:
        rows = self._db.execute(
            f"SELECT old.id FROM {self._deliveries} AS old JOIN plan_row AS new ON new.key = old.key "
            f"WHERE new.plan = {self._number} AND new.status = 'pending' AND old.status = 'in_doubt' "
            "AND (old.email <> new.email OR old.vars IS NOT new.vars)"
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
        plan = Plan(
            self._number, inputs, completed_at, self._columns, recipients_digest, content_digest
        )
        self._finished(plan, started_at)


@lru_cache(maxsize=8)
def _insertion(plan: int, base: int, rows: int) -> str:
    """A statement for so many rows."""
    values = (
        f"({base} + ?{n}, {plan}, ?{n}, ?{n + 1}, ?{n + 2}, ?{n + 3}, ?{n + 4}, ?{n + 5}, ?{n + 6})"
        for n in range(1, 7 * rows + 1, 7)
    )
    return (
        'INSERT INTO plan_row (id, plan, "row", key, email, vars, status, why, detail) '
        f"VALUES {', '.join(values)}"
    )


def _parts(rows: Iterable[tuple[object, ...]], size: int) -> Iterator[list[tuple[object, ...]]]:
    iterator = iter(rows)
    while part := list(islice(iterator, size)):
        yield part
