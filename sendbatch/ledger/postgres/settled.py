"""What is asked of a plan in the making, in PostgreSQL, mostly once all its rows are settled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

from sendbatch.ledger.facts import NOBODY, Difference, Faulty, Lacking, Matched, Saying, Twins
from sendbatch.ledger.postgres.cells import saying
from sendbatch.ledger.postgres.making import Making
from sendbatch.ledger.postgres.text import told
from sendbatch.ledger.postgres.view import DONE


class Settled(ABC):
    """A half of `store.Staging`."""

    @abstractmethod
    def _put_rows(self) -> None:
        """From now on all rows are there: for what may be asked before they are settled."""

    def __init__(self, making: Making) -> None:
        self._making = making
        self._scratch = making.scratch
        self._rows, self._deliveries = making.rows, making.deliveries
        self._duplicates = 0

    @property
    def _open_to(self) -> str:
        """Staged rows that hold their key, where nobody of that key is done with. One look at all
        deliveries."""
        return (
            f"FROM {self._rows} AS r WHERE r.status = 'pending' AND NOT EXISTS (SELECT 1 FROM "
            f"{self._deliveries} AS d WHERE d.key = r.key AND d.status IN {DONE} AND {self._not_asked}) "
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
        is_missing = self._making.one(f"SELECT EXISTS (SELECT 1 {them} AND f.missing)")
        return Faulty(count, bool(is_missing), tuple((line, told(text)) for line, text in rows))

    def _some(
        self, columns: str, them: str, values: tuple[object, ...], most: int
    ) -> tuple[list[tuple[Any, ...]], int]:
        """The first by line, and how many there are."""
        count = int(self._making.one(f"SELECT count(*) {them}", values))
        rows = self._making.execute(f'SELECT {columns} {them} ORDER BY r."row" LIMIT %s', (*values, most))
        return rows.fetchall(), count

    def unread(self, number: int, most: int) -> tuple[int, list[tuple[int, str, str]]]:
        if "questioned" not in self._scratch:
            return 0, []
        self._put_rows()
        questioned = self._scratch["questioned"]
        self._making.execute(
            f"DELETE FROM {questioned} AS q USING (SELECT key FROM {self._rows} AS r UNION ALL "
            f"SELECT key FROM {self._making.last_rows} AS r UNION ALL "
            f"SELECT key FROM {self._deliveries} AS d) AS known WHERE known.key = q.value"
        )
        count = self._making.one(f"SELECT count(*) FROM {questioned} WHERE list = %s", (number,))
        rows = self._making.execute(
            f'SELECT "row", told, why FROM {questioned} WHERE list = %s ORDER BY "row" LIMIT %s',
            (number, most),
        )
        return int(count), [(line, told(text), told(why)) for line, text, why in rows]

    def matched(self, most: int) -> Matched:
        if "excepted" not in self._scratch:
            return Matched()
        self._put_rows()
        named, marks = self._scratch["excepted"], self._scratch["marks"]
        is_stranger = (
            f"NOT EXISTS (SELECT 1 FROM {self._rows} AS r WHERE r.key = e.value) "
            f"AND NOT EXISTS (SELECT 1 FROM {self._rows} AS r WHERE lower(r.key) = e.value) "
            f"AND NOT EXISTS (SELECT 1 FROM {marks} AS m WHERE m.address = e.value)"
        )
        strangers = f"FROM (SELECT DISTINCT value FROM {named} AS x) AS e WHERE {is_stranger}"
        some = self._making.execute(f"SELECT e.value {strangers} ORDER BY 1 LIMIT %s", (most,)).fetchall()
        idle = self._making.execute(
            f"SELECT file FROM {named} AS e EXCEPT SELECT e.file FROM {named} AS e JOIN ("
            f"SELECT key FROM {self._rows} AS r UNION ALL SELECT lower(key) FROM {self._rows} AS r "
            f"UNION ALL SELECT address FROM {marks} AS m) AS known ON known.key = e.value ORDER BY 1"
        )
        return Matched(
            int(self._making.one(f"SELECT count(*) FROM {self._scratch['excepted_keys']} AS k")),
            int(self._making.one(f"SELECT count(*) {strangers}")),
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
            for place, name in enumerate(self._making.columns)
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
        count = int(self._making.one(f"SELECT count(*) {joined}"))
        rows = self._making.execute(
            f'SELECT later."row", first."row" {joined} ORDER BY later."row" LIMIT %s', (most,)
        ).fetchall()
        return Twins(count, tuple((line, first) for line, first in rows)) if count else Twins()

    def may_be_sent_to(self, lines: Collection[int]) -> set[int]:
        if not lines:
            return set()
        ids = [self._making.base + line for line in lines]
        found = self._making.execute(f'SELECT r."row" {self._open_to} AND r.id = ANY(%s)', (ids,))
        return {line for (line,) in found}

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        self._put_rows()
        place = self._making.columns.index(column)
        return saying(self._making.asked, f"{self._rows} AS r", "true", place, words)

    def difference(self) -> Difference:
        if self._is_first:
            return Difference(first=True)
        if not self._making.last:  # made anew: who was in the plan before is not known
            return Difference(first=True, moved=self._moved())
        new, old = (
            f"(SELECT key, email, vars FROM {rows} AS r WHERE r.status = 'pending')"
            for rows in (self._rows, self._making.last_rows)
        )
        added, removed, corrected = self._making.execute(
            "SELECT count(*) FILTER (WHERE old.key IS NULL), count(*) FILTER (WHERE new.key IS NULL), "
            "count(*) FILTER (WHERE old.email <> new.email OR old.vars <> new.vars) "
            f"FROM {old} AS old FULL JOIN {new} AS new ON new.key = old.key"
        ).fetchall()[0]
        return Difference(added, removed, corrected, self._moved())

    def _moved(self) -> tuple[tuple[int, str, str], ...]:
        rows = self._making.execute(
            f'SELECT new."row", d.email, new.email FROM {self._deliveries} AS d JOIN {self._rows} AS new '
            "ON new.key = d.key WHERE new.status = 'pending' AND d.email <> new.email "
            f"AND d.status IN ('accepted', 'in_doubt') AND {self._not_asked} "
            'ORDER BY new."row" LIMIT 10'
        )
        return tuple((line, told(old), told(new)) for line, old, new in rows)

    @property
    def _is_first(self) -> bool:
        """Whether there was nobody before."""
        return not self._making.one(
            f"SELECT EXISTS (SELECT 1 FROM {self._making.last_rows} AS r) "
            f"OR EXISTS (SELECT 1 FROM {self._deliveries} AS d)"
        )

    def corrected_doubt(self) -> frozenset[int]:
        rows = self._making.execute(
            f"SELECT d.id FROM {self._deliveries} AS d JOIN {self._rows} AS new ON new.key = d.key "
            "WHERE new.status = 'pending' AND d.status = 'in_doubt' "
            "AND (d.email <> new.email OR d.vars IS DISTINCT FROM new.vars)"
        )
        return frozenset(id_ for (id_,) in rows)
