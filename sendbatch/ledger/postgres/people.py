"""The people of a plan, in PostgreSQL: who they are, and what their cells say. Behind `store.People`."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

from sendbatch.ledger.conditions import listed
from sendbatch.ledger.facts import Entry, Plan, Saying
from sendbatch.ledger.postgres.cells import empty, saying, usual
from sendbatch.ledger.postgres.parts import ANYBODY, FEW, Asked, ask, read
from sendbatch.ledger.postgres.rows import COLUMNS, as_recipients, to_recipients
from sendbatch.ledger.postgres.text import stored
from sendbatch.ledger.postgres.view import Rows
from sendbatch.values import OF_DNS, Recipient, Status

ENTRY: Final = (
    'id, "row", key, email, status, was, attempts, due_at, code, enhanced_code, reply, why, detail, '
    "content, dated_at, first_attempt_at, finished_at"
)
_STATUSES = {str(status): status for status in Status}
_ORDER = 2  # columns that say where somebody stands in a list: the line, and of one line who was there first


class PostgresPeople:
    """Those of `rows` of the plan `plan`, and those who left, of the table `gone` (`view`)."""

    def __init__(self, asked: Asked, rows: Rows, gone: str, plan: Plan | None = None) -> None:
        self._asked = asked
        self._rows = rows
        self._gone = gone
        self._plan = plan

    def plan(self) -> Plan | None:
        return self._plan

    def census(self) -> tuple[dict[Status, int], int]:
        rows = self._ask(
            "SELECT status, count(*), count(*) FILTER (WHERE holds) "
            f"FROM {self._rows} GROUP BY status"
        )
        return {Status(status): count for status, count, _ in rows}, sum(n for *_, n in rows)

    def entries(
        self, statuses: Collection[Status] | None = None, *, all_rows: bool = False
    ) -> Iterator[Entry]:
        return map(_entry, self._by_line(ENTRY, statuses, all_rows))

    def _by_line(
        self, columns: str, statuses: Collection[Status] | None, all_rows: bool
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a plan stand in the order of the CSV; those that it has not are put between them."""
        if statuses is not None and not statuses:
            return iter(())
        wanted = f"status IN {listed(statuses)}" if statuses is not None else ANYBODY
        departed = self._departed(columns, wanted) if all_rows else iter(())
        some = next(departed, None)
        if some is None:
            return self._read(columns, wanted)
        rows = self._read(f'"row", id, {columns}', wanted)
        merged = heapq.merge(chain([some], departed), rows, key=lambda row: row[:_ORDER])
        return (row[_ORDER:] for row in merged)

    def _departed(self, columns: str, wanted: str) -> Iterator[tuple[Any, ...]]:
        """In the order of the lines where they last stood, some at a time."""
        row, id_ = 0, 0
        while found := self._ask(
            f'SELECT "row", id, {columns} FROM {self._gone} WHERE ("row", id) > (%s, %s) AND {wanted} '
            f'ORDER BY "row", id LIMIT {FEW:d}',
            (row, id_),
        ):
            yield from found
            row, id_ = found[-1][:_ORDER]

    def holders(self) -> Iterator[Recipient]:
        return as_recipients(self._read(COLUMNS, "holds"))

    def named(self, spellings: tuple[str, ...]) -> Recipient | None:
        known = list(map(stored, spellings))
        found = self._ask(
            f"SELECT {COLUMNS} FROM {self._rows} WHERE holds AND (key = ANY(%s) OR email = ANY(%s)) "
            f"ORDER BY place LIMIT 1",
            (known, known),
        )
        return to_recipients(found)[0] if found else None

    def unlike_their_key(self) -> Iterator[tuple[int, str, str]]:
        return self._read('"row", key, email', "holds AND lower(email) <> key")

    def addresses(self) -> Iterator[tuple[int, str, str]]:
        return self._read('"row", key, email', "holds")

    def shared_addresses(self, most: int) -> tuple[int, list[tuple[int, int]]]:
        rows = self._ask(
            'SELECT count(*) OVER (), min("row"), max("row") FROM '
            f"{self._rows} WHERE holds GROUP BY lower(email) HAVING count(*) > 1 ORDER BY 2 LIMIT %s",
            (most,),
        )
        return (rows[0][0] if rows else 0), [(first, last) for _, first, last in rows]

    def saying(self, column: str, words: Sequence[str]) -> Saying:
        return saying(self._asked, str(self._rows), "holds", self._place(column), words)

    def empty(self, columns: Sequence[str]) -> dict[str, Saying]:
        found = empty(self._asked, str(self._rows), "holds", [*map(self._place, columns)])
        return dict(zip(columns, found, strict=True))

    def usual(self, column: str, most: int) -> list[str]:
        return usual(self._asked, str(self._rows), "true", self._place(column), most)

    def _place(self, column: str) -> int:
        plan = self.plan()
        assert plan is not None
        return plan.columns.index(column)

    def domains_without_mail(self) -> list[str]:
        rows = self._ask(
            f"SELECT DISTINCT email FROM {self._rows} WHERE status = 'invalid' "
            f"AND why IN {_listed(OF_DNS)}"
        )
        return sorted({email.rpartition("@")[2] for (email,) in rows})

    def _ask(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return ask(self._asked, query, values)

    def _read(
        self, columns: str, condition: str, values: Sequence[object] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """By line, some at a time."""
        return read(self._asked, self._rows, columns, condition, values)


def _listed(words: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


def _entry(row: tuple[Any, ...]) -> Entry:
    id_, line, key, email, status, was, *rest = row
    return Entry(id_, line, key, email, _STATUSES[status], _STATUSES[was] if was else None, *rest)
