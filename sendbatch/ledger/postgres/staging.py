"""A plan in the making, in PostgreSQL: rows are staged, settled, and asked about. Behind `store.Staging`.

Rows go by COPY to where all rows stand (`making`), and what else is known of them into tables of the draft's
own (`scratch`), with no index and no log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from sendbatch.ledger.facts import Plan
from sendbatch.ledger.forgotten import blank
from sendbatch.ledger.postgres import settling
from sendbatch.ledger.postgres.forgotten import known
from sendbatch.ledger.postgres.making import Making
from sendbatch.ledger.postgres.scratch import OF_PLAN
from sendbatch.ledger.postgres.selecting import MANY
from sendbatch.ledger.postgres.settled import Settled
from sendbatch.ledger.postgres.text import all_stored, stored, stored_cells, told
from sendbatch.values import Why

_AT_ONCE: Final = 250_000  # characters of rows that go in one COPY


class PostgresStaging(Settled):
    """`finished` is told of the plan that comes of it, when that was begun, and how many rows it has."""

    def __init__(self, making: Making, finished: Callable[[Plan, float, int], None]) -> None:
        super().__init__(making)
        self._finished = finished
        self._rows_count, self._last_line = 0, 0
        self._forgotten = known(making.asked, making.record)
        self._scratch.drop(*OF_PLAN)
        self._scratch.begin()
        self._at_hand: list[str] = []  # rows that are not there yet, as COPY takes them
        self._size = 0  # of these, in characters

    # -- what is known of the rows ----------------------------------------------------------------

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        if self._forgotten:
            rows = self._forgotten.blanked(rows, len(self._making.columns))
        columns: list[Any] = list(zip(*rows, strict=True))
        if not columns:
            return
        lines, keys, emails, cells, statuses, whys, details = columns
        self._rows_count += len(lines)
        self._last_line = max(self._last_line, *lines)
        keys, emails, details = map(all_stored, (keys, emails, details))
        cells = all_stored(cells, stored_cells)
        self._at_hand.append(self._making.written((lines, keys, emails, cells, statuses, whys, details)))
        self._size += len(self._at_hand[-1])
        if self._size >= _AT_ONCE:
            self._put_rows()

    def _put_rows(self) -> None:
        texts, self._at_hand, self._size = self._at_hand, [], 0
        if texts:
            self._making.put(texts)

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
            self._put_rows()
            cells, status, why, _ = blank(len(self._making.columns))
            self._making.execute(
                f"{self._making.changed} key = %s, email = '', vars = %s, status = %s, why = %s, "
                f"detail = NULL WHERE {self._making.are_rows} AND r.id = %s",
                (stored(name), cells, status, why, self._making.base + line),
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
        self._put_rows()
        rows = self._making.execute(
            f"SELECT DISTINCT m.domain FROM {self._rows} AS r JOIN {self._scratch['marks']} AS m "
            "USING (\"row\") WHERE r.status = 'pending' ORDER BY 1"
        )
        return [told(domain) for (domain,) in rows]

    def reject_domains(self, found: Iterable[tuple[str, Why]]) -> None:
        self._put_rows()
        self._put("unreachable", ((stored(domain), str(why)) for domain, why in found))
        self._making.execute(
            f"{self._making.changed} status = 'invalid', why = u.why, detail = u.domain "
            f"FROM {self._scratch['marks']} AS m JOIN {self._scratch['unreachable']} AS u USING (domain) "
            f"WHERE {self._making.are_rows} AND r.id = {self._making.base:d} + m.\"row\" "
            "AND r.status = 'pending'"
        )

    def settle(self) -> None:
        self._put_rows()
        self._making.give_back(self._last_line)
        self._duplicates = settling.settle(self._making, self._rows_count)
        if self._rows_count >= MANY:
            self._making.learn()

    def finish(
        self,
        *,
        inputs: str,
        recipients_digest: str,
        content_digest: str,
        started_at: float,
        completed_at: float,
    ) -> None:
        self._put_rows()
        making = self._making
        plan = Plan(
            making.last + 1, inputs, completed_at, making.columns, recipients_digest, content_digest
        )
        self._finished(plan, started_at, self._rows_count)


def _text_stored(row: Sequence[Any]) -> list[Any]:
    return [stored(field) if isinstance(field, str) else field for field in row]
