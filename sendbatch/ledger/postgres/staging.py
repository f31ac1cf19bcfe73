"""A plan in the making, in PostgreSQL: rows are staged, settled, and asked about. Behind `store.Staging`.

Rows go by COPY into a table of the draft's own, with no index and no log, and what else is known of them into
others. They reach the table that all campaigns share when the plan is merged, in one statement: so a plan
that is refused or declined leaves nothing there. Duplicates and suppressed addresses are found by SQL, and
not in memory.

Ids are counted on from the record's, by lines: so none is ever used for somebody else, and the rows of a plan
stand in the order of the CSV. They are reserved when all rows are there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final

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
from sendbatch.ledger.forgotten import blank
from sendbatch.ledger.postgres.cells import saying
from sendbatch.ledger.postgres.forgotten import known
from sendbatch.ledger.postgres.heeding import Heeded
from sendbatch.ledger.postgres.scratch import OF_PLAN, Scratch
from sendbatch.ledger.postgres.selecting import MANY
from sendbatch.ledger.postgres.text import all_stored, copied, stored, stored_cells, told
from sendbatch.ledger.postgres.view import DONE, TRIED
from sendbatch.ledger.states import LEFT_OUT
from sendbatch.values import Why

_LEFT_OUT: Final = listed(LEFT_OUT)
_COLUMNS: Final = '"row", key, email, vars, status, why, detail'
_AT_ONCE: Final = 250_000  # characters of rows that go in one COPY


class PostgresStaging:
    """One plan in the making, of `record`. `columns` are the names of the cells, in order; `last_rows` is the
    table of the rows it is compared with, and `last` its number, 0 for none; `deliveries` the table of what
    was tried. `finished` is told of the plan, and from which id on its rows are counted."""

    def __init__(
        self,
        asked: Heeded,
        scratch: Scratch,
        record: int,
        columns: Sequence[str],
        last: int,
        last_rows: str,
        deliveries: str,
        finished: Callable[[Plan, float, int], None],
    ) -> None:
        self._db = asked
        self._scratch = scratch
        self._record = record
        self._columns = tuple(columns)
        self._last = last
        self._last_rows = last_rows
        self._deliveries = deliveries
        self._finished = finished
        self._base = 0
        self._rows_count, self._last_line = 0, 0
        self._duplicates = 0
        self._changed = 0  # rows that were settled otherwise than they were added
        self._forgotten = known(asked, record)
        scratch.drop(*OF_PLAN)
        self._table = scratch.make("row")
        self._at_hand: list[str] = []  # rows that are not there yet, as COPY takes them
        self._size = 0  # of these, in characters

    # -- what is known of the rows ----------------------------------------------------------------

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        if self._forgotten:
            rows = self._forgotten.blanked(rows, len(self._columns))
        columns: list[Any] = list(zip(*rows, strict=True))
        if not columns:
            return
        lines, keys, emails, cells, statuses, whys, details = columns
        self._rows_count += len(lines)
        self._last_line = max(self._last_line, *lines)
        keys, emails, details = map(all_stored, (keys, emails, details))
        cells = all_stored(cells, stored_cells)
        self._at_hand.append(copied((lines, keys, emails, cells, statuses, whys, details)))
        self._size += len(self._at_hand[-1])
        if self._size >= _AT_ONCE:
            self._put_rows()

    def _put_rows(self) -> None:
        texts, self._at_hand, self._size = self._at_hand, [], 0
        self._db.put(f"COPY {self._table} ({_COLUMNS}) FROM STDIN", texts)

    @property
    def _rows(self) -> str:
        """The table of all that was added."""
        if self._at_hand:
            self._put_rows()
        return self._table

    def known_as(self, rows: Iterable[tuple[int, str]]) -> None:
        if self._forgotten:
            rows = list(self._without_forgotten(rows))
        self._put("former", ((line, stored(key)) for line, key in rows))

    def _without_forgotten(self, rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Whoever was forgotten under a key that an earlier version made is blanked now."""
        for line, key in rows:
            name = self._forgotten.name_of(key)
            if name is None:
                yield line, key
                continue
            cells, status, why, _ = blank(len(self._columns))
            self._db.execute(
                f"UPDATE {self._rows} SET key = %s, email = '', vars = %s, status = %s, why = %s, "
                'detail = NULL WHERE "row" = %s',
                (stored(name), cells, status, why, line),
            )

    def called_since(self, keys: Iterable[tuple[str, str]]) -> None:
        self._put("since", ((stored(former), stored(key)) for former, key in keys))

    def mark(self, rows: Iterable[tuple[object, ...]]) -> None:
        self._put("marks", map(_text_stored, rows))

    def lack(self, kind: str, lines: Iterable[int]) -> None:
        self._put("lacking", ((kind, line) for line in lines))

    def weigh(self, rows: Iterable[tuple[int, int]]) -> None:
        self._put("weighed", rows)

    def fault(self, rows: Iterable[tuple[int, str, bool]]) -> None:
        self._put("faulty", map(_text_stored, rows))

    def suppress(self, entries: Iterable[tuple[str, str]]) -> None:
        self._put("suppression", map(_text_stored, entries))

    def except_(self, file: int, entries: Iterable[str]) -> None:
        self._put("excepted", ((stored(entry), file) for entry in entries))

    def question(self, entries: Iterable[tuple[int, int, str, str, str]]) -> None:
        self._put("questioned", map(_text_stored, entries))

    def _put(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        known = list(rows)
        if known:
            self._scratch.put(table, known)

    def domains(self) -> list[str]:
        rows = self._db.execute(
            f'SELECT DISTINCT m.domain FROM {self._rows} AS r JOIN {self._scratch["marks"]} AS m USING '
            '("row") '
            "WHERE r.status = 'pending' ORDER BY 1"
        )
        return [told(domain) for (domain,) in rows]

    def reject_domains(self, found: Iterable[tuple[str, Why]]) -> None:
        self._put("unreachable", ((stored(domain), str(why)) for domain, why in found))
        self._db.execute(
            f"UPDATE {self._rows} AS r SET status = 'invalid', why = u.why, detail = u.domain "
            f"FROM {self._scratch['marks']} AS m JOIN {self._scratch['unreachable']} AS u USING (domain) "
            "WHERE m.\"row\" = r.\"row\" AND r.status = 'pending'"
        )

    # -- settling ---------------------------------------------------------------------------------

    def settle(self) -> None:
        self._base = self._reserved()
        self._learn("row", "marks", "suppression")
        self._leave_out_suppressed()
        if "former" in self._scratch or "since" in self._scratch:
            self._recognise()
            # once more: a list has the keys of today, or as a report told them
            self._leave_out_suppressed()
        self._leave_out_duplicates()
        self._point_to_deliveries()
        self._db.execute(f'CREATE UNIQUE INDEX ON {self._rows} ("row")')
        self._find_excepted()
        if self._changed:
            self._learn("row")

    def _reserved(self) -> int:
        """An id for each line."""
        many = self._last_line + 1
        beyond = self._db.one(
            f"UPDATE sendbatch.record SET next_id = next_id + {many:d} WHERE id = {self._record:d} "
            "RETURNING next_id"
        )
        return int(beyond) - many

    def _learn(self, *tables: str) -> None:
        """How many there are, and of what: nobody tells the server about tables that are new."""
        there = [self._scratch[table] for table in tables if table in self._scratch]
        if self._rows_count >= MANY and there:
            self._db.execute(f"ANALYZE {', '.join(there)}")

    def _recognise(self) -> None:
        """All rows of a key take the former one of any of them, where somebody was tried under that, and
        nobody under theirs, or in vain while who has the former one was sent the message. Of several, who
        is done with comes first. A key that stands in the CSV too is another's."""
        renamed = self._scratch.make("renamed")
        self._db.execute(
            f"WITH known AS (SELECT key, status FROM {self._deliveries} AS d WHERE {TRIED}), "
            "theirs AS (SELECT key, bool_or(status IN ('accepted', 'in_doubt')) AS was_sent FROM known "
            "GROUP BY key), "
            f"made AS (SELECT r.key AS key, f.key AS former FROM {self._scratch['former']} AS f "
            f'JOIN {self._rows} AS r USING ("row") UNION SELECT key, former FROM {self._scratch["since"]} '
            'AS s) '
            f"INSERT INTO {renamed} (key, known) SELECT DISTINCT ON (made.key) made.key, known.key "
            "FROM made JOIN known ON known.key = made.former LEFT JOIN theirs ON theirs.key = made.key "
            f"WHERE NOT EXISTS (SELECT 1 FROM {self._rows} AS r WHERE r.key = made.former) "
            "AND (theirs.key IS NULL OR known.status IN ('accepted', 'in_doubt') AND NOT theirs.was_sent) "
            f"ORDER BY made.key, known.status NOT IN {DONE}, known.key"
        )
        self._change(f"UPDATE {self._rows} AS r SET key = n.known FROM {renamed} AS n WHERE n.key = r.key")

    def _change(self, statement: str) -> int:
        """How many rows it changes."""
        changed = self._db.execute(statement).rowcount
        self._changed += changed
        return changed

    def _leave_out_suppressed(self) -> None:
        if "suppression" not in self._scratch:
            return
        self._spread_domains()
        rows, marks, lists = self._rows, self._scratch["marks"], self._scratch["suppression"]

        def listed_by(column: str, *kinds: str) -> str:
            named = ", ".join(f"'{kind}'" for kind in kinds)
            return f"JOIN {lists} AS s ON s.value = {column} AND s.kind IN ({named})"

        self._change(
            f"UPDATE {rows} AS r SET status = 'suppressed', why = 'suppressed', detail = NULL FROM ("
            f'SELECT m."row" FROM {marks} AS m {listed_by("m.address", "key")} UNION '
            f'SELECT m."row" FROM {marks} AS m {listed_by("m.domain", "domain")} UNION '
            f'SELECT k."row" FROM {rows} AS k {listed_by("k.key", "key", "text")} UNION '
            # a column of addresses that is the key: as it is written there
            f'SELECT k."row" FROM {rows} AS k {listed_by("lower(k.key)", "key")} UNION '
            f'SELECT k."row" FROM {rows} AS k {listed_by("k.email", "text")}'
            ") AS found WHERE found.\"row\" = r.\"row\" AND r.status = 'pending'"
        )

    def _spread_domains(self) -> None:
        """Each domain of a row that lies below a listed one is listed too: its parents are looked up one
        by one, and not every listed domain held against it."""
        lists = self._scratch["suppression"]
        self._db.execute(
            "WITH RECURSIVE above (domain, parent) AS ("
            "SELECT DISTINCT domain, substr(domain, strpos(domain, '.') + 1) "
            f"FROM {self._scratch['marks']} AS m WHERE strpos(domain, '.') > 0 "
            f"AND EXISTS (SELECT 1 FROM {lists} AS s WHERE s.kind = 'below') UNION ALL "
            "SELECT domain, substr(parent, strpos(parent, '.') + 1) FROM above WHERE strpos(parent, '.') > "
            "0) "
            f"INSERT INTO {lists} (kind, value) SELECT 'domain', domain FROM above "
            f"WHERE parent IN (SELECT value FROM {lists} AS s WHERE s.kind = 'below')"
        )

    def _leave_out_duplicates(self) -> None:
        twice = self._scratch.make("twice")
        some = self._db.execute(
            f'INSERT INTO {twice} (key, first) SELECT key, min("row") FROM {self._rows} AS r '
            "WHERE r.status = 'pending' GROUP BY key HAVING count(*) > 1"
        ).rowcount
        if not some:
            return
        self._duplicates = self._change(
            f"UPDATE {self._rows} AS r SET status = 'duplicate', why = 'duplicate', detail = t.first::text "
            f"FROM {twice} AS t WHERE t.key = r.key AND t.first <> r.\"row\" AND r.status = 'pending'"
        )

    def _point_to_deliveries(self) -> None:
        """Who was tried is the row that holds their key, else the first that the checks leave out."""
        if not self._db.one(f"SELECT EXISTS (SELECT 1 FROM {self._deliveries} AS d)"):
            return
        tried = f"(SELECT id, key FROM {self._deliveries} AS d WHERE {TRIED} AND key <> '')"
        self._change(
            f"UPDATE {self._rows} AS r SET delivery = t.id FROM {tried} AS t "
            "WHERE r.status = 'pending' AND t.key = r.key"
        )
        self._change(
            f'WITH left_out AS (SELECT key, min("row") AS first FROM {self._rows} AS r '
            f"WHERE r.status IN {_LEFT_OUT} GROUP BY key) "
            f"UPDATE {self._rows} AS r SET delivery = t.id FROM left_out AS l JOIN {tried} AS t USING (key) "
            f'WHERE r."row" = l.first AND NOT EXISTS (SELECT 1 FROM {self._rows} AS h '
            "WHERE h.key = t.key AND h.status = 'pending')"
        )

    def _find_excepted(self) -> None:
        """Of each key that is named, or whose address is: the row that stands for its delivery."""
        if "excepted" not in self._scratch:
            return
        rows, named = self._rows, self._scratch["excepted"]
        keys, ids = self._scratch.make("excepted_keys"), self._scratch.make("excepted_rows")
        self._db.execute(
            f"INSERT INTO {keys} (key) SELECT key FROM (SELECT r.key FROM {rows} AS r "
            f'JOIN {self._scratch["marks"]} AS m USING ("row") JOIN {named} AS e ON e.value = m.address '
            f"UNION SELECT r.key FROM {rows} AS r JOIN {named} AS e ON e.value = r.key "
            f"UNION SELECT r.key FROM {rows} AS r JOIN {named} AS e ON e.value = lower(r.key)) AS found "
            "WHERE key <> ''"
        )
        self._db.execute(
            f'INSERT INTO {ids} (id) SELECT {self._base} + min(r."row") FROM {rows} AS r '
            f"JOIN {keys} AS k USING (key) WHERE r.status = 'pending' OR r.status IN {_LEFT_OUT} "
            "GROUP BY r.key, r.status = 'pending' HAVING r.status = 'pending' OR NOT EXISTS "
            f"(SELECT 1 FROM {rows} AS h WHERE h.key = r.key AND h.status = 'pending')"
        )

    # -- what is asked of it ----------------------------------------------------------------------

    @property
    def _open_to(self) -> str:
        """Staged rows that hold their key, where nobody of that key is done with. One look at all
        deliveries."""
        return (
            f"FROM {self._rows} AS r WHERE r.status = 'pending' AND NOT EXISTS (SELECT 1 FROM "
            f"{self._deliveries} AS d "
            f"WHERE d.key = r.key AND d.status IN {DONE} AND {self._not_asked}) "
            f"AND NOT EXISTS (SELECT 1 FROM {self._scratch['excepted_keys']} AS e WHERE e.key = r.key)"
        )

    @property
    def _not_asked(self) -> str:
        """Of a delivery: the draft does not take it up again."""
        return f"NOT EXISTS (SELECT 1 FROM {self._scratch['asked']} AS a WHERE a.id = d.id)"

    def lacking(self, kind: str, most: int = 10) -> Lacking:
        if "lacking" not in self._scratch:
            return NOBODY
        of_kind = f"(SELECT \"row\" FROM {self._scratch['lacking']} AS l WHERE l.kind = %s)"
        them = f'{self._open_to} AND r."row" IN {of_kind}'
        rows, count = self._some('r."row"', them, (kind,), most)
        return Lacking(count, tuple(line for (line,) in rows)) if count else NOBODY

    def faulty(self, most: int) -> Faulty:
        if "faulty" not in self._scratch:
            return Faulty()
        them, staged = self._open_to, f"FROM {self._rows} AS r"
        them = them.replace(staged, f'{staged} JOIN {self._scratch["faulty"]} AS f USING ("row")')
        rows, count = self._some('r."row", f.told', them, (), most)
        if not count:
            return Faulty()
        is_missing = self._db.one(f"SELECT EXISTS (SELECT 1 {them} AND f.missing)")
        return Faulty(count, bool(is_missing), tuple((line, told(text)) for line, text in rows))

    def _some(
        self, columns: str, them: str, values: tuple[object, ...], most: int
    ) -> tuple[list[tuple[Any, ...]], int]:
        """The first by line, and how many there are."""
        count = int(self._db.one(f"SELECT count(*) {them}", values))
        rows = self._db.execute(f'SELECT {columns} {them} ORDER BY r."row" LIMIT %s', (*values, most))
        return rows.fetchall(), count

    def unread(self, number: int, most: int) -> tuple[int, list[tuple[int, str, str]]]:
        if "questioned" not in self._scratch:
            return 0, []
        questioned = self._scratch["questioned"]
        self._db.execute(
            f"DELETE FROM {questioned} AS q USING (SELECT key FROM {self._rows} AS r UNION ALL "
            f"SELECT key FROM {self._last_rows} AS r UNION ALL SELECT key FROM {self._deliveries} AS d) AS "
            "known "
            "WHERE known.key = q.value"
        )
        count = self._db.one(f"SELECT count(*) FROM {questioned} WHERE list = %s", (number,))
        rows = self._db.execute(
            f'SELECT "row", told, why FROM {questioned} WHERE list = %s ORDER BY "row" LIMIT %s',
            (number, most),
        )
        return int(count), [(line, told(text), told(why)) for line, text, why in rows]

    def matched(self, most: int) -> Matched:
        if "excepted" not in self._scratch:
            return Matched()
        named = self._scratch["excepted"]
        is_stranger = (
            f"NOT EXISTS (SELECT 1 FROM {self._rows} AS r WHERE r.key = e.value) "
            f"AND NOT EXISTS (SELECT 1 FROM {self._rows} AS r WHERE lower(r.key) = e.value) "
            f"AND NOT EXISTS (SELECT 1 FROM {self._scratch['marks']} AS m WHERE m.address = e.value)"
        )
        strangers = f"FROM (SELECT DISTINCT value FROM {named} AS x) AS e WHERE {is_stranger}"
        some = self._db.execute(f"SELECT e.value {strangers} ORDER BY 1 LIMIT %s", (most,)).fetchall()
        idle = self._db.execute(
            f"SELECT file FROM {named} AS e EXCEPT SELECT e.file FROM {named} AS e JOIN ("
            f"SELECT key FROM {self._rows} AS r UNION ALL SELECT lower(key) FROM {self._rows} AS r "
            f"UNION ALL SELECT address FROM {self._scratch['marks']} AS m) AS known ON known.key = e.value "
            "ORDER BY 1"
        )
        return Matched(
            int(self._db.one(f"SELECT count(*) FROM {self._scratch['excepted_keys']} AS k")),
            int(self._db.one(f"SELECT count(*) {strangers}")),
            tuple(told(value) for (value,) in some),
            tuple(file for (file,) in idle),
        )

    def twins(self, used: Collection[str], most: int = 10) -> Twins:
        return self._twins(self._differs(used), most)

    def twins_by_attachment(self, most: int = 10) -> Twins:
        files = f'(SELECT m.files FROM {self._scratch["marks"]} AS m WHERE m."row" = {{}}."row")'
        return self._twins(f"{files.format('later')} IS DISTINCT FROM {files.format('first')}", most)

    def _differs(self, used: Collection[str]) -> str:
        tests = [
            f"later.vars::json ->> {place} IS DISTINCT FROM first.vars::json ->> {place}"
            for place, name in enumerate(self._columns)
            if name in used
        ]
        return "(" + " OR ".join(tests) + ")" if tests else "false"

    def _twins(self, condition: str, most: int) -> Twins:
        if not self._duplicates:
            return Twins()
        joined = (
            f"FROM {self._rows} AS later JOIN {self._rows} AS first ON first.key = later.key "
            f"AND first.status = 'pending' WHERE later.status = 'duplicate' AND {condition}"
        )
        count = int(self._db.one(f"SELECT count(*) {joined}"))
        rows = self._db.execute(
            f'SELECT later."row", first."row" {joined} ORDER BY later."row" LIMIT %s', (most,)
        ).fetchall()
        return Twins(count, tuple((line, first) for line, first in rows)) if count else Twins()

    def may_be_sent_to(self, lines: Collection[int]) -> set[int]:
        if not lines:
            return set()
        found = self._db.execute(f'SELECT r."row" {self._open_to} AND r."row" = ANY(%s)', (list(lines),))
        return {line for (line,) in found}

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        return saying(self._db, self._rows, "true", self._columns.index(column), words)

    def difference(self) -> Difference:
        if self._is_first:
            return Difference(first=True)
        if not self._last:  # made anew: who was in the plan before is not known
            return Difference(first=True, moved=self._moved())
        new, old = (
            f"(SELECT key, email, vars FROM {rows} AS r WHERE r.status = 'pending')"
            for rows in (self._rows, self._last_rows)
        )
        added, removed, corrected = self._db.execute(
            "SELECT count(*) FILTER (WHERE old.key IS NULL), count(*) FILTER (WHERE new.key IS NULL), "
            "count(*) FILTER (WHERE old.email <> new.email OR old.vars <> new.vars) "
            f"FROM {old} AS old FULL JOIN {new} AS new ON new.key = old.key"
        ).fetchall()[0]
        return Difference(added, removed, corrected, self._moved())

    def _moved(self) -> tuple[tuple[int, str, str], ...]:
        rows = self._db.execute(
            f'SELECT new."row", d.email, new.email FROM {self._deliveries} AS d JOIN {self._rows} AS new '
            "ON new.key = d.key WHERE new.status = 'pending' AND d.email <> new.email "
            f"AND d.status IN ('accepted', 'in_doubt') AND {self._not_asked} "
            'ORDER BY new."row" LIMIT 10'
        )
        return tuple((line, told(old), told(new)) for line, old, new in rows)

    @property
    def _is_first(self) -> bool:
        """Whether there was nobody before."""
        return not self._db.one(
            f"SELECT EXISTS (SELECT 1 FROM {self._last_rows} AS r) "
            f"OR EXISTS (SELECT 1 FROM {self._deliveries} AS d)"
        )

    def corrected_doubt(self) -> frozenset[int]:
        rows = self._db.execute(
            f"SELECT d.id FROM {self._deliveries} AS d JOIN {self._rows} AS new ON new.key = d.key "
            "WHERE new.status = 'pending' AND d.status = 'in_doubt' "
            "AND (d.email <> new.email OR d.vars IS DISTINCT FROM new.vars)"
        )
        return frozenset(id_ for (id_,) in rows)

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
            self._last + 1, inputs, completed_at, self._columns, recipients_digest, content_digest
        )
        self._finished(plan, started_at, self._base)


def _text_stored(row: Sequence[Any]) -> list[Any]:
    return [stored(field) if isinstance(field, str) else field for field in row]
